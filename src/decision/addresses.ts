import type { Ipv4, Prefix } from './types.js';

/** 0xc0000201 → "192.0.2.1" */
export function formatIp(ip: Ipv4): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

const [dot, zero, nine] = ['.', '0', '9'].map((character) => character.charCodeAt(0)) as [
  number,
  number,
  number,
];

/** "192.0.2.1" → 0xc0000201; null when it is not a dotted quad. Called for each decision: it makes no other text. */
export function parseIp(text: string): Ipv4 | null {
  let ip = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= zero && code <= nine) {
      part = part * 10 + code - zero;
      if (++digits > 3 || part > 255) return null;
    } else if (code === dot && digits > 0) {
      ip = ip * 256 + part;
      part = 0;
      digits = 0;
      dots++;
    } else {
      return null;
    }
  }
  return dots === 3 && digits > 0 ? ip * 256 + part : null;
}

/** "192.0.2.0/24", "192.0.2.1" (a /32) or "default" → prefix; null when it is none or has host bits set. */
export function parsePrefix(text: string): Prefix | null {
  if (text === 'default' || text === 'all' || text === 'any') return { ip: 0, length: 0 };
  const [address = '', bits = '32', ...rest] = text.split('/');
  const ip = parseIp(address);
  if (ip === null || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return null;
  const length = Number(bits);
  return (ip & ~mask(length)) >>> 0 === 0 ? { ip, length } : null;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.ip)}/${prefix.length}`;
}

export function mask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

export function contains(prefix: Prefix, ip: Ipv4): boolean {
  return ((ip ^ prefix.ip) & mask(prefix.length)) === 0;
}

/** ipv4_is_multicast: 224/4 */
export const isMulticast = (ip: Ipv4) => ip >>> 28 === 0xe;
/** ipv4_is_loopback: 127/8 */
export const isLoopback = (ip: Ipv4) => ip >>> 24 === 127;
/** ipv4_is_zeronet: since 5.3 no more than 0.0.0.0, the rest of 0/8 is like any other address */
export const isZeronet = (ip: Ipv4) => ip === 0;
/** ipv4_is_lbcast */
export const isLimitedBroadcast = (ip: Ipv4) => ip === 0xffffffff;
