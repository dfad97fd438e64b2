import { describe, expect, it } from 'vitest';
import { decide } from '../../src/decision/decide.js';
import { Decider } from '../../src/decision/decider.js';
import type { Pass, Proof } from '../../src/decision/types.js';
import { Chunk } from '../../src/view/chunk.js';
import { EventJson } from '../../src/view/json.js';
import {
  address,
  around,
  asking,
  clock,
  final,
  localInfo,
  lookup,
  other,
  pass,
  proof,
  reply,
  request,
  route,
} from './builders.js';

const names = around.names;
const { netnsName: _, names: __, ...base } = around;
const namespace = (name: string | null = around.netnsName) => ({ name, names, namesAt: () => names });

const proxied = { settings: { proxy_arp: 1 }, route: final('unicast', other), lookups: [lookup()] };
const answered = pass({ ...proxied, reply, customRules: true });
const whole: Proof = proof({
  routes: [route(254, '0.0.0.0/0', other)],
});

/** The same content at another time. */
function later(of: Pass, ns: bigint, id: number): Pass {
  return {
    ...of,
    id,
    startNs: of.startNs === null ? null : of.startNs + ns,
    endNs: of.endNs + ns,
    firstNs: of.firstNs === null ? null : of.firstNs + 3n,
    reply: of.reply && { ...of.reply, ns: of.reply.ns + ns + 7n },
  };
}

const deferring = pass({ ...proxied, ending: { closed: 'deferred' } });
const redone = pass({ ...proxied, reply, secondPass: true, first: 1, firstNs: 10n });

describe('Decider', () => {
  it.each<[string, Pass, Pass | null, Proof | null]>([
    ['proven', answered, null, whole],
    ['of two passes', redone, deferring, whole],
    ['of two passes, the first not seen', { ...redone, first: null, firstNs: null }, null, whole],
    ['silent', pass({ ...proxied, settings: {} }), null, whole],
    ['dropped before it looked anything up', pass({ ending: { place: 'tc', where: 'tc' } }), null, null],
    ['without its start', { ...answered, startNs: null }, null, null],
  ])('tells a request that is like another as if it were the first: %s', (_case, of, first, its) => {
    const decider = new Decider(base, clock);
    const json = new EventJson();
    const chunk = new Chunk(16);
    for (let i = 0; i < 3; i++) {
      const one = { ...request(later(of, BigInt(i) * 999_999_999n, i), first), id: `7f3a-${i}` };
      const expected = JSON.stringify(decide(one, its, around));
      const decision = decider.decide(one, its, namespace());
      expect(JSON.stringify(decision)).toBe(expected);
      expect(json.of(decision)).toBe(expected);
      json.line(decision, chunk);
      expect(String(chunk.take())).toBe(`${expected}\n`);
    }
  });

  it('shares the parts of decisions that are alike', () => {
    const decider = new Decider(base, clock);
    const [one, two] = [0n, 5n].map((ns) =>
      decider.decide(request(later(answered, ns, 1)), whole, namespace()),
    );
    expect(two?.steps).toBe(one?.steps);
    expect(two?.request).toBe(one?.request);
  });

  it('tells an address apart that lies in another subnet of the device', () => {
    const decider = new Decider(base, clock);
    const its = proof({
      routes: [route(254, '0.0.0.0/0', other)],
      addresses: [address('192.0.2.77/24', asking)],
    });
    const asked = (from: string, to: string) =>
      pass({
        ...proxied,
        settings: { arp_ignore: 2 },
        route: final('local'),
        lookups: [lookup({ from, to, table: 255, device: 1, info: localInfo })],
        alike: proxied,
        from,
        to,
      });
    for (const from of ['192.0.2.1', '192.0.2.2', '192.0.1.1', '192.0.2.3', '192.0.1.2']) {
      const one = request(asked(from, '192.0.2.77'));
      expect(JSON.stringify(decider.decide(one, its, namespace()))).toBe(
        JSON.stringify(decide(one, its, around)),
      );
    }
  });

  it('decides anew under another proof, in a renamed namespace, after another first pass, with other names', () => {
    const decider = new Decider(base, clock);
    const before = decider.decide(request(answered), whole, namespace());
    expect(decider.decide(request(answered), null, namespace()).unknown).not.toEqual(before.unknown);
    expect(decider.decide(request(answered), whole, namespace('other')).netns.name).toBe('other');
    const waited = pass({ ...proxied, neighbours: [], ending: { closed: 'deferred' } });
    expect(decider.decide(request(redone, waited), whole, namespace()).steps).not.toBe(
      decider.decide(request(redone, deferring), whole, namespace()).steps,
    );
    const others = { ...names, table: () => 'mine' };
    const named = decider.decide(request(answered), whole, {
      ...namespace(),
      names: others,
      namesAt: () => others,
    });
    expect(named.steps[0]?.table?.name).toBe('mine');
  });
});

describe('EventJson', () => {
  it('does not take one decision for another that shares its steps', () => {
    const json = new EventJson();
    const chunk = new Chunk();
    const decision = decide(request(answered), whole, around);
    expect(json.of(decision)).toBe(JSON.stringify(decision));
    for (const changed of [
      { ...decision, cut: 3 },
      { ...decision, request: { ...decision.request, target: { ip: '192.0.2."' } } },
      { ...decision, request: { ...decision.request, destination: null } },
      { ...decision, neighbours: [] },
      { ...decision, steps: [] },
      { ...decision, unknown: ['/steps'] },
      { ...decision, reply: null },
      { ...decision, reply: { mac: '02:00:00:00:00:01', latencyNs: null } },
      { ...decision, verdict: { ...decision.verdict, reason: 'unknown' } },
      { ...decision, verdict: { ...decision.verdict, deferredNs: 9 } },
      { ...decision, netns: { inode: 7, name: null } },
    ]) {
      expect(json.of(changed)).toBe(JSON.stringify(changed));
      json.line(changed, chunk);
      expect(String(chunk.take())).toBe(`${JSON.stringify(changed)}\n`);
      expect(json.of(decision)).toBe(JSON.stringify(decision));
    }
  });
});
