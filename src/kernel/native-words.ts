import { getSystemErrorName } from 'node:util';
import type { NativeLibrary } from './library.js';

/** What libbpf has said since the last call. */
export function takeLog(native: NativeLibrary): string {
  const text = Buffer.alloc(65536);
  const length = native.arpwhy_log(text, text.length);
  return text.toString('utf8', 0, length);
}

/** The end of a log says what is wrong. */
export function lastLine(log: string): string {
  return log.trim().split('\n').at(-1) ?? '';
}

/** The kernel's own, which has no name in user space: what a function's number of arguments leads to, before 6.12. */
const notSupported = -524;

/** "EPERM" for a negative errno. */
export function errnoName(status: number): string {
  if (status === notSupported) return 'ENOTSUPP';
  return status < 0 ? getSystemErrorName(status) : String(status);
}
