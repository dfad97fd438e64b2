import type { Pass } from '../decision/types.js';
import { type Generation, sameStamps } from '../kernel/generation.js';

/**
 * How long a change may be half done: the kernel publishes a new route before it counts it, and counts a deletion
 * before it unlinks the route. Both take microseconds; a task that is interrupted in between, milliseconds.
 */
export const settleNs = 4_000_000n;

/** Older readings serve no pass that can still come. */
const keptIntervals = 64;

interface Interval {
  generation: Generation;
  /** What is said of a pass that it covers. */
  held: Cover;
  /** The first and the last reading that showed it, CLOCK_MONOTONIC. */
  from: bigint;
  to: bigint;
  /** A pass that began then, or later, and ended before the other one, is covered: each with time to settle. */
  settled: bigint;
  covered: bigint;
}

export type Cover =
  | { state: 'held'; generation: Generation }
  /** Held so far: a later reading will tell. */
  | { state: 'wait' }
  /** Something moved, or nobody looked: nothing can be proven any more. */
  | { state: 'moved' };

const waits: Cover = { state: 'wait' };
const hasMoved: Cover = { state: 'moved' };

/** The generations that one namespace was seen in, reading after reading. */
export class History {
  #intervals: Interval[] = [];

  add(generation: Generation): void {
    const last = this.#intervals.at(-1);
    if (last && last.generation.key === generation.key) {
      last.to = generation.ns;
      last.covered = generation.ns - settleNs;
      return;
    }
    this.#intervals.push({
      generation,
      held: { state: 'held', generation },
      from: generation.ns,
      to: generation.ns,
      settled: generation.ns + settleNs,
      covered: generation.ns - settleNs,
    });
    if (this.#intervals.length > keptIntervals) this.#intervals.shift();
  }

  get latest(): Generation | null {
    return this.#intervals.at(-1)?.generation ?? null;
  }

  /** When one key was last seen before another one came: the change lies between. Null when it was not seen. */
  moved(before: string, after: string): { afterNs: bigint; beforeNs: bigint } | null {
    const last = this.#intervals.findLastIndex((interval) => interval.generation.key === before);
    const next = this.#intervals.findIndex((one, i) => i > last && one.generation.key === after);
    const [from, to] = [this.#intervals[last], this.#intervals[next]];
    return from && to ? { afterNs: from.to, beforeNs: to.from } : null;
  }

  /** When a key was seen last; null when it was not, or that is forgotten. */
  lastSeen(key: string): bigint | null {
    return this.#intervals.findLast(({ generation }) => generation.key === key)?.to ?? null;
  }

  /** Whether the latest generation was seen again, long enough after it or `from` that it has settled. */
  heldSince(from: bigint): boolean {
    const last = this.#intervals.at(-1);
    if (!last) return true;
    const since = last.from > from ? last.from : from;
    return last.to > since + settleNs;
  }

  /**
   * Whether all readings of a stretch of time show the same key, or the same part of it. What was read from the
   * host in that stretch is proven by it, with the time that a change may take on both sides.
   */
  holds(part: 'key' | 'rulesKey', value: string, from: bigint, to: bigint): Cover['state'] {
    const first = this.#intervals.findLastIndex((interval) => interval.from <= from - settleNs);
    if (first < 0) return 'moved';
    for (let i = first; i < this.#intervals.length; i++) {
      const interval = this.#intervals[i] as Interval;
      if (interval.generation[part] !== value) return 'moved';
      if (interval.to >= to + settleNs) return 'held';
    }
    return 'wait';
  }

  /** Whether one generation held all through a pass, with the time that a change may take on both sides. */
  covers(pass: Pass): Cover {
    const { startNs } = pass;
    if (startNs === null) return hasMoved;
    const interval = this.#intervals.findLast(({ settled }) => settled <= startNs);
    if (!interval) return hasMoved;
    if (pass.stampsMoved || !sameStamps(pass.stamps, interval.generation.stamps)) return hasMoved;
    if (interval.covered >= pass.endNs) return interval.held;
    return interval === this.#intervals.at(-1) ? waits : hasMoved;
  }
}
