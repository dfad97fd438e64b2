import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { type SecondsText, textOf } from '../decision/seconds.js';

const second = 1_000_000_000n;

/** Ties CLOCK_MONOTONIC, the kernel's time in every record, to the time of day. */
export class Clock {
  /** Nanoseconds since 1970 at CLOCK_MONOTONIC 0. */
  readonly offsetNs: bigint;
  readonly wall: SecondsText;
  readonly monotonic: SecondsText = new Seconds(0n, (ns) => String(ns / second), '', second);

  constructor(offsetNs: bigint) {
    this.offsetNs = offsetNs;
    const told = (ns: bigint) => `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}.`;
    this.wall = new Seconds(offsetNs, told, 'Z');
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
    return textOf(this.wall, monotonicNs);
  }

  /** "2769098612439" */
  digits(monotonicNs: bigint): string {
    return textOf(this.monotonic, monotonicNs);
  }
}

/** Most times are of the same second as the one before, which is told once. */
class Seconds implements SecondsText {
  readonly end: string;
  text = '';
  readonly #offsetNs: bigint;
  readonly #told: (secondNs: bigint) => string;
  readonly #leastNs: bigint;
  /** When the second began, by the clock of what is asked for. */
  #start = -second;

  /**
   * @param offsetNs between the clock of what is asked for and the one that tells
   * @param told what a whole second is called, by its first nanosecond
   * @param end what comes behind
   * @param leastNs what is less has fewer digits
   */
  constructor(
    offsetNs: bigint,
    told: (secondNs: bigint) => string,
    end: string,
    leastNs: bigint | null = null,
  ) {
    this.#offsetNs = offsetNs;
    this.#told = told;
    this.end = end;
    this.#leastNs = leastNs ?? -offsetNs;
  }

  within(ns: bigint): number {
    const within = Number(ns - this.#start);
    if (within >= 0 && within < 1e9) return within;
    if (ns < this.#leastNs) return -1;
    const told = ns + this.#offsetNs;
    const start = told - (told % second);
    this.text = this.#told(start);
    this.#start = start - this.#offsetNs;
    return Number(ns - this.#start);
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
