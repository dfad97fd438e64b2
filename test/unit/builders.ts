import { parseIp, parsePrefix } from '../../src/decision/addresses.js';
import { decide, type Surroundings } from '../../src/decision/decide.js';
import { Gates } from '../../src/decision/effective.js';
import { routeType } from '../../src/decision/kernel-numbers.js';
import { parseSeries } from '../../src/decision/series.js';
import type {
  Address,
  Decision,
  Link,
  Lookup,
  NeighbourEvent,
  Nexthop,
  Pass,
  Prefix,
  Proof,
  Request,
  Route,
  Rule,
  SettingName,
  Snapshot,
} from '../../src/decision/types.js';
import { Clock } from '../../src/host/clock.js';
import { validateEvent } from '../schema.js';

const askingName = 'bond0.90';
/** The asking device, and the one behind which targets lie. */
export const asking = 2;
export const other = 4;
export const sender = '192.0.2.1';
export const target = '192.0.2.77';

export function ip(text: string): number {
  const parsed = parseIp(text);
  if (parsed === null) throw new Error(`no address: ${text}`);
  return parsed;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new Error(`no prefix: ${text}`);
  return parsed;
}

const settingNames: SettingName[] = [
  'forwarding',
  'proxy_arp',
  'send_redirects',
  'rp_filter',
  'arp_filter',
  'medium_id',
  'arp_ignore',
  'arp_accept',
  'accept_local',
  'src_valid_mark',
  'proxy_arp_pvlan',
  'route_localnet',
  'drop_gratuitous_arp',
  'bc_forwarding',
];

type Values = Partial<Record<SettingName, number>>;

/** A router's: forwarding on, all else off. */
export function settings(dev: Values = {}, all: Values = {}): NonNullable<Pass['settings']> {
  const zero = () => Object.fromEntries(settingNames.map((name) => [name, 0])) as Record<SettingName, number>;
  return { all: { ...zero(), ...all }, dev: { ...zero(), forwarding: 1, ...dev } };
}

type PassFields = Omit<Partial<Pass>, 'frame' | 'device' | 'ending' | 'settings'> & {
  frame?: Partial<Pass['frame']>;
  device?: Partial<Pass['device']>;
  ending?: Partial<Pass['ending']>;
  settings?: Values | null;
  all?: Values;
  /** Dotted quads. */
  from?: string;
  to?: string;
};

/** A broadcast request from {@link sender} for {@link target}, processed to the end, without reply or route. */
export function pass(fields: PassFields = {}): Pass {
  const { frame, device, ending, settings: dev, all, from = sender, to = target, ...rest } = fields;
  const stamps = { fib: 18, rules: 3, genid: 41, nexthop: 0 };
  return {
    alike: {},
    id: 1,
    first: null,
    firstNs: null,
    startNs: 1000n,
    endNs: 5000n,
    skb: 1n,
    netns: { address: 1n, inode: 4026532177 },
    device: { index: asking, name: askingName, noarp: false, type: 1, addressLength: 6, ...device },
    frame: {
      length: 46,
      arpBytes: 28,
      hardwareType: 1,
      protocolType: 0x0800,
      hardwareLength: 6,
      protocolLength: 4,
      operation: 1,
      senderMac: '02:00:00:00:00:99',
      senderIp: ip(from),
      targetIp: ip(to),
      destination: 'ff:ff:ff:ff:ff:ff',
      source: '02:00:00:00:00:99',
      cast: 'broadcast',
      ...frame,
    },
    ending: { closed: 'consumed', place: 'arp_process', where: null, ...ending },
    secondPass: false,
    route: null,
    reply: null,
    settings: dev === null ? null : settings(dev, all),
    settingsMoved: false,
    outMediumId: 0,
    proxyDelay: 80,
    proxyQlen: 64,
    queued: 0,
    noAddress: false,
    customRules: false,
    customLocalRoutes: false,
    classidUsers: false,
    neighbourTableFull: false,
    stamps,
    stampsMoved: false,
    neighbours: [],
    lookups: [],
    cut: 0,
    ...rest,
  };
}

/** The final route. */
export function final(type: keyof typeof routeType, device = 1, error = 0): NonNullable<Pass['route']> {
  return { type: routeType[type], error, device, gateway: 0 };
}

export const reply: NonNullable<Pass['reply']> = {
  mac: 'a0:36:9f:59:be:ef',
  ns: 3000n,
  queued: true,
  dropped: false,
  where: null,
};

/** The target lookup of {@link pass}, in main, that met a unicast route through {@link other}. */
export function lookup(fields: Partial<Lookup> & { from?: string; to?: string } = {}): Lookup {
  const { from = sender, to = target, ...rest } = fields;
  const missed = (rest.errno ?? 0) !== 0;
  return {
    table: 254,
    errno: 0,
    saddr: ip(from),
    daddr: ip(to),
    iif: asking,
    oif: 0,
    l3mdev: 0,
    mark: 0,
    dscp: 0,
    proto: 0,
    sport: 0,
    dport: 0,
    device: missed ? 0 : other,
    gateway: 0,
    gatewayFamily: 0,
    info: missed ? null : info(),
    ...rest,
  };
}

export function info(fields: Partial<NonNullable<Lookup['info']>> = {}): NonNullable<Lookup['info']> {
  return { type: routeType.unicast, protocol: 3, nexthops: 1, metric: 0, ...fields };
}

/** A route of type local, as the kernel makes it for an address. */
export const localInfo = info({ type: routeType.local, protocol: 2 });

/** The lookup of source validation, with the route's out device as in device (1 for a local target). */
export function back(iif: number, fields: Parameters<typeof lookup>[0] = {}): Lookup {
  return lookup({ from: target, to: sender, iif, device: (fields.errno ?? 0) === 0 ? asking : 0, ...fields });
}

/** A lookup of nothing but an address, in one table. */
export function bare(to: string, fields: Partial<Lookup> = {}): Lookup {
  return lookup({ from: '0.0.0.0', to, iif: 0, table: 255, ...fields });
}

export function rule(priority: number, table: number, fields: Partial<Rule> = {}): Rule {
  return {
    priority,
    selector: '',
    invert: false,
    from: null,
    to: null,
    tos: 0,
    mark: 0,
    markMask: 0,
    iif: null,
    oif: null,
    l3mdev: false,
    ipProtocol: 0,
    sports: null,
    dports: null,
    tunnel: false,
    uids: null,
    action: 'lookup',
    table,
    goto: null,
    suppressPrefixLength: -1,
    suppressGroup: -1,
    ...fields,
  };
}

/** The rules that every namespace starts with. */
export const defaultRules = [rule(0, 255), rule(32766, 254), rule(32767, 253)];

export function nexthop(device: number, fields: Partial<Nexthop> = {}): Nexthop {
  return { device, gateway: 0, gatewayFamily: 0, dead: false, linkdown: false, ...fields };
}

export function route(
  table: number,
  to: string,
  device: number | null,
  fields: Partial<Omit<Route, 'type'>> & { type?: keyof typeof routeType } = {},
): Route {
  const { type = 'unicast', ...rest } = fields;
  return {
    table,
    prefix: prefix(to),
    type: routeType[type],
    tos: 0,
    protocol: 3,
    metric: 0,
    nexthops: device === null ? [] : [nexthop(device)],
    viaObject: false,
    ...rest,
  };
}

type SnapshotFields = Omit<Partial<Snapshot>, 'routes' | 'links'> & {
  routes?: Route[];
  links?: Partial<Link>[];
};

export function snapshot(fields: SnapshotFields = {}): Snapshot {
  const { routes = [], links = [], ...rest } = fields;
  const byTable = new Map<number, Route[]>();
  for (const one of routes) byTable.set(one.table, [...(byTable.get(one.table) ?? []), one]);
  const link = (index: number): Link => ({
    index,
    name: index === asking ? askingName : `dev${index}`,
    group: 0,
    ignoreLinkdown: false,
  });
  const known = [1, asking, other, ...links.map(({ index }) => index ?? 0)];
  return {
    rules: defaultRules,
    routes: byTable,
    complete: true,
    links: new Map(
      known.map((index) => [index, { ...link(index), ...links.find((one) => one.index === index) }]),
    ),
    addresses: [],
    proxyNeighbours: [],
    ...rest,
  };
}

export function address(text: string, device: number, fields: Partial<Address> = {}): Address {
  const [local = '', length = '32'] = text.split('/');
  return { ip: ip(local), prefixLength: Number(length), scope: 0, device, ...fields };
}

export function proof(fields: SnapshotFields = {}, matches: Proof['matches'] = {}): Proof {
  return { snapshot: snapshot(fields), matches };
}

export function neighbour(fields: Partial<NeighbourEvent> = {}): NeighbourEvent {
  return {
    created: false,
    before: { state: 0x04, mac: '02:00:00:00:00:99' },
    after: { state: 0x04, mac: '02:00:00:00:00:99' },
    errno: 0,
    ...fields,
  };
}

export function request(of: Pass, first: Pass | null = null): Request {
  return { id: '7f3a-1', first, pass: of };
}

/** Its host was started at 03:33:01. */
export const clock = new Clock(BigInt(Date.parse('2026-11-22T03:33:01Z')) * 1_000_000n);

export const around: Surroundings = {
  host: 'node0-4f1c',
  tier: 'tracepoint',
  netnsName: 'node0',
  names: {
    table: (id) => ({ 253: 'default', 254: 'main', 255: 'local' })[id] ?? null,
    protocol: (id) => ({ 2: 'kernel', 3: 'boot' })[id] ?? String(id),
    device: (index) => ({ 1: 'lo', [asking]: 'bond0.90', [other]: 'bond0' })[index] ?? null,
  },
  digits: (ns) => clock.digits(ns),
  deviceAlone: new Set(),
  wallTime: (ns) => clock.format(ns),
};

/** Decide, and hold the decision against the schema. */
export function decideOn(of: Pass, proven: Proof | null = null, first: Pass | null = null): Decision {
  const decision = decide(request(of, first), proven, around);
  validateEvent(decision);
  return decision;
}

export function parse(of: Pass) {
  return parseSeries(of, new Gates(of));
}

/** "silent proxy-arp-off", "silent unknown: a b", and the detail in brackets where there is one. */
export function said(decision: Decision): string {
  const { action, reason, detail, candidates } = decision.verdict;
  const more = candidates ? `: ${candidates.join(' ')}` : detail === null ? '' : ` (${detail})`;
  return `${action} ${reason}${more}`;
}
