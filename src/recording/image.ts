import { crc32 } from 'node:zlib';
import type { Decision, Pass } from '../decision/types.js';
import type { Evidence } from '../stream/tap.js';
import { brief, option, tag } from './format.js';

/** What differs among decisions that an image serves: nanoseconds since 1970, and the packet's number. */
export interface ImageFill {
  decision: Decision;
  pass: Pass;
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
  /** The address that was asked for: as bytes, and as text. */
  targets: number[];
  targetTexts: number[];
}

/** A number in digits, which may be more or fewer the next time: all behind them moves. */
interface Digits {
  from: number;
  to: number;
}

/**
 * The blocks of one decision as bytes, to be written again for every other that says the same of another address at
 * another time: in a flood nearly all do. What they share is copied at once, what differs is written over it.
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
      decision.monotonicNs.length === this.#decision.monotonicNs.length &&
      decision.request.target.ip?.length === this.#decision.request.target.ip?.length &&
      decision.reply?.mac === this.#decision.reply?.mac &&
      (decision.reply?.latencyNs == null) === (this.#decision.reply?.latencyNs == null)
    );
  }

  /** Room that {@link write} may need. */
  get mostBytes(): number {
    return this.#bytes.length + 32;
  }

  /** @returns the end of what was written */
  write(into: Buffer, view: DataView, at: number, fill: ImageFill): number {
    const places = this.#places;
    const { decision, pass, packetId } = fill;
    const target = decision.request.target.ip as string;
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
    for (const place of places.targets) view.setUint32(at + place, pass.frame.targetIp);
    for (const place of places.targetTexts) setText(into, at + place, target);
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

/** More images than this are forgotten together. */
const most = 8192;

/** Images of decisions: of those that share their steps, one for each sender and each length of the target's text. */
export class Images {
  #bySteps = new WeakMap<object, Map<number, DecisionImage>>();
  #count = 0;

  of(decision: Decision, evidence: Evidence): DecisionImage | undefined {
    return this.#bySteps.get(decision.steps)?.get(keyOf(decision, evidence));
  }

  keep(image: DecisionImage, decision: Decision, evidence: Evidence): void {
    if (++this.#count > most) {
      this.#bySteps = new WeakMap();
      this.#count = 0;
    }
    let images = this.#bySteps.get(decision.steps);
    if (!images) {
      images = new Map();
      this.#bySteps.set(decision.steps, images);
    }
    images.set(keyOf(decision, evidence), image);
  }
}

function keyOf({ request }: Decision, evidence: Evidence): number {
  return evidence.request.pass.frame.senderIp * 16 + (request.target.ip?.length ?? 0);
}

/** Of a block, and of the data of a packet: see docs/recording.md, and the draft of pcapng. */
const timeAt = 12;
const capturedAt = 20;
const dataAt = 28;
const sumBytes = 8;
const arpBytes = 28;
/** Of the target in the frames, with their Ethernet headers. */
const askedAt = 38;
const claimedAt = 28;

/** Decided in the first pass, and asked for by a whole ARP header. */
function isPlain({ verdict }: Decision, { record, firstNs, secondPass, frame }: Pass): boolean {
  const inOnePass = firstNs === null && !secondPass && verdict.deferredNs === null;
  return inOnePass && record !== undefined && frame.arpBytes === arpBytes;
}

function placesIn(bytes: Buffer, decision: Decision, pass: Pass): Places | null {
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) blocks.push(at);
  const block = blocks.pop();
  if (block === undefined || !pass.record) return null;
  const frames = blocks.map((start, i) => {
    const end = start + bytes.readUInt32LE(start + 4);
    const id = bytes.lastIndexOf(`arpwhy decision ${decision.id}`, end);
    return {
      start,
      time: start + timeAt,
      isReply: i === 1,
      id: id + 16,
      packetId: end - 16,
      found: id > start,
    };
  });
  const data = block + dataAt;
  const dataEnd = data + bytes.readUInt32LE(block + capturedAt);
  const tags = tagsIn(bytes, data, dataEnd);
  const [record, asked, shown] = [tags.get(tag.record), tags.get(tag.brief), tags.get(tag.ipv4Destination)];
  const json = bytes.indexOf('{"schema":"arpwhy.decision/1","id":"', data);
  const behind = (text: string) => {
    const at = bytes.indexOf(text, json);
    return at < 0 ? -1 : at + text.length;
  };
  const [id, time, monotonicNs] = [behind('"id":"'), behind('"time":"'), behind('"monotonicNs":"')];
  const target = decision.request.target.ip;
  const texts = [bytes.indexOf('who-has ', data) + 8, behind('"target":{"ip":"')];
  const found = json > 0 && id > 0 && time > 0 && monotonicNs > 0 && frames.every((frame) => frame.found);
  if (!found || record === undefined || asked === undefined || shown === undefined) return null;
  if (target === null || count(bytes, target) !== texts.length) return null;
  const from = (decision.reply?.latencyNs ?? null) === null ? -1 : behind('"latencyNs":');
  const latency = from < 0 ? null : { from, to: from + String(decision.reply?.latencyNs).length };
  const targets = [
    ...frames.map(({ start, isReply }) => start + dataAt + (isReply ? claimedAt : askedAt)),
    asked + brief.target,
    shown,
  ];
  return {
    frames,
    block,
    data,
    dataEnd,
    record,
    id,
    time,
    monotonicNs,
    latency,
    targets,
    targetTexts: texts,
  };
}

/** How often an address stands in bytes, by itself: not as a part of another one. */
function count(bytes: Buffer, ip: string): number {
  let times = 0;
  for (let at = bytes.indexOf(ip); at >= 0; at = bytes.indexOf(ip, at + 1)) {
    if (!isOfAddress(bytes[at - 1]) && !isOfAddress(bytes[at + ip.length])) times++;
  }
  return times;
}

function isOfAddress(code: number | undefined): boolean {
  return code !== undefined && (code === 0x2e || (code >= 0x30 && code <= 0x39));
}

/** Where the values of tags lie. */
function tagsIn(bytes: Buffer, data: number, dataEnd: number): Map<number, number> {
  const tags = new Map<number, number>();
  for (let at = data + sumBytes; at + 4 <= dataEnd; at += 4 + bytes.readUInt16BE(at + 2)) {
    const code = bytes.readUInt16BE(at);
    if (code === tag.end) break;
    tags.set(code, at + 4);
  }
  return tags;
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
