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
import { Contents } from './contents.js';
import * as layout from './layout.js';

/** What the decoder cannot know from the record: names for places in the kernel. */
export interface DropNames {
  /** "nft_do_chain (NETFILTER_DROP)" */
  where(location: bigint, reason: number): string;
}

/**
 * Decodes wire records (bpf/record.h) out of drained batches. Offsets come from layout.ts, which is made from
 * record.h; all numbers are little-endian but for addresses and ports, which are as on the wire. In a storm records
 * say the same again and again: what they say is decoded once, and passes of one content share it.
 */
export class Decoder {
  readonly #names: DropNames;
  readonly #keep: boolean;
  readonly #contents = new Contents();

  /** @param keep each pass bears a copy of its record, for a recording */
  constructor(names: DropNames, keep = false) {
    this.#names = names;
    this.#keep = keep;
  }

  /**
   * The passes of a batch, in its order.
   * @param batch begins at a multiple of 8 in its memory
   * @throws {Error} at a record that is cut, or of another version
   */
  decode(batch: Buffer, bytes: number): Pass[] {
    const view = new DataView(batch.buffer, batch.byteOffset, bytes);
    const words = new Int32Array(batch.buffer, batch.byteOffset, bytes >> 2);
    const passes: Pass[] = [];
    let at = 0;
    while (at < bytes) {
      const size = at + 4 > bytes ? bytes - at : view.getUint32(at, true);
      if (size < layout.record.bytes || at + size > bytes)
        throw new Error(`a record of ${size} bytes at ${at}`);
      const pass = this.#decodeOne(view, words, at, size);
      if (this.#keep) pass.record = Buffer.from(batch.subarray(at, at + size));
      passes.push(pass);
      at += (size + 7) & ~7;
    }
    return passes;
  }

  #decodeOne(view: DataView, words: Int32Array, at: number, size: number): Pass {
    const { record, detail } = layout;
    const hasDetail = (view.getUint16(at + record.flags, true) & layout.flag.hasDetail) !== 0;
    const end = (at + size) >> 2;
    const to = hasDetail ? end - (detail.bytes >> 2) : end;
    const restFrom = hasDetail ? to + (detail.location >> 2) : to;
    const restTo = hasDetail ? end : to;
    const from = (at + record.net) >> 2;
    const known = this.#contents.find(words, from, to, restFrom, restTo);
    if (known) return again(known, view, at, hasDetail ? to << 2 : null);
    const pass = decodeRecord(view, at, this.#names);
    this.#contents.add(words, from, to, restFrom, restTo, pass);
    return pass;
  }
}

/** A pass that says the same as a known one, at another time. */
function again(known: Pass, view: DataView, at: number, detailAt: number | null): Pass {
  const { record } = layout;
  const startNs = view.getBigUint64(at + record.startNs, true);
  const detail = detailAt === null ? noDetail : decodeDetail(view, detailAt);
  return {
    alike: known.alike,
    id: idOf(view, at),
    first: detail.first,
    firstNs: detail.firstNs,
    startNs: startNs === 0n ? null : startNs,
    endNs: view.getBigUint64(at + record.endNs, true),
    skb: detail.skb,
    netns: known.netns,
    device: known.device,
    frame: known.frame,
    ending: known.ending,
    secondPass: known.secondPass,
    route: known.route,
    reply: known.reply && { ...known.reply, ns: view.getBigUint64(at + record.replyNs, true) },
    settings: known.settings,
    settingsMoved: known.settingsMoved,
    outMediumId: known.outMediumId,
    proxyDelay: known.proxyDelay,
    proxyQlen: known.proxyQlen,
    queued: known.queued,
    noAddress: known.noAddress,
    customRules: known.customRules,
    customLocalRoutes: known.customLocalRoutes,
    classidUsers: known.classidUsers,
    neighbourTableFull: known.neighbourTableFull,
    stamps: known.stamps,
    stampsMoved: known.stampsMoved,
    neighbours: known.neighbours,
    lookups: known.lookups,
    cut: known.cut,
    ...(known.rulesSeen ? { rulesSeen: known.rulesSeen } : {}),
    ...(known.gatesSeen ? { gatesSeen: known.gatesSeen } : {}),
  };
}

function idOf(view: DataView, at: number): number {
  const id = at + layout.record.id;
  return view.getUint32(id + 4, true) * 2 ** 32 + view.getUint32(id, true);
}

/** @throws {Error} when the record is of another version than this program */
export function decodeRecord(view: DataView, at: number, names: DropNames): Pass {
  const { record } = layout;
  const version = view.getUint16(at + record.version, true);
  if (version !== layout.recordVersion)
    throw new Error(`record version ${version}, expected ${layout.recordVersion}`);
  const u8 = (offset: number) => view.getUint8(at + offset);
  const u16 = (offset: number) => view.getUint16(at + offset, true);
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  const flags = u16(record.flags);
  const has = (flag: number) => (flags & flag) !== 0;
  const arp = at + record.arp;
  const parts = partsOf(view, at);
  const gatesSeen = parts.gates === null ? null : decodeGates(view, parts.gates);
  const startNs = u64(record.startNs);
  const senderIp = view.getUint32(arp + 14);
  const targetIp = view.getUint32(arp + 24);
  const detail = parts.detail === null ? noDetail : decodeDetail(view, parts.detail);
  const replyQueued = has(layout.flag.replyQueued);
  const replyDropped = has(layout.flag.replyDropped);
  const dropped = u8(record.closed) === layout.closed.dropped;
  const hz = u16(record.hz) || 100;
  return {
    alike: {},
    id: idOf(view, at),
    first: detail.first,
    firstNs: detail.firstNs,
    startNs: startNs === 0n ? null : startNs,
    endNs: u64(record.endNs),
    skb: detail.skb,
    netns: { address: u64(record.net), inode: u32(record.netns) },
    device: {
      index: u32(record.ifindex),
      name: text(view, at + record.device, 16),
      noarp: (u32(record.deviceFlags) & 0x80) !== 0,
      type: u16(record.deviceType),
      addressLength: u8(record.addressLength),
    },
    frame: {
      length: u32(record.frameLength),
      arpBytes: u8(record.arpBytes),
      hardwareType: view.getUint16(arp),
      protocolType: view.getUint16(arp + 2),
      hardwareLength: view.getUint8(arp + 4),
      protocolLength: view.getUint8(arp + 5),
      operation: view.getUint16(arp + 6),
      senderMac: mac(view, arp + 8),
      senderIp,
      targetIp,
      destination: macOrNull(view, at + record.destination),
      source: macOrNull(view, at + record.source),
      cast: casts[u8(record.packetType)] ?? 'otherhost',
    },
    ending: {
      closed: endings[u8(record.closed)] ?? 'consumed',
      place: places[u8(record.place)] ?? 'arp_process',
      where: dropped ? names.where(detail.location, detail.dropReason) : null,
    },
    secondPass: has(layout.flag.secondPass),
    route: has(layout.flag.hasDst)
      ? {
          type: u16(record.routeType),
          error: view.getInt16(at + record.routeError, true),
          device: u32(record.routeIfindex),
          gateway: view.getUint32(at + record.routeGateway),
        }
      : null,
    reply:
      replyQueued || replyDropped
        ? {
            mac: mac(view, at + record.replyMac),
            ns: u64(record.replyNs),
            queued: replyQueued,
            dropped: replyDropped,
            where: replyDropped ? names.where(detail.replyLocation, detail.replyDropReason) : null,
          }
        : null,
    settings: has(layout.flag.hasInDevice) ? decodeSettings(view, at, parts.wide) : null,
    settingsMoved: has(layout.flag.settingsMoved),
    outMediumId: view.getInt32(at + record.outMediumId, true),
    proxyDelay: Math.round((view.getInt32(at + record.proxyDelay, true) * 100) / hz),
    proxyQlen: view.getInt32(at + record.proxyQlen, true),
    queued: u32(record.queued),
    noAddress: has(layout.flag.noAddress),
    customRules: has(layout.flag.customRules),
    customLocalRoutes: has(layout.flag.customLocal),
    classidUsers: has(layout.flag.classidUsers),
    neighbourTableFull: has(layout.flag.tableFull),
    stamps: decodeStamps(view, at + record.stamps),
    stampsMoved: has(layout.flag.stampsMoved),
    neighbours: each(u8(record.neighbours), (i) =>
      decodeNeighbour(view, parts.neighbours + i * layout.neighbour.bytes),
    ),
    ...decodeLookups(view, parts, u8(record.lookups), senderIp, targetIp),
    cut: u16(record.cut),
    ...(gatesSeen ? { gatesSeen } : {}),
  };
}

/** Where the parts of a record begin that are not in every one; null for those that this one has not. */
interface Parts {
  neighbours: number;
  lookups: number;
  flows: number;
  gates: number | null;
  wide: number | null;
  detail: number | null;
}

/** @throws {Error} when the parts that it says it holds do not make its size */
function partsOf(view: DataView, at: number): Parts {
  const { record } = layout;
  const flags = view.getUint16(at + record.flags, true);
  const count = (field: number) => view.getUint8(at + field);
  const neighbours = at + record.bytes;
  const lookups = neighbours + count(record.neighbours) * layout.neighbour.bytes;
  const flows = lookups + count(record.lookups) * layout.lookup.bytes;
  const gates = flows + count(record.flows) * layout.flow.bytes;
  const wide = gates + count(record.gates) * layout.gates.bytes;
  const detail = wide + ((flags & layout.flag.wideSettings) === 0 ? 0 : layout.wide.bytes);
  const end = detail + ((flags & layout.flag.hasDetail) === 0 ? 0 : layout.detail.bytes);
  const size = view.getUint32(at + record.size, true);
  if (end !== at + size) {
    throw new Error(
      `a record of ${size} bytes that says it holds ${count(record.neighbours)} neighbours and ${count(record.lookups)} lookups`,
    );
  }
  return {
    neighbours,
    lookups,
    flows,
    gates: wide === gates ? null : gates,
    wide: detail === wide ? null : wide,
    detail: end === detail ? null : detail,
  };
}

interface Detail {
  skb: bigint;
  first: number | null;
  firstNs: bigint | null;
  location: bigint;
  replyLocation: bigint;
  dropReason: number;
  replyDropReason: number;
}

const noDetail: Detail = {
  skb: 0n,
  first: null,
  firstNs: null,
  location: 0n,
  replyLocation: 0n,
  dropReason: 0,
  replyDropReason: 0,
};

function decodeDetail(view: DataView, at: number): Detail {
  const { detail } = layout;
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  const first = u64(detail.first);
  const firstNs = u64(detail.firstNs);
  return {
    skb: u64(detail.skb),
    first: first === 0n ? null : Number(first),
    firstNs: firstNs === 0n ? null : firstNs,
    location: u64(detail.location),
    replyLocation: u64(detail.replyLocation),
    dropReason: view.getUint32(at + detail.dropReason, true),
    replyDropReason: view.getUint32(at + detail.replyDropReason, true),
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
const casts = ['unicast', 'broadcast', 'multicast', 'otherhost', 'otherhost', 'loopback'] as const;

const endings = ['consumed', 'consumed', 'dropped', 'deferred'] as const;

const places = ['arp_process', 'arp_process', 'arp_rcv', 'netfilter', 'tc', 'xdp', 'proxy-queue'] as const;

function decodeLookups(
  view: DataView,
  parts: Parts,
  count: number,
  senderIp: number,
  targetIp: number,
): Pick<Pass, 'lookups' | 'rulesSeen'> {
  const { lookup, lookupFlag } = layout;
  const lookups: Lookup[] = [];
  const rulesSeen: RuleSeen[] = [];
  let flow = parts.flows;
  for (let i = 0; i < count; i++) {
    const own = parts.lookups + i * lookup.bytes;
    const flags = view.getUint8(own + lookup.flags);
    const role = view.getUint8(own + lookup.role);
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
      saddr: role === layout.role.target ? senderIp : role === layout.role.source ? targetIp : 0,
      daddr: role === layout.role.target || role === layout.role.bareTarget ? targetIp : senderIp,
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
    before: { state: view.getUint8(at + neighbour.oldState), mac: mac(view, at + neighbour.oldMac) },
    after: view.getUint8(at + neighbour.done)
      ? { state: view.getUint8(at + neighbour.state), mac: mac(view, at + neighbour.mac) }
      : null,
    errno: -view.getInt32(at + neighbour.err, true) | 0,
  };
}

type Values = Record<SettingName, number>;

/** @param wide where the values lie when one of them does not fit into a byte */
function decodeSettings(view: DataView, at: number, wide: number | null): { all: Values; dev: Values } {
  const { record } = layout;
  return wide === null
    ? {
        all: settings((i) => view.getUint8(at + record.all + i)),
        dev: settings((i) => view.getUint8(at + record.dev + i)),
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

function text(view: DataView, at: number, most: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, most);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? most : end)).toString('utf8');
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function mac(view: DataView, at: number): string {
  let address = hex[view.getUint8(at)] as string;
  for (let i = 1; i < 6; i++) address += `:${hex[view.getUint8(at + i)]}`;
  return address;
}

function macOrNull(view: DataView, at: number): string | null {
  const address = mac(view, at);
  return address === '00:00:00:00:00:00' ? null : address;
}
