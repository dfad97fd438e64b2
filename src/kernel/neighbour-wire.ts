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
import { casts, type DropNames, decodeStamps, endings, macText, places, textAt } from './body.js';
import { Contents } from './contents.js';
import * as wire from './layout.js';
import * as layout from './neighbour-layout.js';

const { event, entryFlag, eventKind } = layout;

/** Names that no record bears: of drops, and of the functions of a stack. */
export interface NeighbourNames extends DropNames {
  /** The function that an address lies in; null when there is none. */
  functionAt(address: bigint): string | null;
}

/**
 * Decodes the records of drained batches (bpf/neighbour-record.h). What a storm of claims says alike is decoded once,
 * and so is each frame: learnings share these parts.
 */
export class NeighbourDecoder {
  readonly #names: NeighbourNames;
  readonly #bodies = new Contents<LearnedBody>();
  readonly #claims = new Contents<Claim>();

  constructor(names: NeighbourNames) {
    this.#names = names;
  }

  /**
   * The records of a batch, in its order.
   * @param batch begins at a multiple of 8 in its memory
   * @throws {Error} at a record that is cut, or of another version
   */
  decode(batch: Buffer, bytes: number): NeighbourSeen[] {
    const view = new DataView(batch.buffer, batch.byteOffset, bytes);
    const words = new Int32Array(batch.buffer, batch.byteOffset, bytes >> 2);
    const seen: NeighbourSeen[] = [];
    for (let at = 0; at < bytes; ) {
      const size = at + 4 > bytes ? bytes - at : view.getUint32(at, true);
      if (size < event.stack || at + size > bytes) throw new Error(`a record of ${size} bytes at ${at}`);
      const version = view.getUint16(at + event.version, true);
      if (version !== layout.neighbourVersion) {
        throw new Error(`record version ${version}, expected ${layout.neighbourVersion}`);
      }
      const reader = new Reader(view, at, this.#names);
      const learned = view.getUint8(at + event.kind) === eventKind.learned;
      seen.push(learned ? this.#learned(reader, view, words, at) : reader.read());
      at += (size + 7) & ~7;
    }
    return seen;
  }

  #learned(reader: Reader, view: DataView, words: Int32Array, at: number): LearnedSeen {
    const body = part(this.#bodies, words, at + event.net, at + event.stack, () => reader.learnedBody());
    const claim = part(this.#claims, words, at + event.ip, at + event.net, () => reader.claim());
    const startNs = view.getBigUint64(at + event.startNs, true);
    const askedNs = view.getBigUint64(at + event.askedNs, true);
    const { shared, update } = body;
    // field by field: to spread an object of so many takes a hundred times as long
    return {
      kind: 'learned',
      alike: body,
      id: idAt(view, at + event.id),
      endNs: view.getBigUint64(at + event.endNs, true),
      netns: shared.netns,
      device: shared.device,
      ip: claim.ip,
      settings: shared.settings,
      stamps: shared.stamps,
      customRules: shared.customRules,
      startNs: startNs === 0n ? null : startNs,
      arp: claim.arp,
      cast: shared.cast,
      ending: shared.ending,
      routeType: shared.routeType,
      secondPass: shared.secondPass,
      created: shared.created,
      noRoom: shared.noRoom,
      update: update && updateOf(update, claim, view.getUint32(at + event.age, true)),
      senderType: shared.senderType,
      typedFirst: shared.typedFirst,
      asked:
        askedNs === 0n
          ? null
          : { id: idAt(view, at + event.askedId), ns: askedNs, bySocket: body.askedBySocket },
    };
  }
}

/** What was made of a stretch of a batch, made anew when such a stretch is not known. */
function part<T>(contents: Contents<T>, words: Int32Array, from: number, to: number, make: () => T): T {
  let value = contents.find(words, from >> 2, to >> 2);
  if (value === null) {
    value = make();
    contents.add(words, from >> 2, to >> 2, value);
  }
  return value;
}

/** What a record of a learning says from `net` on. */
interface LearnedBody {
  shared: Omit<
    LearnedSeen,
    'kind' | 'alike' | 'id' | 'endNs' | 'ip' | 'startNs' | 'arp' | 'update' | 'asked'
  >;
  askedBySocket: boolean;
  update: {
    shared: Omit<NonNullable<LearnedSeen['update']>, 'before' | 'after' | 'ageNs'>;
    oldState: number;
    /** Null when the end of the update was not seen. */
    state: number | null;
    jiffyNs: number;
  } | null;
}

/** The frame, and the MACs of the entry that it met. */
interface Claim {
  ip: number;
  arp: ArpSeen;
  mac: string;
  oldMac: string;
  /** Entries with one of these MACs. */
  entries: EntrySeen[];
}

function updateOf(
  { shared, oldState, state, jiffyNs }: NonNullable<LearnedBody['update']>,
  { entries, oldMac, mac }: Claim,
  age: number,
): LearnedSeen['update'] {
  return {
    before: entryOf(entries, oldState, oldMac),
    after: state === null ? null : entryOf(entries, state, mac),
    err: shared.err,
    wanted: shared.wanted,
    override: shared.override,
    dead: shared.dead,
    ageNs: age * jiffyNs,
    locktimeNs: shared.locktimeNs,
    queued: shared.queued,
    waited: shared.waited,
  };
}

function entryOf(known: EntrySeen[], state: number, mac: string): EntrySeen {
  for (const entry of known) if (entry.state === state && entry.mac === mac) return entry;
  const entry = { state, mac };
  known.push(entry);
  return entry;
}

/** An id has far less than the 53 bits that a number holds. */
function idAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/** Reads one record. */
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

  /** One that is no learning. */
  read(): NeighbourSeen {
    switch (this.#u8(event.kind)) {
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

  learnedBody(): LearnedBody {
    const dropped = this.#u8(event.closed) === wire.closed.dropped;
    return {
      shared: {
        ...this.#surroundings(),
        cast: casts[this.#u8(event.packetType)] ?? 'otherhost',
        ending: {
          closed: endings[this.#u8(event.closed)] ?? 'consumed',
          place: places[this.#u8(event.place)] ?? 'arp_process',
          where: dropped ? this.#names.where(this.#u64(event.location), this.#u32(event.dropReason)) : null,
        },
        routeType: this.#has(entryFlag.hasDst) ? this.#u16(event.routeType) : null,
        secondPass: this.#has(entryFlag.secondPass),
        created: this.#has(entryFlag.created),
        noRoom: this.#has(entryFlag.noRoom),
        senderType: this.#has(entryFlag.senderTyped) ? this.#u8(event.senderType) : null,
        typedFirst: this.#has(entryFlag.typedFirst),
      },
      askedBySocket: this.#has(entryFlag.askedBySocket),
      update: this.#has(entryFlag.updated) ? this.#update() : null,
    };
  }

  #update(): LearnedBody['update'] {
    const jiffyNs = 1e9 / (this.#u16(event.hz) || 100);
    return {
      shared: {
        err: this.#s32(event.err),
        wanted: this.#u8(event.wanted),
        override: (this.#u32(event.updateFlags) & 1) !== 0,
        dead: this.#has(entryFlag.dead),
        locktimeNs: this.#s32(event.locktime) * jiffyNs,
        queued: this.#u32(event.queued),
        waited: this.#u32(event.waited),
      },
      oldState: this.#u8(event.oldState),
      state: this.#has(entryFlag.done) ? this.#u8(event.state) : null,
      jiffyNs,
    };
  }

  claim(): Claim {
    const mac = (offset: number) => macText(this.#view, this.#at + offset);
    return {
      ip: this.#ip(event.ip),
      arp: this.#arp(),
      mac: mac(event.mac),
      oldMac: mac(event.oldMac),
      entries: [],
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
      startNs: this.#u64(event.startNs) || null,
      asked: idAt(this.#view, this.#at + event.askedId),
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
    return {
      id: idAt(this.#view, this.#at + event.id),
      endNs: this.#u64(event.endNs),
      ip: this.#ip(event.ip),
      ...this.#surroundings(),
    };
  }

  #surroundings(): Pick<TimerSeen, 'netns' | 'device' | 'settings' | 'stamps' | 'customRules'> {
    const at = this.#at;
    return {
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

function macOrNull(view: DataView, at: number): string | null {
  const address = macText(view, at);
  return address === '00:00:00:00:00:00' ? null : address;
}
