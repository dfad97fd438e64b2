import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';

/** Ties CLOCK_MONOTONIC, the kernel's time in every record, to the time of day. */
export class Clock {
  /** Nanoseconds since 1970 at CLOCK_MONOTONIC 0. */
  readonly offsetNs: bigint;

  constructor(offsetNs: bigint) {
    this.offsetNs = offsetNs;
  }

  /** Reads both clocks at the turn of a millisecond: good to some microseconds, takes one millisecond at most. */
  static now(): Clock {
    const before = Date.now();
    let wall = before;
    while (wall === before) wall = Date.now();
    return new Clock(BigInt(wall) * 1_000_000n - process.hrtime.bigint());
  }

  /** "2026-11-22T03:33:01.123456789Z" */
  format(monotonicNs: bigint): string {
    const ns = monotonicNs + this.offsetNs;
    const seconds = ns / 1_000_000_000n;
    const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    return `${text}.${(ns % 1_000_000_000n).toString().padStart(9, '0')}Z`;
  }
}

export interface HostIdentity {
  /** Short and unlike others': "node0-4f1c". */
  host: string;
  hostname: string;
  bootId: string;
  kernel: string;
}

export function identifyHost(): HostIdentity {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const name = hostname();
  return { host: `${name.split('.')[0]}-${bootId.slice(0, 4)}`, hostname: name, bootId, kernel: release() };
}
