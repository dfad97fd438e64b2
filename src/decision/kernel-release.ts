import type { SettingName } from './types.js';

/** Settings whose `all` this kernel does not read: before 5.11 it is there and does nothing. */
export function deviceAlone(release: string): ReadonlySet<SettingName> {
  return isBefore(release, 5, 11) ? new Set(['proxy_arp_pvlan']) : new Set();
}

/** @param release as `uname -r` prints it; what is none is before nothing */
export function isBefore(release: string, major: number, minor: number): boolean {
  const [, a, b] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return a !== undefined && (Number(a) < major || (Number(a) === major && Number(b) < minor));
}
