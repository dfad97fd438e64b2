import type {
  AdminSeen,
  ArpSeen,
  AskedSeen,
  EntrySeen,
  EntrySetting,
  ForPacketSeen,
  LearnedSeen,
  NeighbourSeen,
  RemovedSeen,
  TaskSeen,
  TimerSeen,
} from '../decision/neighbour/record.js';
import { type DropNames, decodeStamps, macText, textAt } from './body.js';
import * as wire from './layout.js';
import * as layout from './neighbour-layout.js';

const { event, entryFlag, eventKind } = layout;

/** Names that no record bears: of drops, and of the functions of a stack. */
export interface NeighbourNames extends DropNames {
  /** The function that an address lies in; null when there is none. */
  functionAt(address: bigint): string | null;
}

/**
 * The records of a batch (bpf/neighbour-record.h), in its order.
 * @throws {Error} at a record that is cut, or of another version
 */
export function decodeNeighbours(batch: Buffer, bytes: number, names: NeighbourNames): NeighbourSeen[] {
  const view = new DataView(batch.buffer, batch.byteOffset, bytes);
  const seen: NeighbourSeen[] = [];
  for (let at = 0; at < bytes; ) {
    const size = at + 4 > bytes ? bytes - at : view.getUint32(at, true);
    if (size < event.stack || at + size > bytes) throw new Error(`a record of ${size} bytes at ${at}`);
    const version = view.getUint16(at + event.version, true);
    if (version !== layout.neighbourVersion) {
      throw new Error(`record version ${version}, expected ${layout.neighbourVersion}`);
    }
    seen.push(new Reader(view, at, names).read());
    at += (size + 7) & ~7;
  }
  return seen;
}

class Reader {
  readonly #view: DataView;
  readonly #at: number;
  readonly #names: NeighbourNames;
  readonly #flags: number;

  constructor(view: DataView, at: number, names: NeighbourNames) {
    this.#view = view;
    this.#at = at;
    this.#names = names;
    this.#flags = view.getUint32(at + event.flags, true);
  }

  read(): NeighbourSeen {
    switch (this.#u8(event.kind)) {
      case eventKind.learned:
        return this.#learned();
      case eventKind.asked:
        return { ...this.#seen(), kind: 'asked', arp: this.#arp(), ...this.#asker() } satisfies AskedSeen;
      case eventKind.forPacket:
        return this.#forPacket();
      case eventKind.timer:
        return { ...this.#seen(), kind: 'timer', ...this.#entryNow() } satisfies TimerSeen;
      case eventKind.admin:
        return {
          ...this.#seen(),
          kind: 'admin',
          entry: this.#entry(event.state, event.mac),
          before: this.#entry(event.oldState, event.oldMac),
          wanted: this.#u8(event.wanted),
          err: this.#s32(event.err),
          netlinkPid: this.#u32(event.netlinkPid),
          task: this.#task(),
        } satisfies AdminSeen;
      case eventKind.removed:
        return {
          ...this.#seen(),
          kind: 'removed',
          entry: this.#entry(event.state, event.mac),
          task: this.#task(),
        } satisfies RemovedSeen;
      default:
        throw new Error(`a record of kind ${this.#u8(event.kind)}`);
    }
  }

  #learned(): LearnedSeen {
    const dropped = this.#u8(event.closed) === wire.closed.dropped;
    const startNs = this.#u64(event.startNs);
    const askedNs = this.#u64(event.askedNs);
    return {
      ...this.#seen(),
      kind: 'learned',
      startNs: startNs === 0n ? null : startNs,
      arp: this.#arp(),
      cast: casts[this.#u8(event.packetType)] ?? 'otherhost',
      ending: {
        closed: endings[this.#u8(event.closed)] ?? 'consumed',
        place: places[this.#u8(event.place)] ?? 'arp_process',
        where: dropped ? this.#names.where(this.#u64(event.location), this.#u32(event.dropReason)) : null,
      },
      routeType: this.#has(entryFlag.hasDst) ? this.#u16(event.routeType) : null,
      created: this.#has(entryFlag.created),
      noRoom: this.#has(entryFlag.noRoom),
      update: this.#has(entryFlag.updated) ? this.#update() : null,
      senderType: this.#has(entryFlag.senderTyped) ? this.#u8(event.senderType) : null,
      typedFirst: this.#has(entryFlag.typedFirst),
      asked:
        askedNs === 0n
          ? null
          : {
              id: Number(this.#u64(event.askedId)),
              ns: askedNs,
              bySocket: this.#has(entryFlag.askedBySocket),
            },
    };
  }

  #update(): LearnedSeen['update'] {
    const jiffyNs = 1e9 / (this.#u16(event.hz) || 100);
    return {
      before: this.#entry(event.oldState, event.oldMac),
      after: this.#has(entryFlag.done) ? this.#entry(event.state, event.mac) : null,
      err: this.#s32(event.err),
      wanted: this.#u8(event.wanted),
      override: (this.#u32(event.updateFlags) & 1) !== 0,
      dead: this.#has(entryFlag.dead),
      ageNs: this.#u32(event.age) * jiffyNs,
      locktimeNs: this.#s32(event.locktime) * jiffyNs,
      queued: this.#u32(event.queued),
      waited: this.#u32(event.waited),
    };
  }

  #forPacket(): ForPacketSeen {
    const { lookup, lookupFlag, flow } = wire;
    const source = this.#ip(event.packetSource);
    const target = this.#ip(event.packetTarget);
    const view = this.#view;
    return {
      ...this.#seen(),
      kind: 'for-packet',
      asked: Number(this.#u64(event.askedId)),
      packet: {
        source,
        target,
        protocol: this.#u8(event.packetProto),
        iif: this.#u32(event.packetIif),
        mark: this.#u32(event.packetMark),
      },
      cut: this.#u16(event.cut),
      lookups: Array.from({ length: this.#u16(event.lookups) }, (_, i) => {
        const own = this.#at + event.lookup + i * lookup.bytes;
        const rest = this.#at + event.flow + i * flow.bytes;
        const fromAny = view.getUint8(own + lookup.role) === wire.role.bareTarget;
        const info = (view.getUint8(own + lookup.flags) & lookupFlag.hasInfo) !== 0;
        return {
          fromAny,
          table: view.getUint32(own + lookup.table, true),
          errno: view.getUint8(own + lookup.error),
          saddr: fromAny ? 0 : source,
          daddr: target,
          iif: view.getUint32(own + lookup.iif, true),
          oif: view.getUint32(rest + flow.oif, true),
          l3mdev: view.getUint32(rest + flow.l3mdev, true),
          mark: view.getUint32(rest + flow.mark, true),
          dscp: view.getUint8(rest + flow.dscp),
          proto: view.getUint8(rest + flow.proto),
          sport: view.getUint16(rest + flow.sport),
          dport: view.getUint16(rest + flow.dport),
          scope: view.getUint8(rest + flow.scope),
          device: view.getUint32(own + lookup.device, true),
          gateway: view.getUint32(own + lookup.gateway),
          gatewayFamily: view.getUint8(own + lookup.gatewayFamily),
          info: info
            ? {
                type: view.getUint8(own + lookup.type),
                protocol: view.getUint8(own + lookup.protocol),
                nexthops: view.getUint8(own + lookup.nexthops),
                metric: view.getUint32(own + lookup.metric, true),
              }
            : null,
        };
      }),
    };
  }

  #asker(): Pick<AskedSeen, 'bySocket' | 'task'> {
    return { bySocket: this.#has(entryFlag.bySocket), task: this.#task() };
  }

  #entryNow(): Pick<TimerSeen, 'entry' | 'probes' | 'queued' | 'waited'> {
    return {
      entry: this.#entry(event.state, event.mac),
      probes: this.#s32(event.probes),
      queued: this.#u32(event.queued),
      waited: this.#u32(event.waited),
    };
  }

  #seen(): Omit<TimerSeen, 'kind' | 'entry' | 'probes' | 'queued' | 'waited'> {
    const at = this.#at;
    return {
      id: Number(this.#u64(event.id)),
      endNs: this.#u64(event.endNs),
      netns: {
        address: this.#u64(event.net),
        inode: this.#u32(event.netns),
        cookie: this.#u64(event.cookie),
      },
      device: {
        index: this.#u32(event.ifindex),
        name: textAt(this.#view, at + event.device, 16),
        noarp: (this.#u32(event.deviceFlags) & 0x80) !== 0,
        type: this.#u16(event.deviceType),
        addressLength: this.#u8(event.addressLength),
      },
      ip: this.#ip(event.ip),
      settings: this.#has(entryFlag.hasInDevice)
        ? { all: this.#settings(event.all), dev: this.#settings(event.dev) }
        : null,
      stamps: decodeStamps(this.#view, at + event.stamps),
      customRules: this.#has(entryFlag.customRules),
    };
  }

  #arp(): ArpSeen {
    const view = this.#view;
    const arp = this.#at + event.arp;
    return {
      hardwareType: view.getUint16(arp),
      protocolType: view.getUint16(arp + 2),
      hardwareLength: view.getUint8(arp + 4),
      protocolLength: view.getUint8(arp + 5),
      operation: view.getUint16(arp + 6),
      senderMac: macText(view, arp + 8),
      senderIp: view.getUint32(arp + 14),
      targetMac: macText(view, arp + 18),
      targetIp: view.getUint32(arp + 24),
      destination: macOrNull(view, this.#at + event.destination),
      source: macOrNull(view, this.#at + event.source),
    };
  }

  #task(): TaskSeen {
    const addresses: bigint[] = [];
    for (let i = 0; i < layout.stackEntries; i++) {
      const address = this.#u64(event.stack + 8 * i);
      if (address === 0n) break;
      addresses.push(address);
    }
    return {
      pid: this.#u32(event.tgid),
      command: textAt(this.#view, this.#at + event.command, 16),
      kernelThread: this.#has(entryFlag.kernelThread),
      stack: addresses.map((address) => this.#names.functionAt(address) ?? '?'),
      stackCut: addresses.length === layout.stackEntries || addresses.length === 0,
    };
  }

  #entry(state: number, mac: number): EntrySeen {
    return { state: this.#u8(state), mac: macText(this.#view, this.#at + mac) };
  }

  #settings(offset: number): Record<EntrySetting, number> {
    const values = {} as Record<EntrySetting, number>;
    for (const [i, name] of layout.entrySettings.entries()) values[name] = this.#s32(offset + 4 * i);
    return values;
  }

  #has(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  #ip(offset: number): number {
    return this.#view.getUint32(this.#at + offset);
  }

  #u8(offset: number): number {
    return this.#view.getUint8(this.#at + offset);
  }

  #u16(offset: number): number {
    return this.#view.getUint16(this.#at + offset, true);
  }

  #u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  #s32(offset: number): number {
    return this.#view.getInt32(this.#at + offset, true);
  }

  #u64(offset: number): bigint {
    return this.#view.getBigUint64(this.#at + offset, true);
  }
}

/** PACKET_* */
const casts = ['unicast', 'broadcast', 'multicast', 'otherhost', 'otherhost', 'loopback'] as const;

const endings = ['consumed', 'consumed', 'dropped', 'deferred'] as const;

const places = ['arp_process', 'arp_process', 'arp_rcv', 'netfilter', 'tc', 'xdp', 'proxy-queue'] as const;

function macOrNull(view: DataView, at: number): string | null {
  const address = macText(view, at);
  return address === '00:00:00:00:00:00' ? null : address;
}
