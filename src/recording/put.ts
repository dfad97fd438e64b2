import type { SecondsText } from '../decision/seconds.js';
import type { Ipv4 } from '../decision/types.js';

/** Short things put into a block: a call into the runtime for each would take longer. */

/** Nanoseconds since 1970, as a packet's head has them. */
export function setTime(view: DataView, at: number, ns: bigint): void {
  scratch.setBigUint64(0, ns);
  view.setUint32(at, scratch.getUint32(0), true);
  view.setUint32(at + 4, scratch.getUint32(4), true);
}

export function setPacketId(view: DataView, at: number, id: number): void {
  view.setUint32(at, id >>> 0, true);
  view.setUint32(at + 4, Math.floor(id / 2 ** 32), true);
}

/** ASCII. */
export function setText(into: Buffer, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
}

/** -1 for a time that is not told with nine digits. */
export function secondsLength(seconds: SecondsText, ns: bigint): number {
  return seconds.within(ns) < 0 ? -1 : seconds.text.length + 9 + seconds.end.length;
}

/** A time whose {@link secondsLength} is known. */
export function setSeconds(into: Buffer, at: number, seconds: SecondsText, ns: bigint): void {
  let within = seconds.within(ns);
  const { text, end } = seconds;
  setText(into, at, text);
  for (let place = at + text.length + 8; place >= at + text.length; place--) {
    const above = Math.floor(within / 10);
    into[place] = zero + within - 10 * above;
    within = above;
  }
  setText(into, at + text.length + 9, end);
}

/** Of an address in dotted decimal. */
export function addressLength(ip: Ipv4): number {
  let length = 7;
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (ip >>> shift) & 0xff;
    length += byte < 10 ? 0 : byte < 100 ? 1 : 2;
  }
  return length;
}

export function setAddress(into: Buffer, at: number, ip: Ipv4): void {
  let place = at;
  for (let shift = 24; shift >= 0; shift -= 8) {
    const byte = (ip >>> shift) & 0xff;
    if (byte >= 100) into[place++] = zero + Math.floor(byte / 100);
    if (byte >= 10) into[place++] = zero + (Math.floor(byte / 10) % 10);
    into[place++] = zero + (byte % 10);
    if (shift > 0) into[place++] = dot;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const zero = 0x30;
const dot = 0x2e;
