import { crc32 } from 'node:zlib';
import { tag } from './format.js';

/** A packet of the arpwhy interface, taken apart. The bytes are still the chunk's. */
export interface Parts {
  record: Buffer | null;
  firstRecord: Buffer | null;
  evidence: Buffer | null;
  part: { index: number; count: number } | null;
  /** The number by which later decisions refer to this one. */
  base: number | null;
  /** The number of the decision that this one is like. */
  alike: number | null;
  json: Buffer;
}

const sumBytes = 8;

/** Whether its checksum fits. */
export function isWhole(data: Buffer): boolean {
  return data.length >= sumBytes && crc32(data.subarray(sumBytes)) === data.readUInt32BE(4);
}

/** What filters ask for, where the packet bears it; cheap, and not checked. */
export function briefIn(data: Buffer): Buffer | null {
  if (data.length < sumBytes + 4 || data.readUInt16BE(sumBytes) !== tag.brief) return null;
  const length = data.readUInt16BE(sumBytes + 2);
  const at = sumBytes + 4;
  return at + length <= data.length ? data.subarray(at, at + length) : null;
}

/** Whether later decisions may refer to this one, where its brief ends; cheap, and not checked. */
export function isBase(data: Buffer, brief: Buffer): boolean {
  const at = sumBytes + 4 + brief.length;
  return at + 2 <= data.length && data.readUInt16BE(at) === tag.base;
}

/**
 * @param evidence also what the decision was made from; else that is null
 * @returns null when the checksum does not fit, or the tags do not end
 */
export function partsOf(data: Buffer, evidence: boolean): Parts | null {
  if (!isWhole(data)) return null;
  const parts: Parts = {
    record: null,
    firstRecord: null,
    evidence: null,
    part: null,
    base: null,
    alike: null,
    json: data,
  };
  let at = sumBytes;
  for (;;) {
    if (at + 4 > data.length) return null;
    const code = data.readUInt16BE(at);
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (end > data.length) return null;
    if (code === tag.end) {
      parts.json = data.subarray(end);
      return parts;
    }
    if (evidence || code >= tag.part) take(parts, code, data.subarray(at + 4, end));
    at = end;
  }
}

function take(parts: Parts, code: number, value: Buffer): void {
  switch (code) {
    case tag.record:
      parts.record = value;
      break;
    case tag.firstRecord:
      parts.firstRecord = value;
      break;
    case tag.evidence:
      parts.evidence = value;
      break;
    case tag.part:
      if (value.length >= 4) parts.part = { index: value.readUInt16BE(0), count: value.readUInt16BE(2) };
      break;
    case tag.base:
      if (value.length >= 2) parts.base = value.readUInt16BE(0);
      break;
    case tag.alike:
      if (value.length >= 2) parts.alike = value.readUInt16BE(0);
      break;
  }
}

/** Text of a tag: padded with 0 bytes. */
export function tagText(value: Buffer): string {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end--;
  return value.toString('utf8', 0, end);
}
