import type { Decision, Pass } from '../decision/types.js';
import { brief, tag } from './format.js';

/** Where fields lie, as offsets in the image. */
export interface Places {
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
  /** The four addresses of the request's frame; null where there is no frame. */
  asked: number | null;
}

/** A number in digits, which may be more or fewer the next time: all behind them moves. */
export interface Digits {
  from: number;
  to: number;
}

/** Of a block, and of the data of a packet: see docs/recording.md, and the draft of pcapng. */
export const timeAt = 12;
const capturedAt = 20;
const dataAt = 28;
export const sumBytes = 8;
/** Of the four addresses of a request, in its frame. */
const addressesAt = 22;
/** Of the target in the frames, with their Ethernet headers. */
const askedAt = 38;
const claimedAt = 28;

/** Null where they are not those of a decision that others can be told by: its target stands elsewhere, too. */
export function placesIn(bytes: Buffer, decision: Decision, pass: Pass): Places | null {
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) blocks.push(at);
  const block = blocks.pop();
  if (block === undefined || !pass.ownRecord) return null;
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
  const { tags, end: textAt } = tagsIn(bytes, data, dataEnd);
  const [own, asked, shown] = [tags.get(tag.record), tags.get(tag.brief), tags.get(tag.ipv4Destination)];
  const json = bytes.indexOf('{"schema":"arpwhy.decision/1","id":"', textAt);
  const behind = (text: string) => {
    const at = bytes.indexOf(text, json);
    return at < 0 ? -1 : at + text.length;
  };
  const [id, time, monotonicNs] = [behind('"id":"'), behind('"time":"'), behind('"monotonicNs":"')];
  const target = decision.request.target.ip;
  const info = tags.get(tag.infoColumn) ?? dataEnd;
  const texts = [bytes.indexOf('who-has ', info) + 8, behind('"target":{"ip":"')];
  const found =
    json === textAt &&
    (texts[0] as number) > info &&
    (texts[0] as number) < json &&
    id > 0 &&
    time > 0 &&
    monotonicNs > 0 &&
    frames.every((frame) => frame.found);
  if (!found || own === undefined || asked === undefined || shown === undefined) return null;
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
    record: own,
    id,
    time,
    monotonicNs,
    latency,
    targets,
    targetTexts: texts,
    asked: frames[0] && !frames[0].isReply ? frames[0].start + dataAt + addressesAt : null,
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
function tagsIn(bytes: Buffer, data: number, dataEnd: number): { tags: Map<number, number>; end: number } {
  const tags = new Map<number, number>();
  let at = data + sumBytes;
  for (; at + 4 <= dataEnd; at += 4 + bytes.readUInt16BE(at + 2)) {
    const code = bytes.readUInt16BE(at);
    if (code === tag.end) break;
    tags.set(code, at + 4);
  }
  return { tags, end: at + 4 };
}
