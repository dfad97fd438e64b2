import { crc32 } from 'node:zlib';
import { AlikeDecision, likeOf } from '../decision/alike-decision.js';
import type { Decision, Pass } from '../decision/types.js';
import { record } from '../kernel/layout.js';
import type { Evidence } from '../stream/tap.js';
import { BaseText, ownOf, shortJson } from './alike.js';
import { mostBaseBytes, mostBases, option } from './format.js';
import { type Digits, type Places, placesIn, sumBytes, timeAt } from './image-places.js';
import {
  addressLength,
  secondsLength,
  setAddress,
  setPacketId,
  setSeconds,
  setText,
  setTime,
} from './put.js';

/** What differs among decisions that an image serves: nanoseconds since 1970, and the packet's number. */
export interface ImageFill {
  decision: Decision;
  pass: Pass;
  packetId: number;
  cameNs: bigint;
  replyNs: bigint;
  decidedNs: bigint;
}

/** The blocks of a decision: whole, and as those of one that is like it are written. */
export interface ImageBlocks {
  whole: Buffer;
  /** Its text. */
  json: string;
  short: Buffer;
}

/**
 * The blocks of decisions that refer to this one, as bytes: of every other that says the same of another address at
 * another time: in a flood nearly all do. What they share is copied at once, what differs is written over it.
 */
export class DecisionImage {
  /** By which later decisions refer to it. */
  readonly number: number;
  readonly #bytes: Buffer;
  readonly #places: Places;
  readonly #decision: Decision;
  readonly #evidence: Evidence;
  readonly #file: number;
  /** Of what is its own in the wire record. */
  readonly #recordBytes: number;
  /** How many may refer to it still: a byte of it that is damaged takes no more with it. */
  #left = mostAlike;
  /** Until the first decision was put together by it, as a reader will, and was found to be right. */
  #unproven: BaseText | null;

  /**
   * Null for decisions whose blocks differ in more than this knows.
   * @param blocks belong to the image from now on
   * @param where the image holds for this file of the recording: interfaces and states have other numbers in the next
   */
  static of(
    { whole, json, short }: ImageBlocks,
    decision: Decision,
    evidence: Evidence,
    where: { file: number; number: number },
  ): DecisionImage | null {
    const { pass } = evidence.request;
    const text = BaseText.of(Buffer.from(json));
    const isSmall = whole.length <= mostBaseBytes;
    const places =
      isSmall && text && placesIn(whole, decision, pass) ? placesIn(short, decision, pass) : null;
    return text && places && new DecisionImage(short, places, decision, evidence, where, text);
  }

  private constructor(
    bytes: Buffer,
    places: Places,
    decision: Decision,
    evidence: Evidence,
    { file, number }: { file: number; number: number },
    text: BaseText,
  ) {
    this.#bytes = bytes;
    this.#places = places;
    this.#decision = decision;
    this.#evidence = evidence;
    this.#file = file;
    this.number = number;
    this.#recordBytes = evidence.request.pass.ownRecord?.length ?? 0;
    this.#unproven = text;
  }

  /**
   * Whether the decision's blocks would be these, but for what {@link ImageFill} holds. Decisions of one Decider that
   * share their steps differ in ids, times and addresses alone.
   */
  serves(decision: Decision, evidence: Evidence, file: number): boolean {
    const { request, proof, names, links } = evidence;
    const known = this.#evidence;
    const { pass } = request;
    const { frame } = pass;
    const asked = known.request.pass.frame;
    return (
      file === this.#file &&
      decision.steps === this.#decision.steps &&
      proof === known.proof &&
      names === known.names &&
      links === known.links &&
      request.first === null &&
      pass.alike === known.request.pass.alike &&
      frame.senderIp === asked.senderIp &&
      frame.senderMac === asked.senderMac &&
      frame.source === asked.source &&
      frame.destination === asked.destination &&
      frame.targetIp !== frame.senderIp &&
      isPlain(decision, pass) &&
      decision.id.length === this.#decision.id.length &&
      addressLength(frame.targetIp) === addressLength(asked.targetIp) &&
      likeOf(decision).request.target.ip !== null &&
      likeOf(decision).reply?.mac === this.#decision.reply?.mac &&
      (latencyOf(decision) === null) === (latencyOf(this.#decision) === null) &&
      sameTimes(decision, this.#decision) &&
      this.#left > 0 &&
      pass.ownRecord?.length === this.#recordBytes &&
      this.#tells(decision)
    );
  }

  /** Tried with the first: a decision that a reader would not put together as it was is written by itself. */
  #tells(decision: Decision): boolean {
    if (!this.#unproven) return true;
    const own = ownOf(shortJson(decision, this.#decision.id));
    const told = own && this.#unproven.tells(own) ? this.#unproven.with(own) : null;
    if (told?.toString() !== JSON.stringify(decision)) return false;
    this.#unproven = null;
    return true;
  }

  /** Room that {@link write} may need. */
  get mostBytes(): number {
    return this.#bytes.length + 32;
  }

  /** @returns the end of what was written */
  write(into: Buffer, view: DataView, at: number, fill: ImageFill): number {
    const places = this.#places;
    const { decision, pass, packetId } = fill;
    this.#left--;
    into.set(this.#bytes, at);
    for (const frame of places.frames) {
      setTime(view, at + frame.time, frame.isReply ? fill.replyNs : fill.cameNs);
      setText(into, at + frame.id, decision.id);
      setPacketId(view, at + frame.packetId, packetId);
    }
    setTime(view, at + places.block + timeAt, fill.decidedNs);
    const own = pass.ownRecord as Buffer;
    into.set(own, at + places.record);
    if (places.asked !== null)
      into.set(own.subarray(record.senderMac, record.targetIp + 4), at + places.asked);
    setText(into, at + places.id, decision.id);
    setTimes(into, at + places.time, at + places.monotonicNs, decision);
    for (const place of places.targets) view.setUint32(at + place, pass.frame.targetIp);
    for (const place of places.targetTexts) setAddress(into, at + place, pass.frame.targetIp);
    const moved = places.latency ? this.#latency(into, at, places.latency, decision) : 0;
    return this.#close(into, view, at, moved, packetId);
  }

  /** @returns how many bytes there are more than in the image */
  #latency(into: Buffer, at: number, { from, to }: Digits, decision: Decision): number {
    const digits = String(latencyOf(decision));
    const moved = digits.length - (to - from);
    if (moved !== 0) into.set(this.#bytes.subarray(to, this.#places.dataEnd), at + to + moved);
    setText(into, at + from, digits);
    return moved;
  }

  /** All that depends on the length of the data: as BlockWriter.message has it. */
  #close(into: Buffer, view: DataView, at: number, moved: number, packetId: number): number {
    const { block, data, dataEnd } = this.#places;
    const from = at + data;
    let end = at + dataEnd + moved;
    view.setUint32(from - 8, end - from, true);
    view.setUint32(from - 4, end - from, true);
    view.setUint32(from + 4, crc32(into.subarray(from + sumBytes, end)));
    while ((end - at) % 4 !== 0) into[end++] = 0;
    view.setUint16(end, option.packetId, true);
    view.setUint16(end + 2, 8, true);
    setPacketId(view, end + 4, packetId);
    view.setUint32(end + 12, 0, true);
    end += 20;
    const length = end - at - block;
    view.setUint32(at + block + 4, length, true);
    view.setUint32(end - 4, length, true);
    return end;
  }
}

/** Decisions that refer to one. */
const mostAlike = 1000;

/** Images of decisions: of those that share their steps, one for each sender and each length of the target's text. */
export class Images {
  #bySteps = new WeakMap<object, Map<number, DecisionImage>>();
  #count = 0;

  /** The number of the next decision that others may refer to. */
  next(): number {
    if (this.#count >= mostBases) {
      this.#bySteps = new WeakMap();
      this.#count = 0;
    }
    return this.#count++;
  }

  of(decision: Decision, evidence: Evidence): DecisionImage | undefined {
    return this.#bySteps.get(decision.steps)?.get(keyOf(evidence));
  }

  forget(decision: Decision, evidence: Evidence): void {
    this.#bySteps.get(decision.steps)?.delete(keyOf(evidence));
  }

  keep(image: DecisionImage, decision: Decision, evidence: Evidence): void {
    let images = this.#bySteps.get(decision.steps);
    if (!images) {
      images = new Map();
      this.#bySteps.set(decision.steps, images);
    }
    images.set(keyOf(evidence), image);
  }
}

function keyOf({ request }: Evidence): number {
  const { senderIp, targetIp } = request.pass.frame;
  return senderIp * 16 + addressLength(targetIp);
}

const arpBytes = 28;

/** Whether a later decision may say the same: the decider tells those from one that it keeps. */
export function mayRepeat(decision: Decision, { request: { pass } }: Evidence): boolean {
  return decision instanceof AlikeDecision && isPlain(decision, pass);
}

/** Decided in the first pass, and asked for by a whole ARP header. */
function isPlain({ verdict }: Decision, { ownRecord, firstNs, secondPass, frame }: Pass): boolean {
  const inOnePass =
    firstNs === null && !secondPass && verdict.deferredNs === null && verdict.action !== 'deferred';
  return inOnePass && ownRecord !== undefined && frame.arpBytes === arpBytes;
}

/** Null where there was no reply, or none whose latency is known. */
function latencyOf(decision: Decision): number | null {
  const own = decision instanceof AlikeDecision ? decision.latencyNs : null;
  return own ?? likeOf(decision).reply?.latencyNs ?? null;
}

/** Both times take the room that those of the other one take. */
function sameTimes(decision: Decision, other: Decision): boolean {
  if (!(decision instanceof AlikeDecision)) {
    return (
      decision.time.length === other.time.length && decision.monotonicNs.length === other.monotonicNs.length
    );
  }
  const { telling, ns } = decision;
  return (
    secondsLength(telling.wall, ns) === other.time.length &&
    secondsLength(telling.monotonic, ns) === other.monotonicNs.length
  );
}

function setTimes(into: Buffer, timeAt: number, monotonicAt: number, decision: Decision): void {
  if (decision instanceof AlikeDecision) {
    setSeconds(into, timeAt, decision.telling.wall, decision.ns);
    setSeconds(into, monotonicAt, decision.telling.monotonic, decision.ns);
  } else {
    setText(into, timeAt, decision.time);
    setText(into, monotonicAt, decision.monotonicNs);
  }
}
