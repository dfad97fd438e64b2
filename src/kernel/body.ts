import type {
  GatesSeen,
  Lookup,
  LookupSeen,
  NeighbourEvent,
  Pass,
  RuleSeen,
  SettingName,
  Stamps,
} from '../decision/types.js';
import * as layout from './layout.js';

/** What the decoder cannot know from the record: names for places in the kernel. */
export interface DropNames {
  /** "nft_do_chain (NETFILTER_DROP)" */
  where(location: bigint, reason: number): string;
}

/** The fields of a pass that its body does not tell. */
type OwnFields =
  | 'record'
  | 'alike'
  | 'id'
  | 'first'
  | 'firstNs'
  | 'startNs'
  | 'endNs'
  | 'skb'
  | 'frame'
  | 'lookups'
  | 'reply';
type OwnFrameFields = 'senderMac' | 'senderIp' | 'targetIp' | 'destination' | 'source';

export type Role = keyof typeof layout.role;

/** A lookup without its addresses: these are the pass's own. */
export type BodyLookup = Omit<Lookup, 'saddr' | 'daddr'> & { role: Role };

/** What the kernel side says alike of all passes that it judged alike (struct arpwhy_body and what follows it). */
export interface Body extends Omit<Pass, OwnFields> {
  frame: Omit<Pass['frame'], OwnFrameFields>;
  lookups: BodyLookup[];
  reply: Omit<NonNullable<Pass['reply']>, 'ns'> | null;
}

/**
 * Decode the body that lies at `at` and ends before `end`.
 * @throws {Error} when the parts that it says it holds do not make its size
 */
export function decodeBody(view: DataView, at: number, end: number, names: DropNames): Body {
  const { body } = layout;
  const u8 = (offset: number) => view.getUint8(at + offset);
  const u16 = (offset: number) => view.getUint16(at + offset, true);
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const parts = partsOf(view, at, end);
  const flags = u16(body.flags);
  const has = (flag: number) => (flags & flag) !== 0;
  const arp = at + body.arp;
  const gatesSeen = parts.gates === null ? null : decodeGates(view, parts.gates);
  const drops = parts.detail === null ? noDrops : decodeDrops(view, parts.detail);
  const replyQueued = has(layout.flag.replyQueued);
  const replyDropped = has(layout.flag.replyDropped);
  const dropped = u8(body.closed) === layout.closed.dropped;
  const hz = u16(body.hz) || 100;
  return {
    netns: { address: view.getBigUint64(at + body.net, true), inode: u32(body.netns) },
    device: {
      index: u32(body.ifindex),
      name: textAt(view, at + body.device, 16),
      noarp: (u32(body.deviceFlags) & 0x80) !== 0,
      type: u16(body.deviceType),
      addressLength: u8(body.addressLength),
    },
    frame: {
      length: u32(body.frameLength),
      arpBytes: u8(body.arpBytes),
      hardwareType: view.getUint16(arp),
      protocolType: view.getUint16(arp + 2),
      hardwareLength: view.getUint8(arp + 4),
      protocolLength: view.getUint8(arp + 5),
      operation: view.getUint16(arp + 6),
      cast: casts[u8(body.packetType)] ?? 'otherhost',
    },
    ending: {
      closed: endings[u8(body.closed)] ?? 'consumed',
      place: places[u8(body.place)] ?? 'arp_process',
      where: dropped ? names.where(drops.location, drops.reason) : null,
    },
    secondPass: has(layout.flag.secondPass),
    route: has(layout.flag.hasDst)
      ? {
          type: u16(body.routeType),
          error: view.getInt16(at + body.routeError, true),
          device: u32(body.routeIfindex),
          gateway: view.getUint32(at + body.routeGateway),
        }
      : null,
    reply:
      replyQueued || replyDropped
        ? {
            mac: macText(view, at + body.replyMac),
            queued: replyQueued,
            dropped: replyDropped,
            where: replyDropped ? names.where(drops.replyLocation, drops.replyReason) : null,
          }
        : null,
    settings: has(layout.flag.hasInDevice) ? decodeSettings(view, at, parts.wide) : null,
    settingsMoved: has(layout.flag.settingsMoved),
    outMediumId: view.getInt32(at + body.outMediumId, true),
    proxyDelay: Math.round((view.getInt32(at + body.proxyDelay, true) * 100) / hz),
    proxyQlen: view.getInt32(at + body.proxyQlen, true),
    queued: u32(body.queued),
    noAddress: has(layout.flag.noAddress),
    customRules: has(layout.flag.customRules),
    customLocalRoutes: has(layout.flag.customLocal),
    classidUsers: has(layout.flag.classidUsers),
    neighbourTableFull: has(layout.flag.tableFull),
    stamps: decodeStamps(view, at + body.stamps),
    stampsMoved: has(layout.flag.stampsMoved),
    neighbours: each(u8(body.neighbours), (i) =>
      decodeNeighbour(view, parts.neighbours + i * layout.neighbour.bytes),
    ),
    ...decodeLookups(view, parts, u8(body.lookups)),
    cut: u16(body.cut),
    ...(gatesSeen ? { gatesSeen } : {}),
  };
}

/** Where the parts of a body begin that are not in every one; null for those that this one has not. */
interface Parts {
  neighbours: number;
  lookups: number;
  flows: number;
  gates: number | null;
  wide: number | null;
  detail: number | null;
}

function partsOf(view: DataView, at: number, end: number): Parts {
  const { body } = layout;
  const flags = view.getUint16(at + body.flags, true);
  const count = (field: number) => view.getUint8(at + field);
  const neighbours = at + body.bytes;
  const lookups = neighbours + count(body.neighbours) * layout.neighbour.bytes;
  const flows = lookups + count(body.lookups) * layout.lookup.bytes;
  const gates = flows + count(body.flows) * layout.flow.bytes;
  const wide = gates + count(body.gates) * layout.gates.bytes;
  const detail = wide + ((flags & layout.flag.wideSettings) === 0 ? 0 : layout.wide.bytes);
  const whole = detail + ((flags & layout.flag.hasDetail) === 0 ? 0 : layout.detail.bytes);
  if (end - whole < 0 || end - whole > 7) {
    throw new Error(
      `a body of ${end - at} bytes that says it holds ${count(body.neighbours)} neighbours and ${count(body.lookups)} lookups`,
    );
  }
  return {
    neighbours,
    lookups,
    flows,
    gates: wide === gates ? null : gates,
    wide: detail === wide ? null : wide,
    detail: whole === detail ? null : detail,
  };
}

const noDrops = { location: 0n, replyLocation: 0n, reason: 0, replyReason: 0 };

function decodeDrops(view: DataView, at: number): typeof noDrops {
  const { detail } = layout;
  return {
    location: view.getBigUint64(at + detail.location, true),
    replyLocation: view.getBigUint64(at + detail.replyLocation, true),
    reason: view.getUint32(at + detail.dropReason, true),
    replyReason: view.getUint32(at + detail.replyDropReason, true),
  };
}

/** struct arpwhy_stamps: four counters in a row. */
export function decodeStamps(view: DataView, at: number): Stamps {
  return {
    fib: view.getUint32(at, true),
    rules: view.getUint32(at + 4, true),
    genid: view.getUint32(at + 8, true),
    nexthop: view.getUint32(at + 12, true),
  };
}

/** PACKET_* */
export const casts = ['unicast', 'broadcast', 'multicast', 'otherhost', 'otherhost', 'loopback'] as const;

export const endings = ['consumed', 'consumed', 'dropped', 'deferred'] as const;

export const places = [
  'arp_process',
  'arp_process',
  'arp_rcv',
  'netfilter',
  'tc',
  'xdp',
  'proxy-queue',
] as const;

const roles = Object.fromEntries(Object.entries(layout.role).map(([name, value]) => [value, name])) as Record<
  number,
  Role
>;

function decodeLookups(view: DataView, parts: Parts, count: number): Pick<Body, 'lookups' | 'rulesSeen'> {
  const { lookup, lookupFlag } = layout;
  const lookups: BodyLookup[] = [];
  const rulesSeen: RuleSeen[] = [];
  let flow = parts.flows;
  for (let i = 0; i < count; i++) {
    const own = parts.lookups + i * lookup.bytes;
    const flags = view.getUint8(own + lookup.flags);
    const hasFlow = (flags & lookupFlag.hasFlow) !== 0;
    const restOfFlow = hasFlow ? decodeFlow(view, flow) : plainFlow;
    if (hasFlow) flow += layout.flow.bytes;
    const table = view.getUint32(own + lookup.table, true);
    const errno = view.getUint8(own + lookup.error);
    if ((flags & lookupFlag.ruleOnly) !== 0) {
      rulesSeen.push({ rule: view.getUint32(own + lookup.rule, true), table, errno });
      continue;
    }
    lookups.push({
      table,
      errno,
      role: roles[view.getUint8(own + lookup.role)] ?? 'bareSender',
      iif: view.getUint32(own + lookup.iif, true),
      ...restOfFlow,
      device: view.getUint32(own + lookup.device, true),
      gateway: view.getUint32(own + lookup.gateway),
      gatewayFamily: view.getUint8(own + lookup.gatewayFamily),
      info:
        (flags & lookupFlag.hasInfo) !== 0
          ? {
              type: view.getUint8(own + lookup.type),
              protocol: view.getUint8(own + lookup.protocol),
              nexthops: view.getUint8(own + lookup.nexthops),
              metric: view.getUint32(own + lookup.metric, true),
            }
          : null,
      ...seenOf(view, own, flags),
    });
  }
  return rulesSeen.length > 0 ? { lookups, rulesSeen } : { lookups };
}

function seenOf(view: DataView, own: number, flags: number): { seen?: LookupSeen } {
  const { lookup, lookupFlag } = layout;
  if ((flags & ~(lookupFlag.hasInfo | lookupFlag.hasFlow)) === 0) return {};
  return {
    seen: {
      rule: (flags & lookupFlag.hasRule) === 0 ? null : view.getUint32(own + lookup.rule, true),
      prefixLength: (flags & lookupFlag.hasPrefix) === 0 ? null : view.getUint8(own + lookup.prefixLength),
      suppressed: (flags & lookupFlag.suppressed) !== 0,
      byInput: (flags & lookupFlag.byInput) !== 0,
    },
  };
}

function decodeGates(view: DataView, at: number): GatesSeen {
  const seen = view.getUint32(at + layout.gates.seen, true);
  const gates: GatesSeen = {};
  for (const [name, bit] of Object.entries(layout.gate)) {
    if ((seen & (1 << bit)) === 0) continue;
    gates[name as keyof GatesSeen] = view.getInt32(at + layout.gates.value + 4 * bit, true);
  }
  return gates;
}

type RestOfFlow = Pick<Lookup, 'oif' | 'l3mdev' | 'mark' | 'dscp' | 'proto' | 'sport' | 'dport'>;

const plainFlow: RestOfFlow = { oif: 0, l3mdev: 0, mark: 0, dscp: 0, proto: 0, sport: 0, dport: 0 };

function decodeFlow(view: DataView, at: number): RestOfFlow {
  const { flow } = layout;
  return {
    oif: view.getUint32(at + flow.oif, true),
    l3mdev: view.getUint32(at + flow.l3mdev, true),
    mark: view.getUint32(at + flow.mark, true),
    dscp: view.getUint8(at + flow.dscp),
    proto: view.getUint8(at + flow.proto),
    sport: view.getUint16(at + flow.sport),
    dport: view.getUint16(at + flow.dport),
  };
}

function decodeNeighbour(view: DataView, at: number): NeighbourEvent {
  const { neighbour } = layout;
  return {
    created: view.getUint8(at + neighbour.change) === 1,
    before: { state: view.getUint8(at + neighbour.oldState), mac: macText(view, at + neighbour.oldMac) },
    after: view.getUint8(at + neighbour.done)
      ? { state: view.getUint8(at + neighbour.state), mac: macText(view, at + neighbour.mac) }
      : null,
    errno: -view.getInt32(at + neighbour.err, true) | 0,
  };
}

type Values = Record<SettingName, number>;

/** @param wide where the values lie when one of them does not fit into a byte */
function decodeSettings(view: DataView, at: number, wide: number | null): { all: Values; dev: Values } {
  const { body } = layout;
  return wide === null
    ? {
        all: settings((i) => view.getUint8(at + body.all + i)),
        dev: settings((i) => view.getUint8(at + body.dev + i)),
      }
    : {
        all: settings((i) => view.getInt32(wide + layout.wide.all + 4 * i, true)),
        dev: settings((i) => view.getInt32(wide + layout.wide.dev + 4 * i, true)),
      };
}

function settings(read: (i: number) => number): Values {
  const values = {} as Values;
  for (let i = 0; i < layout.settingNames.length; i++)
    values[layout.settingNames[i] as SettingName] = read(i);
  return values;
}

function each<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** A name that ends with its first NUL. */
export function textAt(view: DataView, at: number, most: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, most);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? most : end)).toString('utf8');
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** "02:00:00:00:00:99" */
export function macText(view: DataView, at: number): string {
  let address = hex[view.getUint8(at)] as string;
  for (let i = 1; i < 6; i++) address += `:${hex[view.getUint8(at + i)]}`;
  return address;
}
