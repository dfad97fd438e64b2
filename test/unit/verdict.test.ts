import { describe, expect, it } from 'vitest';
import { reasons } from '../../src/decision/reasons.js';
import type { Pass, Proof } from '../../src/decision/types.js';
import {
  address,
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
  prefix,
  proof,
  reply,
  route,
  rule,
  said,
  sender,
  target,
} from './builders.js';

type Row = [what: string, of: Pass, expected: string, proven?: Proof];

const local = { route: final('local', 1), lookups: [lookup({ info: localInfo, device: asking })] };
const away = { route: final('unicast', other), lookups: [lookup()] };
const home = { lookups: [lookup({ device: asking })] };
const rejected = (error: number) => final('unreachable', 1, error);
const miss = lookup({ errno: 11 });
const own = proof({ addresses: [address(`${target}/24`, asking)], routes: [ownRoute()] });
const dropped = { closed: 'dropped' as const, place: 'arp_process' as const };

function ownRoute() {
  return route(255, target, asking, { type: 'local', protocol: 2 });
}

function rows(list: Row[]) {
  it.each(list)('%s', (_, of, expected, proven = undefined as never) => {
    expect(said(decideOn(of, proven ?? null))).toBe(expected);
  });
}

const positive: Row[] = [
  ['local address', pass({ ...local, reply }), 'replied local-address', own],
  ['AnyIP', pass({ ...local, reply }), 'replied local-route', proof({ routes: [ownRoute()] })],
  ['proxy_arp', pass({ ...away, reply, settings: { proxy_arp: 1 } }), 'replied proxy-arp'],
  ['proxy_arp of all', pass({ ...away, reply, all: { proxy_arp: 1 } }), 'replied proxy-arp'],
  [
    'pvlan',
    pass({ ...home, route: final('unicast', asking), reply, settings: { proxy_arp_pvlan: 1 } }),
    'replied proxy-arp-pvlan',
  ],
  [
    'proxy neighbour',
    pass({ ...away, reply }),
    'replied proxy-neighbour',
    proof({ proxyNeighbours: [{ ip: pass().frame.targetIp, device: asking }] }),
  ],
  ['no route', pass({ route: rejected(101), lookups: [miss] }), 'silent no-route'],
  [
    'no route by rules',
    pass({ customRules: true, route: rejected(101), lookups: [{ ...miss, table: 255 }, miss] }),
    'silent no-route',
    proof({ rules: defaultRules }),
  ],
  ['unreachable', pass({ route: rejected(113), lookups: [lookup({ errno: 113 })] }), 'silent unreachable'],
  [
    'unreachable by a rule',
    pass({ customRules: true, route: rejected(101) }),
    'silent unreachable',
    proof({ rules: [rule(5, 0, { action: 'unreachable' }), ...defaultRules] }),
  ],
  ['prohibit', pass({ route: rejected(13), lookups: [lookup({ errno: 13 })] }), 'silent prohibited'],
  ['prohibit by a rule', pass({ customRules: true, route: rejected(13) }), 'silent prohibited'],
  ['blackhole', pass({ route: rejected(22), lookups: [lookup({ errno: 22 })] }), 'silent blackholed'],
  [
    'forwarding off',
    pass({ route: rejected(113), lookups: [lookup()], settings: { forwarding: 0 } }),
    'silent forwarding-off',
  ],
  ['proxy ARP off', pass(away), 'silent proxy-arp-off'],
  ['same device', pass({ ...home, settings: { accept_local: 1 } }), 'silent same-device'],
  [
    'medium id the same',
    pass({ ...away, settings: { proxy_arp: 1, medium_id: 3 }, outMediumId: 3 }),
    'silent medium-id',
  ],
  [
    'medium id -1',
    pass({ ...away, settings: { proxy_arp: 1, medium_id: -1 }, outMediumId: 3 }),
    'silent medium-id',
  ],
  ['arp_ignore 8', pass({ ...local, settings: { arp_ignore: 8 } }), 'silent arp-ignore'],
  [
    'arp_ignore 1, address elsewhere',
    pass({ ...local, all: { arp_ignore: 1 } }),
    'silent arp-ignore',
    proof({ addresses: [address(`${target}/24`, other)], routes: [ownRoute()] }),
  ],
  [
    'arp_filter',
    pass({
      ...local,
      settings: { arp_filter: 1, accept_local: 1 },
      lookups: [...local.lookups, back(1, { device: other })],
    }),
    'silent arp-filter',
  ],
  [
    'rp_filter',
    pass({
      settings: { rp_filter: 1 },
      lookups: [lookup(), back(other, { device: other })],
    }),
    'silent source-invalid (rp-filter)',
  ],
  [
    'an address of this host asks',
    pass(home),
    'silent source-invalid (own-address)',
    proof({
      addresses: [address(`${sender}/24`, other)],
      routes: [route(254, target, asking)],
    }),
  ],
  ['multicast sender', pass({ from: '224.0.0.1' }), 'silent source-invalid (martian)'],
  [
    'a sender in 0/8 is no martian',
    pass({
      ...away,
      reply,
      from: '0.1.0.1',
      settings: { proxy_arp: 1 },
      lookups: [lookup({ from: '0.1.0.1' })],
    }),
    'replied proxy-arp',
  ],
  ['loopback sender', pass({ from: '127.0.0.1' }), 'silent source-invalid (martian)'],
  ['limited broadcast', pass({ to: '255.255.255.255' }), 'silent target-invalid (broadcast)'],
  ['zero target', pass({ to: '0.0.0.0' }), 'silent target-invalid (zero)'],
  [
    'broadcast of a subnet',
    pass({ lookups: [lookup({ info: info({ type: 3, protocol: 2 }) })] }),
    'silent target-invalid (broadcast)',
  ],
  ['multicast target', pass({ to: '224.0.0.5', ending: dropped }), 'silent target-invalid (multicast)'],
  ['loopback target', pass({ to: '127.0.0.5', ending: dropped }), 'silent target-invalid (loopback)'],
  [
    'gratuitous',
    pass({ to: sender, ending: dropped, all: { drop_gratuitous_arp: 1 } }),
    'silent gratuitous-dropped',
  ],
  [
    'probe for another',
    pass({ from: '0.0.0.0', lookups: [bare(target, { errno: 11 })] }),
    'silent probe-not-proxied',
  ],
  [
    'probe that met a nexthop object: its route is none to an address of ours',
    pass({ from: '0.0.0.0', lookups: [bare(target, { info: null })] }),
    'silent probe-not-proxied',
    proof({ routes: [route(255, '0.0.0.0/0', other, { viaObject: true })] }),
  ],
  [
    'several nexthops, all back out of the asking device',
    pass({
      lookups: [lookup({ device: asking, info: info({ nexthops: 2 }) })],
      settings: { accept_local: 1 },
    }),
    'silent same-device',
    proof({
      routes: [
        route(254, '0.0.0.0/0', null, {
          nexthops: [nexthop(asking), nexthop(asking)],
        }),
      ],
    }),
  ],
  [
    'several nexthops, all of another device, from an address of ours',
    pass({ lookups: [lookup({ info: info({ nexthops: 2 }) })] }),
    'silent source-invalid (own-address)',
    proof({
      addresses: [address(`${sender}/24`, asking)],
      routes: [route(254, '0.0.0.0/0', null, { nexthops: [nexthop(other), nexthop(other)] })],
    }),
  ],
  [
    'self-probe',
    pass({
      from: target,
      lookups: [lookup({ from: target, device: asking })],
      route: final('unicast', asking),
      settings: { proxy_arp_pvlan: 1 },
    }),
    'silent self-probe',
  ],
  ['neighbour table full', pass({ ...local, neighbourTableFull: true }), 'silent neighbour-table-full'],
  ['other host', pass({ frame: { cast: 'otherhost' }, ending: { place: 'arp_rcv' } }), 'silent not-for-us'],
  [
    'device without ARP',
    pass({ device: { noarp: true }, ending: { place: 'arp_rcv' } }),
    'silent device-noarp',
  ],
  ['no in_device', pass({ settings: null, ending: dropped }), 'silent ipv4-disabled'],
  [
    'cut header',
    pass({ frame: { length: 20, arpBytes: 20 }, ending: { ...dropped, place: 'arp_rcv' } }),
    'silent malformed',
  ],
  ['protocol', pass({ frame: { protocolType: 0x86dd }, ending: dropped }), 'silent malformed'],
  [
    'queue full',
    pass({ ...away, ending: dropped, settings: { proxy_arp: 1 }, queued: 65 }),
    'dropped proxy-queue-full',
  ],
  [
    'queue purged',
    pass({ ending: { closed: 'dropped', place: 'proxy-queue', where: 'pneigh_queue_purge' } }),
    'dropped proxy-queue-purged (pneigh_queue_purge)',
  ],
  [
    'netfilter in',
    pass({ ending: { closed: 'dropped', place: 'netfilter', where: 'nft_do_chain' } }),
    'dropped filtered-in (nft_do_chain)',
  ],
  [
    'netfilter out',
    pass({ ...local, reply: { ...reply, queued: false, dropped: true, where: 'nft_do_chain' } }),
    'dropped filtered-out (nft_do_chain)',
  ],
  ['deferred', pass({ ...away, ending: { closed: 'deferred' } }), 'deferred proxy-delay'],
];

describe('each reason', () => {
  rows(positive);

  it('has a row above', () => {
    const seen = new Set(positive.map(([, , expected]) => expected.split(' ')[1]));
    expect(reasons.map(({ code }) => code).filter((code) => !seen.has(code))).toEqual([]);
  });
});

describe('where two gates are closed, the first one is the reason', () => {
  const drop = { ending: dropped };
  rows([
    [
      'noarp, other host',
      pass({ device: { noarp: true }, frame: { cast: 'otherhost' }, ending: { place: 'arp_rcv' } }),
      'silent device-noarp',
    ],
    [
      'no in_device, protocol',
      pass({ ...drop, settings: null, frame: { protocolType: 1 } }),
      'silent ipv4-disabled',
    ],
    [
      'protocol, multicast',
      pass({ ...drop, to: '224.0.0.1', frame: { protocolType: 1 } }),
      'silent malformed',
    ],
    [
      'multicast target, gratuitous',
      pass({ ...drop, to: '224.0.0.1', from: '224.0.0.1', all: { drop_gratuitous_arp: 1 } }),
      'silent target-invalid (multicast)',
    ],
    [
      'loopback target, gratuitous',
      pass({ ...drop, to: '127.0.0.1', from: '127.0.0.1', all: { drop_gratuitous_arp: 1 } }),
      'silent target-invalid (loopback)',
    ],
    [
      'martian sender, broadcast target',
      pass({ from: '224.0.0.1', to: '255.255.255.255' }),
      'silent source-invalid (martian)',
    ],
    [
      'broadcast target, loopback sender',
      pass({ from: '127.0.0.1', to: '255.255.255.255' }),
      'silent target-invalid (broadcast)',
    ],
    [
      'martian sender, zero target',
      pass({ from: '224.0.0.1', to: '0.0.0.0' }),
      'silent source-invalid (martian)',
    ],
    [
      'zero target, loopback sender',
      pass({ from: '127.0.0.1', to: '0.0.0.0' }),
      'silent target-invalid (zero)',
    ],
    [
      'no route, forwarding off',
      pass({ route: rejected(113), lookups: [miss], settings: { forwarding: 0 } }),
      'silent no-route',
    ],
    [
      'prohibited, forwarding off',
      pass({ route: rejected(113), lookups: [lookup({ errno: 13 })], settings: { forwarding: 0 } }),
      'silent prohibited',
    ],
    [
      'source before arp_ignore',
      pass({
        settings: { rp_filter: 1, arp_ignore: 8 },
        lookups: [lookup({ info: localInfo, device: asking }), back(1, { device: other })],
      }),
      'silent source-invalid (rp-filter)',
    ],
    [
      'source before same device',
      pass({
        settings: { rp_filter: 1 },
        lookups: [lookup({ device: asking }), back(asking, { device: other })],
      }),
      'silent source-invalid (rp-filter)',
    ],
    [
      'arp_ignore before arp_filter',
      pass({ ...local, settings: { arp_ignore: 8, arp_filter: 1 } }),
      'silent arp-ignore',
    ],
    [
      'arp_ignore before a full table',
      pass({ ...local, settings: { arp_ignore: 8 }, neighbourTableFull: true }),
      'silent arp-ignore',
    ],
    [
      'arp_filter before a full table',
      pass({
        ...local,
        settings: { arp_filter: 1 },
        neighbourTableFull: true,
        lookups: [...local.lookups, back(1, { errno: 11 })],
      }),
      'silent arp-filter',
    ],
    ['proxy_arp before medium id', pass({ ...away, settings: { medium_id: -1 } }), 'silent proxy-arp-off'],
    [
      'proxy_arp before a proxy neighbour',
      pass({ ...away, reply, settings: { proxy_arp: 1 } }),
      'replied proxy-arp',
      proof({ proxyNeighbours: [{ ip: pass().frame.targetIp, device: null }] }),
    ],
  ]);
});

describe('what is not certain stays unknown', () => {
  const hidden = { proxyNeighbours: [{ ip: pass().frame.targetIp, device: asking }] };
  const filtering = { settings: { arp_filter: 1, accept_local: 1 } };
  rows([
    ['a setting moved', pass({ ...away, settingsMoved: true }), 'silent unknown: proxy-arp-off'],
    ['reply, proxying off, no snapshot', pass({ ...away, reply }), 'replied unknown: proxy-neighbour'],
    [
      'silence although a proxy neighbour has it',
      pass(away),
      'silent unknown: proxy-arp-off filtered-out',
      proof(hidden),
    ],
    [
      'silence although an entry was made for the sender',
      pass({ ...away, neighbours: [neighbour({ created: true })] }),
      'silent unknown: proxy-arp-off filtered-out',
    ],
    ['start not seen', pass({ ...away, startNs: null }), 'silent unknown: proxy-arp-off filtered-out'],
    [
      'a full table, start not seen',
      pass({ ...local, neighbourTableFull: true, startNs: null }),
      'silent unknown: neighbour-table-full',
    ],
    [
      'a local route made by hand may cover an address',
      pass({ ...local, reply, lookups: [lookup({ info: info({ type: 2, protocol: 3 }) })] }),
      'replied unknown: local-address local-route',
    ],
    [
      'arp_filter with several nexthops',
      pass({
        ...local,
        ...filtering,
        lookups: [...local.lookups, back(1, { device: other, info: info({ nexthops: 2 }) })],
      }),
      'silent unknown: arp-filter neighbour-table-full',
    ],
    [
      'arp_filter with a nexthop object',
      pass({ ...local, ...filtering, lookups: [...local.lookups, back(1, { device: other, info: null })] }),
      'silent unknown: arp-filter neighbour-table-full',
    ],
    [
      'arp_filter with two default routes of one metric',
      pass({
        ...local,
        ...filtering,
        lookups: [...local.lookups, back(1, { device: other, gateway: 1, gatewayFamily: 2 })],
      }),
      'silent unknown: arp-filter neighbour-table-full',
      proof({ routes: [route(254, 'default', other), route(254, 'default', asking)] }),
    ],
    [
      'arp_filter back to an address of this host leads over lo',
      pass({
        ...local,
        ...filtering,
        neighbourTableFull: true,
        lookups: [...local.lookups, back(1, { info: localInfo })],
      }),
      'silent arp-filter',
    ],
    [
      'arp_filter of an AnyIP target asks the local table first',
      pass({
        ...local,
        ...filtering,
        neighbourTableFull: true,
        lookups: [...local.lookups, bare(target, { info: localInfo, device: 1 }), back(1)],
      }),
      'silent neighbour-table-full',
    ],
    [
      'arp_filter of a target that no device and no local table has',
      pass({ ...local, ...filtering, lookups: [...local.lookups, bare(target, { errno: 11 })] }),
      'silent arp-filter',
    ],
    [
      'arp_filter where the only walk is its own: validation asked addresses',
      pass({
        ...local,
        settings: { arp_filter: 1 },
        lookups: [...local.lookups, back(1, { device: other })],
      }),
      'silent arp-filter',
    ],
    [
      'arp_filter ran although arp_ignore closes',
      pass({ ...local, settings: { arp_ignore: 8, arp_filter: 1 }, lookups: [...local.lookups, back(1)] }),
      'silent unknown: arp-ignore arp-filter',
    ],
    [
      'arp_ignore 3, an address of scope host on a device whose route_localnet is not known',
      pass({ ...local, settings: { arp_ignore: 3 } }),
      'silent unknown: arp-ignore neighbour-table-full',
      proof({ addresses: [address(target, 1, { scope: 254 })] }),
    ],
    [
      'arp_ignore 1 goes by the far end of a point-to-point address',
      pass({ ...local, settings: { arp_ignore: 1 }, neighbourTableFull: true }),
      'silent arp-ignore',
      proof({ addresses: [address(target, asking, { peer: 1 })] }),
    ],
    [
      'same device, but forwarding is off',
      pass({ ...home, settings: { accept_local: 1, forwarding: 0 } }),
      'silent unknown: same-device source-invalid',
    ],
    ['same device, own addresses not known', pass(home), 'silent unknown: same-device source-invalid'],
    [
      'validation with another in device than the route has',
      pass({ settings: { rp_filter: 1 }, lookups: [lookup({ device: asking }), back(9, { device: other })] }),
      'silent unknown: same-device source-invalid',
    ],
    [
      'validation by a multipath route whose other nexthops are not known',
      pass({
        settings: { rp_filter: 1 },
        lookups: [lookup(), back(other, { device: other, info: info({ nexthops: 2 }) })],
      }),
      'silent unknown: same-device source-invalid',
    ],
    [
      'local route, yet rejected without forwarding',
      pass({ route: rejected(113), lookups: [lookup({ info: localInfo })], settings: { forwarding: 0 } }),
      'silent unknown: no-route unreachable prohibited blackholed',
    ],
    [
      'a final route of an unknown kind',
      pass({ ...away, route: { ...away.route, type: 5 } }),
      'silent unknown: ',
    ],
    [
      'a header that does not hold Ethernet addresses',
      pass({ ...away, device: { addressLength: 20, type: 32 }, frame: { hardwareLength: 20 } }),
      'silent unknown: ',
    ],
    [
      'another packet with the same addresses says something else',
      pass({
        route: rejected(113),
        settings: { forwarding: 0 },
        lookups: [miss, lookup({ mark: 1 }), lookup({ mark: 2, device: asking })],
      }),
      'silent unknown: forwarding-off',
    ],
    [
      'unreachable by rules, no snapshot',
      pass({ customRules: true, route: rejected(101), lookups: [miss] }),
      'silent unknown: no-route unreachable',
    ],
    [
      'all lookups lost, and no route left',
      pass({ customRules: true, cut: 9 }),
      'silent unknown: target-invalid same-device source-invalid',
    ],
    [
      'all lookups lost, forwarding off',
      pass({ customRules: true, route: rejected(113), cut: 9, settings: { forwarding: 0 } }),
      'silent unknown: forwarding-off no-route unreachable prohibited blackholed',
    ],
  ]);
});

describe('evidence of a source that is not valid', () => {
  const missed = { table: 255, errno: 11 };
  const met = [lookup(missed), lookup(), back(other, missed)];
  const settings = { rp_filter: 1 };
  const evidenceOf = (of: Pass, proven: Proof) => {
    const { reason, detail, evidence } = decideOn(of, proven).verdict;
    return `${reason} ${detail} ${evidence}`;
  };
  const routes = [route(254, `${target}/32`, other)];
  it('is inferred where a rule rejected it by itself: no lookup showed that', () => {
    const rules = [
      rule(0, 255),
      rule(100, 0, { action: 'prohibit', to: prefix(`${sender}/32`) }),
      rule(200, 254),
    ];
    expect(evidenceOf(pass({ customRules: true, settings, lookups: met }), proof({ rules, routes }))).toBe(
      'source-invalid rp-filter inferred',
    );
  });
  it('is inferred where the rules came to their end', () => {
    const of = pass({ customRules: true, settings, lookups: [...met, back(other, { errno: 11 })] });
    expect(evidenceOf(of, proof({ rules: [rule(0, 255), rule(200, 254)], routes }))).toBe(
      'source-invalid rp-filter inferred',
    );
  });
  it('is observed where a lookup showed it', () => {
    const of = pass({ customRules: true, settings, lookups: [...met, back(other, { device: other })] });
    const both = [...routes, route(254, `${sender}/32`, other)];
    expect(evidenceOf(of, proof({ rules: [rule(0, 255), rule(200, 254)], routes: both }))).toBe(
      'source-invalid rp-filter observed',
    );
  });
});
