import { part, record, wait } from './layout.js';

/** A wire record is its head, a body that it may share with others, and with some what is of this pass alone again. */

/** Whether it is long enough for its head and what else it says to bear: else nothing is to be read from it. */
export function isRecord(bytes: Buffer): boolean {
  return (
    bytes.length >= record.bytes && bytes.length >= record.bytes + (bears(bytes, part.wait) ? wait.bytes : 0)
  );
}

/** The record with the body that it refers to; itself where it has one. */
export function wholeRecord(own: Buffer, body: Uint8Array): Buffer {
  if (bears(own, part.body)) return own;
  const whole = Buffer.concat([own.subarray(0, record.bytes), body, own.subarray(record.bytes)]);
  mark(whole, own.readUInt8(record.parts) | part.body);
  return whole;
}

/** The record without its body; itself where it has none. */
export function ownRecord(whole: Buffer): Buffer {
  if (!bears(whole, part.body)) return whole;
  const own = Buffer.concat([whole.subarray(0, record.bytes), whole.subarray(bodyEnd(whole))]);
  mark(own, whole.readUInt8(record.parts) & ~part.body);
  return own;
}

/** The body of a whole record. */
export function bodyOf(whole: Buffer): Buffer {
  return whole.subarray(record.bytes, bodyEnd(whole));
}

function bodyEnd(whole: Buffer): number {
  return bears(whole, part.wait) ? whole.length - wait.bytes : whole.length;
}

function bears(bytes: Buffer, what: number): boolean {
  return (bytes.readUInt8(record.parts) & what) !== 0;
}

function mark(bytes: Buffer, parts: number): void {
  bytes.writeUInt32LE(bytes.length, record.size);
  bytes.writeUInt8(parts, record.parts);
}
