import type { Lookup, Pass } from '../decision/types.js';
import { type Body, type BodyLookup, type DropNames, decodeBody } from './body.js';
import { Contents } from './contents.js';
import { Frames } from './frames.js';
import * as layout from './layout.js';
import { ownRecord, wholeRecord } from './record-parts.js';

/**
 * Decodes wire records (bpf/record.h) out of drained batches. Offsets come from layout.ts, which is made from
 * record.h; all numbers are little-endian but for addresses and ports, which are as on the wire. In a storm the kernel
 * side says a body once and then refers to it: what it says is decoded once, and passes of one body share it.
 */
export class Decoder {
  readonly #names: DropNames;
  readonly #keep: boolean;
  readonly #contents = new Contents<Known>();
  readonly #frames = new Frames();
  /** What is kept in the slots of each CPU, by both numbers. */
  readonly #slots: Known[] = [];

  /** @param keep each pass bears a copy of its record, for a recording */
  constructor(names: DropNames, keep = false) {
    this.#names = names;
    this.#keep = keep;
  }

  /**
   * The passes of a batch, in its order. Batches have to come in theirs.
   * @param batch begins at a multiple of 8 in its memory
   * @throws {Error} at a record that is cut, of another version, or that refers to a body that did not come
   */
  decode(batch: Buffer, bytes: number): Pass[] {
    const view = new DataView(batch.buffer, batch.byteOffset, bytes);
    const words = new Int32Array(batch.buffer, batch.byteOffset, bytes >> 2);
    const passes: WirePass[] = [];
    let at = 0;
    while (at < bytes) {
      const end = endOf(view, at);
      const known = this.#bodyOf(view, words, at, bodyEnd(view, at, end));
      const pass = passOf(view, at, end, known.body, this.#frames.of(view, words, at, known.body));
      if (this.#keep) pass.keep(Buffer.from(batch.subarray(at, end)), known.bytes);
      passes.push(pass);
      at = (end + 7) & ~7;
    }
    return passes;
  }

  #bodyOf(view: DataView, words: Int32Array, at: number, end: number): Known {
    const { record } = layout;
    const slot = view.getUint8(at + record.slot);
    const place = view.getUint16(at + record.cpu, true) * 256 + slot;
    if ((view.getUint8(at + record.parts) & layout.part.body) === 0) {
      const known = this.#slots[place];
      if (!known) throw new Error(`a record that refers to slot ${slot}, which nothing was put in`);
      return known;
    }
    const from = at + record.bytes;
    let known = this.#contents.find(words, from >> 2, end >> 2);
    if (!known) {
      const bytes = Buffer.from(view.buffer, view.byteOffset + from, end - from);
      known = { body: decodeBody(view, from, end, this.#names), bytes: Buffer.from(bytes) };
      this.#contents.add(words, from >> 2, end >> 2, known);
    }
    if (slot !== layout.noSlot) this.#slots[place] = known;
    return known;
  }
}

interface Known {
  body: Body;
  bytes: Buffer;
}

/**
 * One record with its body, as a recording has it.
 * @throws {Error} when it is cut, of another version or without its body
 */
export function decodeRecord(view: DataView, at: number, names: DropNames): Pass {
  const end = endOf(view, at);
  if ((view.getUint8(at + layout.record.parts) & layout.part.body) === 0)
    throw new Error('a record without its body');
  const body = decodeBody(view, at + layout.record.bytes, bodyEnd(view, at, end), names);
  return passOf(view, at, end, body, new Frames().decode(view, at, body));
}

function endOf(view: DataView, at: number): number {
  const left = view.byteLength - at;
  const size = left < layout.record.bytes ? left : view.getUint32(at + layout.record.size, true);
  if (size < layout.record.bytes || size > left) throw new Error(`a record of ${size} bytes at ${at}`);
  const version = view.getUint16(at + layout.record.version, true);
  if (version !== layout.recordVersion)
    throw new Error(`record version ${version}, expected ${layout.recordVersion}`);
  return at + size;
}

function bodyEnd(view: DataView, at: number, end: number): number {
  return hasWait(view, at) ? end - layout.wait.bytes : end;
}

function hasWait(view: DataView, at: number): boolean {
  return (view.getUint8(at + layout.record.parts) & layout.part.wait) !== 0;
}

function passOf(view: DataView, at: number, end: number, body: Body, frame: Pass['frame']): WirePass {
  const { record, wait } = layout;
  const startNs = view.getBigUint64(at + record.startNs, true);
  const waited = hasWait(view, at) ? end - wait.bytes : null;
  const first = waited === null ? 0n : view.getBigUint64(waited + wait.first, true);
  const firstNs = waited === null ? 0n : view.getBigUint64(waited + wait.firstNs, true);
  return new WirePass(
    body,
    frame,
    view.getUint32(at + record.id + 4, true) * 2 ** 32 + view.getUint32(at + record.id, true),
    startNs === 0n ? null : startNs,
    view.getBigUint64(at + record.endNs, true),
    body.reply && replyOf(body.reply, view.getBigUint64(at + record.replyNs, true)),
    waited === null ? 0n : view.getBigUint64(waited + wait.skb, true),
    first === 0n ? null : Number(first),
    firstNs === 0n ? null : firstNs,
  );
}

function replyOf({ mac, queued, dropped, where }: NonNullable<Body['reply']>, ns: bigint): Pass['reply'] {
  return { mac, ns, queued, dropped, where };
}

/** A pass whose body is shared with others. */
class WirePass implements Pass {
  #lookups: Lookup[] | null = null;
  #own: Buffer | null = null;
  #body: Buffer | null = null;

  constructor(
    readonly alike: Body,
    readonly frame: Pass['frame'],
    readonly id: number,
    readonly startNs: bigint | null,
    readonly endNs: bigint,
    readonly reply: Pass['reply'],
    readonly skb: bigint,
    readonly first: number | null,
    readonly firstNs: bigint | null,
  ) {}

  /** For {@link record}, which is put together when it is asked for: its bytes on the wire, and those of its body. */
  keep(own: Buffer, body: Buffer): void {
    this.#own = own;
    this.#body = body;
  }

  get record(): Buffer | undefined {
    return this.#own && this.#body ? wholeRecord(this.#own, this.#body) : undefined;
  }

  get ownRecord(): Buffer | undefined {
    return this.#own ? ownRecord(this.#own) : undefined;
  }

  get lookups(): Lookup[] {
    this.#lookups ??= this.alike.lookups.map((lookup) => withAddresses(lookup, this.frame));
    return this.#lookups;
  }

  get netns(): Body['netns'] {
    return this.alike.netns;
  }

  get device(): Body['device'] {
    return this.alike.device;
  }

  get ending(): Body['ending'] {
    return this.alike.ending;
  }

  get secondPass(): Body['secondPass'] {
    return this.alike.secondPass;
  }

  get route(): Body['route'] {
    return this.alike.route;
  }

  get settings(): Body['settings'] {
    return this.alike.settings;
  }

  get settingsMoved(): Body['settingsMoved'] {
    return this.alike.settingsMoved;
  }

  get outMediumId(): Body['outMediumId'] {
    return this.alike.outMediumId;
  }

  get proxyDelay(): Body['proxyDelay'] {
    return this.alike.proxyDelay;
  }

  get proxyQlen(): Body['proxyQlen'] {
    return this.alike.proxyQlen;
  }

  get queued(): Body['queued'] {
    return this.alike.queued;
  }

  get noAddress(): Body['noAddress'] {
    return this.alike.noAddress;
  }

  get customRules(): Body['customRules'] {
    return this.alike.customRules;
  }

  get customLocalRoutes(): Body['customLocalRoutes'] {
    return this.alike.customLocalRoutes;
  }

  get classidUsers(): Body['classidUsers'] {
    return this.alike.classidUsers;
  }

  get neighbourTableFull(): Body['neighbourTableFull'] {
    return this.alike.neighbourTableFull;
  }

  get stamps(): Body['stamps'] {
    return this.alike.stamps;
  }

  get stampsMoved(): Body['stampsMoved'] {
    return this.alike.stampsMoved;
  }

  get neighbours(): Body['neighbours'] {
    return this.alike.neighbours;
  }

  get cut(): Body['cut'] {
    return this.alike.cut;
  }

  get rulesSeen(): Body['rulesSeen'] {
    return this.alike.rulesSeen;
  }

  get gatesSeen(): Body['gatesSeen'] {
    return this.alike.gatesSeen;
  }
}

function withAddresses(of: BodyLookup, { senderIp, targetIp }: Pass['frame']): Lookup {
  // field by field: to spread an object takes many times as long
  const lookup: Lookup = {
    table: of.table,
    errno: of.errno,
    saddr: of.role === 'target' ? senderIp : of.role === 'source' ? targetIp : 0,
    daddr: of.role === 'target' || of.role === 'bareTarget' ? targetIp : senderIp,
    iif: of.iif,
    oif: of.oif,
    l3mdev: of.l3mdev,
    mark: of.mark,
    dscp: of.dscp,
    proto: of.proto,
    sport: of.sport,
    dport: of.dport,
    device: of.device,
    gateway: of.gateway,
    gatewayFamily: of.gatewayFamily,
    info: of.info,
  };
  if (of.seen) lookup.seen = of.seen;
  return lookup;
}
