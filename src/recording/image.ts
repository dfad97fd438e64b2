import { crc32 } from 'node:zlib';
import type { Decision, Pass } from '../decision/types.js';
import type { Evidence } from '../stream/tap.js';
import { option, tag } from './format.js';

/** What differs among decisions that say the same: nanoseconds since 1970, and the packet's number. */
export interface ImageFill {
  decision: Decision;
  record: Uint8Array;
  packetId: number;
  cameNs: bigint;
  replyNs: bigint;
  decidedNs: bigint;
}

/** Where fields lie, as offsets in the image. */
interface Places {
  /** The request, and the reply where there was one. */
  frames: { time: number; isReply: boolean; id: number; packetId: number }[];
  /** The decision's block, its data, and the end of these. */
  block: number;
  data: number;
  dataEnd: number;
  record: number;
  id: number;
  time: number;
  monotonicNs: number;
  /** Null where there are none. */
  latency: Digits | null;
}

/** A number in digits, which may be more or fewer the next time: all behind them moves. */
interface Digits {
  from: number;
  to: number;
}

/**
 * The blocks of one decision as bytes, to be written again for every other that says the same: in a storm nearly all
 * do. What they share is copied at once, what differs is written over it.
 */
export class DecisionImage {
  readonly #bytes: Buffer;
  readonly #places: Places;
  readonly #decision: Decision;
  readonly #evidence: Evidence;
  readonly #file: number;

  /**
   * Null for decisions of two passes, and others whose blocks differ in more than this knows.
   * @param bytes the blocks of the decision, which belong to the image from now on
   * @param file the image holds for this file of the recording: interfaces and states have other numbers in the next
   */
  static of(bytes: Buffer, decision: Decision, evidence: Evidence, file: number): DecisionImage | null {
    const { pass, first } = evidence.request;
    if (first || !isPlain(decision, pass)) return null;
    const places = placesIn(bytes, decision, pass);
    return places && new DecisionImage(bytes, places, decision, evidence, file);
  }

  private constructor(bytes: Buffer, places: Places, decision: Decision, evidence: Evidence, file: number) {
    this.#bytes = bytes;
    this.#places = places;
    this.#decision = decision;
    this.#evidence = evidence;
    this.#file = file;
  }

  /** Whether the decision's blocks would be these, but for what {@link ImageFill} holds. */
  serves(decision: Decision, evidence: Evidence, file: number): boolean {
    const { request, proof, names, links } = evidence;
    const known = this.#evidence;
    const { pass } = request;
    return (
      file === this.#file &&
      proof === known.proof &&
      names === known.names &&
      links === known.links &&
      request.first === null &&
      pass.alike === known.request.pass.alike &&
      isPlain(decision, pass) &&
      decision.id.length === this.#decision.id.length &&
      decision.monotonicNs.length === this.#decision.monotonicNs.length &&
    );
  }

  /** Room that {@link write} may need. */
  get mostBytes(): number {
    return this.#bytes.length + 32;
  }

  /** @returns the end of what was written */
  write(into: Buffer, view: DataView, at: number, fill: ImageFill): number {
    const places = this.#places;
    const { decision, packetId } = fill;
    into.set(this.#bytes, at);
    for (const frame of places.frames) {
      setTime(view, at + frame.time, frame.isReply ? fill.replyNs : fill.cameNs);
      setText(into, at + frame.id, decision.id);
      setPacketId(view, at + frame.packetId, packetId);
    }
    setTime(view, at + places.block + timeAt, fill.decidedNs);
    into.set(fill.record, at + places.record);
    setText(into, at + places.id, decision.id);
    setText(into, at + places.time, decision.time);
    setText(into, at + places.monotonicNs, decision.monotonicNs);
    const moved = places.latency ? this.#latency(into, at, places.latency, decision) : 0;
    return this.#close(into, view, at, moved, packetId);
  }

  /** @returns how many bytes there are more than in the image */
  #latency(into: Buffer, at: number, { from, to }: Digits, { reply }: Decision): number {
    const digits = String(reply?.latencyNs);
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

/** Of a block, and of the data of a packet: see docs/recording.md, and the draft of pcapng. */
const timeAt = 12;
const capturedAt = 20;
const dataAt = 28;
const sumBytes = 8;

/** Decided in the first pass, of which all was seen. */
function isPlain({ verdict }: Decision, { record, firstNs, secondPass }: Pass): boolean {
  return record !== undefined && firstNs === null && !secondPass && verdict.deferredNs === null;
}

function placesIn(bytes: Buffer, decision: Decision, pass: Pass): Places | null {
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) blocks.push(at);
  const block = blocks.pop();
  if (block === undefined || !pass.record) return null;
  const frames = blocks.map((start, i) => {
    const end = start + bytes.readUInt32LE(start + 4);
    const id = bytes.lastIndexOf(`arpwhy decision ${decision.id}`, end);
    return { time: start + timeAt, isReply: i === 1, id: id + 16, packetId: end - 16, found: id > start };
  });
  const data = block + dataAt;
  const dataEnd = data + bytes.readUInt32LE(block + capturedAt);
  const record = recordIn(bytes, data, dataEnd);
  const json = bytes.indexOf('{"schema":"arpwhy.decision/1","id":"', data);
  const behind = (text: string) => {
    const at = bytes.indexOf(text, json);
    return at < 0 ? -1 : at + text.length;
  };
  const [id, time, monotonicNs] = [behind('"id":"'), behind('"time":"'), behind('"monotonicNs":"')];
  const found = json > 0 && id > 0 && time > 0 && monotonicNs > 0 && record !== null;
  if (!found || frames.some((frame) => !frame.found)) return null;
  const from = (decision.reply?.latencyNs ?? null) === null ? -1 : behind('"latencyNs":');
  const latency = from < 0 ? null : { from, to: from + String(decision.reply?.latencyNs).length };
  return { frames, block, data, dataEnd, record, id, time, monotonicNs, latency };
}

/** Where the value of the wire record's tag lies. */
function recordIn(bytes: Buffer, data: number, dataEnd: number): number | null {
  for (let at = data + sumBytes; at + 4 <= dataEnd; at += 4 + bytes.readUInt16BE(at + 2)) {
    const code = bytes.readUInt16BE(at);
    if (code === tag.record) return at + 4;
    if (code === tag.end) break;
  }
  return null;
}

function setTime(view: DataView, at: number, ns: bigint): void {
  scratch.setBigUint64(0, ns);
  view.setUint32(at, scratch.getUint32(0), true);
  view.setUint32(at + 4, scratch.getUint32(4), true);
}
const scratch = new DataView(new ArrayBuffer(8));

function setPacketId(view: DataView, at: number, id: number): void {
  view.setUint32(at, id >>> 0, true);
  view.setUint32(at + 4, Math.floor(id / 2 ** 32), true);
}

/** Ids, times and digits are ASCII, and short: a call into the runtime for each takes longer. */
function setText(into: Buffer, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
}
