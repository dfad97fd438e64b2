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

/** "EPERM" for a negative errno. */
export function errnoName(status: number): string {
  return status < 0 ? getSystemErrorName(status) : String(status);
}
