import { describe, expect, it } from 'vitest';
import {
  asking,
  back,
  bare,
  decideOn,
  defaultRules,
  final,
  info,
  localInfo,
  lookup,
  neighbour,
  nexthop,
  other,
  pass,
  proof,
  reply,
  route,
  rule,
  sender,
  target,
} from './builders.js';

const rules = [
  rule(0, 255),
  rule(32765, 90, { selector: 'iif bond0.90', iif: { name: 'bond0.90', index: asking } }),
  ...defaultRules.slice(1),
];
const via = { gateway: 0x0a000001, gatewayFamily: 2 };
const incident = pass({
  customRules: true,
  settings: { proxy_arp: 1, accept_local: 1 },
  route: final('unicast', other),
  reply,
  lookups: [lookup({ table: 255, errno: 11 }), lookup({ table: 90, errno: 11 }), lookup(via)],
  secondPass: true,
  firstNs: 400n,
});
const routes = [
  route(255, '10.0.0.2', other, { type: 'local', protocol: 2 }),
  route(90, '192.0.2.10', 9),
  route(254, 'default', null, { nexthops: [nexthop(other, via)] }),
];

describe('the contract', () => {
  it('holds steps, verdict and because of the incident', () => {
    const decision = decideOn(
      incident,
      proof({ rules, routes }),
      pass({ neighbours: [neighbour({ created: true })] }),
    );
    expect(decision).toMatchObject({
      schema: 'arpwhy.decision/1',
      time: '2026-11-22T03:33:01.000001000Z',
      monotonicNs: '1000',
      request: { sender: { ip: sender }, target: { ip: target }, cast: 'broadcast' },
      because: 2,
      verdict: { action: 'replied', reason: 'proxy-arp', detail: null, candidates: null, deferredNs: 600 },
      reply: { mac: reply.mac, latencyNs: 2000 },
      settings: { forwarding: { dev: 1 }, proxy_arp: { all: 0, dev: 1 } },
      neighbours: [{ ip: sender, change: 'created', was: null, state: 'stale', pass: 1 }],
      unknown: [],
    });
    expect(decision.steps.map(({ rule, table, outcome }) => [rule?.priority, table?.name, outcome])).toEqual([
      [0, 'local', 'no-usable-route'],
      [32765, null, 'no-usable-route'],
      [32766, 'main', 'match'],
    ]);
    expect(decision.steps[2]).toEqual({
      purpose: 'target',
      rule: { priority: 32766, selector: '' },
      table: { id: 254, name: 'main' },
      outcome: 'match',
      errno: 0,
      route: {
        type: 'unicast',
        prefix: '0.0.0.0/0',
        device: { index: other, name: 'bond0' },
        gateway: '10.0.0.1',
        protocol: 'boot',
        metric: 0,
      },
      evidence: {
        rule: 'inferred',
        outcome: 'observed',
        prefix: 'inferred',
        device: 'observed',
        gateway: 'observed',
      },
    });
    expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
  });
});

describe('unknown', () => {
  const unknownOf = (...args: Parameters<typeof decideOn>) => decideOn(...args).unknown;

  it('names rules, prefixes and routes that no snapshot proves', () => {
    const all = [
      '/steps/0/rule',
      '/steps/0/route',
      '/steps/1/rule',
      '/steps/1/route',
      '/steps/2/rule',
      '/steps/2/route/prefix',
    ];
    expect(unknownOf(incident)).toEqual(all);
    // a snapshot that is wrong about one series is wrong
    expect(unknownOf(incident, proof({ rules, routes: [] }))).toEqual(all);
  });

  it('names what rejects, when only the rejection was seen', () => {
    const of = pass({ route: final('unreachable', 1, 113), lookups: [lookup({ errno: 113 })] });
    expect(unknownOf(of)).toEqual(['/steps/0/route']);
    const proven = proof({ routes: [route(254, '192.0.2.0/24', null, { type: 'unreachable' })] });
    expect(decideOn(of, proven)).toMatchObject({
      unknown: [],
      steps: [{ route: { prefix: '192.0.2.0/24' } }],
    });
  });

  it('tells a match that the walk went on from as taken away again, without any snapshot', () => {
    const of = pass({
      customRules: true,
      route: final('unicast', other),
      lookups: [lookup(via), lookup({ ...via, table: 90 })],
    });
    expect(decideOn(of).steps).toMatchObject([
      { outcome: 'suppressed', evidence: { outcome: 'inferred' } },
      { outcome: 'match', evidence: { outcome: 'observed' } },
    ]);
  });

  it('does not go by a snapshot in which the device has another name', () => {
    const of = pass({ route: final('unreachable', 1, 113), lookups: [lookup({ errno: 113 })] });
    const routes = [route(254, '192.0.2.0/24', null, { type: 'unreachable' })];
    const links = [{ index: of.device.index, name: 'eth7' }];
    expect(unknownOf(of, proof({ routes, links }))).toEqual(['/steps/0/route']);
  });

  it('names the failed lookups in tables too large to dump', () => {
    const of = pass({ lookups: [lookup({ errno: 11 })], route: final('unreachable', 1, 101) });
    expect(unknownOf(of, proof({ complete: false }))).toEqual(['/steps/0/route']);
  });

  it('shows the chosen device of several nexthops, never a gateway nor a name that no snapshot tells', () => {
    const of = pass({
      route: final('unicast', 9),
      lookups: [lookup({ ...via, info: info({ nexthops: 2 }) })],
    });
    const { steps, unknown } = decideOn(of);
    expect(steps[0]?.route).toMatchObject({ device: { index: 9 }, gateway: null });
    expect(unknown).toEqual([
      '/steps/0/route/gateway',
      '/steps/0/route/device/name',
      '/steps/0/route/prefix',
    ]);
  });

  it('takes a nexthop object for several until it is proven to be one', () => {
    const of = pass({ lookups: [lookup({ info: null })], settings: { forwarding: 1 } });
    expect(unknownOf(of)).toContain('/steps/0/route/device');
    const proven = proof({ routes: [route(254, '192.0.2.0/24', other, { viaObject: true })] });
    expect(unknownOf(of, proven)).not.toContain('/steps/0/route/device');
  });

  it('names the steps of a cut record', () =>
    expect(unknownOf(pass({ ...incidentPlain(), cut: 3 }))).toContain('/steps'));

  it('names addresses of a header that does not hold them', () => {
    const of = pass({
      device: { addressLength: 20, type: 32 },
      frame: { hardwareLength: 20, destination: null },
    });
    expect(decideOn(of).request).toMatchObject({ sender: { ip: null, mac: null }, target: { ip: null } });
    expect(unknownOf(of)).toEqual(
      expect.arrayContaining([
        '/request/sender/ip',
        '/request/sender/mac',
        '/request/target/ip',
        '/request/destination',
      ]),
    );
  });

  it('names delays without a start', () => {
    const of = pass({
      ...incidentPlain(),
      startNs: null,
      firstNs: 400n,
      secondPass: true,
      reply,
      settings: { proxy_arp: 1 },
    });
    expect(decideOn(of)).toMatchObject({
      verdict: { deferredNs: null },
      reply: { latencyNs: null },
      monotonicNs: '5000',
    });
    expect(unknownOf(of)).toEqual(expect.arrayContaining(['/verdict/deferredNs', '/reply/latencyNs']));
  });

  it('names the reason, and a neighbour whose update was not seen to its end', () => {
    const of = pass({ ...incidentPlain(), reply, neighbours: [neighbour({ after: null })] });
    expect(unknownOf(of)).toEqual(
      expect.arrayContaining(['/verdict/reason', '/neighbours/0/mac', '/neighbours/0/state']),
    );
  });
});

function incidentPlain() {
  return { route: final('unicast', other), lookups: [lookup()] };
}

describe('because', () => {
  const local = lookup({ info: localInfo, device: asking });
  it.each([
    ['no step where nothing was looked up', pass({ to: '224.0.0.1', ending: { closed: 'dropped' } }), null],
    [
      'the source step',
      pass({ settings: { rp_filter: 1 }, lookups: [lookup(), back(other, { device: other })] }),
      1,
    ],
    [
      'the walk of arp_filter, not the table asked before it',
      pass({
        route: final('local'),
        settings: { arp_filter: 1 },
        lookups: [local, bare(target, { info: localInfo }), back(1, { device: other })],
      }),
      2,
    ],
    ['the probe', pass({ from: '0.0.0.0', lookups: [bare(target, { errno: 11 })] }), 0],
  ])('%s', (_, of, expected) => expect(decideOn(of).because).toBe(expected));
});

describe('neighbours', () => {
  const change = (fields: Parameters<typeof neighbour>[0]) =>
    decideOn(pass({ neighbours: [neighbour(fields)] })).neighbours[0]?.change;
  it('tells what happened to the entry of the sender', () => {
    expect(change({})).toBe('refreshed');
    expect(change({ after: { state: 4, mac: '02:00:00:00:00:01' } })).toBe('updated');
    expect(change({ errno: 22 })).toBe('failed');
    expect(change({ created: true })).toBe('created');
  });
});

describe('settings', () => {
  const proxied = { settings: { proxy_arp: 1 }, route: final('unicast', other), reply, lookups: [lookup()] };
  const local = { route: final('local'), reply, lookups: [lookup({ info: localInfo, device: asking })] };
  it('shows the gates that let a local target through', () => {
    expect(decideOn(pass({ ...local, settings: { arp_ignore: 1 } })).settings.arp_ignore).toEqual({
      all: 0,
      dev: 1,
    });
  });
  it('shows the delay where the kernel asks for it: not for what came by unicast', () => {
    expect(decideOn(pass(proxied)).settings.proxy_delay).toEqual({ dev: 80 });
    expect(decideOn(pass({ ...proxied, frame: { cast: 'unicast' } })).settings.proxy_delay).toBeUndefined();
    const waiting = pass({ ...proxied, reply: null, ending: { closed: 'deferred' } });
    expect(decideOn(waiting)).toMatchObject({
      verdict: { reason: 'proxy-delay' },
      settings: { proxy_delay: { dev: 80 } },
    });
  });
});
