import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';

const second = 1_000_000_000n;

/** Ties CLOCK_MONOTONIC, the kernel's time in every record, to the time of day. */
export class Clock {
  /** Nanoseconds since 1970 at CLOCK_MONOTONIC 0. */
  readonly offsetNs: bigint;
  readonly #wall: Seconds;
  readonly #monotonic = new Seconds(0n, (ns) => String(ns / second), '');

  constructor(offsetNs: bigint) {
    this.offsetNs = offsetNs;
    const told = (ns: bigint) => `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}.`;
    this.#wall = new Seconds(offsetNs, told, 'Z');
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
    return this.#wall.text(monotonicNs);
  }

  /** "2769098612439" */
  digits(monotonicNs: bigint): string {
    return monotonicNs < second ? String(monotonicNs) : this.#monotonic.text(monotonicNs);
  }
}

/** Times as text with nine digits of nanoseconds. Most are of the same second as the one before, which is told once. */
class Seconds {
  readonly #offsetNs: bigint;
  readonly #told: (secondNs: bigint) => string;
  readonly #end: string;
  /** When the second began, by the clock of what is asked for. */
  #start = -second;
  #text = '';

  /**
   * @param offsetNs between the clock of what is asked for and the one that tells
   * @param told what a whole second is called, by its first nanosecond
   * @param end what comes behind
   */
  constructor(offsetNs: bigint, told: (secondNs: bigint) => string, end: string) {
    this.#offsetNs = offsetNs;
    this.#told = told;
    this.#end = end;
  }

  text(ns: bigint): string {
    let within = Number(ns - this.#start);
    if (within < 0 || within >= 1e9) {
      const told = ns + this.#offsetNs;
      const start = told - (told % second);
      this.#text = this.#told(start);
      this.#start = start - this.#offsetNs;
      within = Number(ns - this.#start);
    }
    return this.#text + String(1e9 + within).slice(1) + this.#end;
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
