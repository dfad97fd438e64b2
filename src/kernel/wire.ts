import type { Lookup, NeighbourEvent, Pass, SettingName, Stamps } from '../decision/types.js';
import * as layout from './layout.js';

/** What the decoder cannot know from the record: names for places in the kernel. */
export interface DropNames {
  /** "nft_do_chain (NETFILTER_DROP)" */
  where(location: bigint, reason: number): string;
}

/**
 * Decodes wire records (bpf/record.h) out of a drained batch. Offsets come from layout.ts, which is made from
 * record.h; all numbers are little-endian but for addresses and ports, which are as on the wire.
 */
export function* decodeBatch(batch: Buffer, bytes: number, names: DropNames): Generator<Pass> {
  const view = new DataView(batch.buffer, batch.byteOffset, bytes);
  let at = 0;
  while (at < bytes) {
    const size = view.getUint32(at, true);
    if (size < layout.record.bytes || at + size > bytes)
      throw new Error(`a record of ${size} bytes at ${at}`);
    yield decodeRecord(view, at, names);
    at += (size + 7) & ~7;
  }
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
  const neighbours = u8(record.neighbours);
  const lookups = u8(record.lookups);
  const neighboursAt = at + record.bytes;
  const lookupsAt = neighboursAt + neighbours * layout.neighbour.bytes;
  const size = u32(record.size);
  if (lookupsAt + lookups * layout.lookup.bytes !== at + size) {
    throw new Error(
      `a record of ${size} bytes that says it holds ${neighbours} neighbours and ${lookups} lookups`,
    );
  }
  const startNs = u64(record.startNs);
  const replyQueued = has(layout.flag.replyQueued);
  const replyDropped = has(layout.flag.replyDropped);
  const dropped = u8(record.closed) === layout.closed.dropped;
  const hz = u32(record.hz) || 100;
  return {
    id: Number(u64(record.id)),
    first: u64(record.first) === 0n ? null : Number(u64(record.first)),
    firstNs: u64(record.firstNs) === 0n ? null : u64(record.firstNs),
    startNs: startNs === 0n ? null : startNs,
    endNs: u64(record.endNs),
    skb: u64(record.skb),
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
      senderIp: view.getUint32(arp + 14),
      targetIp: view.getUint32(arp + 24),
      destination: destination(view, at + record.destination),
      cast: casts[u8(record.packetType)] ?? 'otherhost',
    },
    ending: {
      closed: endings[u8(record.closed)] ?? 'consumed',
      place: places[u8(record.place)] ?? 'arp_process',
      where: dropped ? names.where(u64(record.location), u32(record.dropReason)) : null,
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
            where: replyDropped ? names.where(u64(record.replyLocation), u32(record.replyDropReason)) : null,
          }
        : null,
    settings: has(layout.flag.hasInDevice)
      ? { all: settings(view, at + record.all), dev: settings(view, at + record.dev) }
      : null,
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
    stampsStart: has(layout.flag.hasStart) ? decodeStamps(view, at + record.stampsStart) : null,
    stampsEnd: decodeStamps(view, at + record.stampsEnd),
    neighbours: each(neighbours, (i) => decodeNeighbour(view, neighboursAt + i * layout.neighbour.bytes)),
    lookups: each(lookups, (i) => decodeLookup(view, lookupsAt + i * layout.lookup.bytes)),
    cut: u16(record.cut),
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

function decodeLookup(view: DataView, at: number): Lookup {
  const { lookup } = layout;
  return {
    table: view.getUint32(at + lookup.table, true),
    errno: -view.getInt32(at + lookup.err, true) | 0,
    saddr: view.getUint32(at + lookup.saddr),
    daddr: view.getUint32(at + lookup.daddr),
    iif: view.getUint32(at + lookup.iif, true),
    oif: view.getUint32(at + lookup.oif, true),
    l3mdev: view.getUint32(at + lookup.l3mdev, true),
    mark: view.getUint32(at + lookup.mark, true),
    dscp: view.getUint8(at + lookup.dscp),
    proto: view.getUint8(at + lookup.proto),
    sport: view.getUint16(at + lookup.sport),
    dport: view.getUint16(at + lookup.dport),
    device: view.getUint32(at + lookup.device, true),
    gateway: view.getUint32(at + lookup.gateway),
    gatewayFamily: view.getUint8(at + lookup.gatewayFamily),
    info: view.getUint8(at + lookup.hasInfo)
      ? {
          type: view.getUint8(at + lookup.type),
          protocol: view.getUint8(at + lookup.protocol),
          nexthops: view.getUint8(at + lookup.nexthops),
          metric: view.getUint32(at + lookup.metric, true),
        }
      : null,
  };
}

function decodeNeighbour(view: DataView, at: number): NeighbourEvent {
  const { neighbour } = layout;
  return {
    ip: view.getUint32(at + neighbour.ip),
    device: view.getUint32(at + neighbour.ifindex, true),
    created: view.getUint8(at + neighbour.change) === 1,
    before: { state: view.getUint8(at + neighbour.oldState), mac: mac(view, at + neighbour.oldMac) },
    after: view.getUint8(at + neighbour.done)
      ? { state: view.getUint8(at + neighbour.state), mac: mac(view, at + neighbour.mac) }
      : null,
    errno: -view.getInt32(at + neighbour.err, true) | 0,
  };
}

function settings(view: DataView, at: number): Record<SettingName, number> {
  const values = {} as Record<SettingName, number>;
  for (const [i, name] of layout.settingNames.entries()) values[name] = view.getInt32(at + 4 * i, true);
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

function destination(view: DataView, at: number): string | null {
  const address = mac(view, at);
  return address === '00:00:00:00:00:00' ? null : address;
}
