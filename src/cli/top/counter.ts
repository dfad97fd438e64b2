import { type DecisionFilter, noFilter, passes } from '../../decision/filter.js';
import { Tally } from '../../decision/tally/tally.js';
import type { Decision } from '../../decision/types.js';
import type { ChangeEvent } from '../../stream/events.js';
import type { Moment } from './source.js';

/** Rates are taken from tick to tick. */
const tickMs = 1000;

/** Counts what comes from a source: all of it, and beside it, where addresses are filtered, what passes. */
export class Counter {
  all = new Tally();
  /** What passes the filter; the same as `all` where no address is filtered. */
  tally = this.all;
  lost = 0;
  /** The newest decision, and how many there were. */
  last: Decision | null = null;
  decisions = 0;
  /** What moved on the host at last, where the source tells of it. */
  change: ChangeEvent | null = null;
  #filter: DecisionFilter = noFilter;
  #now = Number.NEGATIVE_INFINITY;
  #tickedMs = Number.NEGATIVE_INFINITY;

  /** Count from nothing. */
  restart(): void {
    this.all = new Tally();
    this.#now = Number.NEGATIVE_INFINITY;
    this.#tickedMs = Number.NEGATIVE_INFINITY;
    this.lost = 0;
    this.last = null;
    this.decisions = 0;
    this.change = null;
    this.filter(this.#filter);
  }

  take({ now, events }: Moment): void {
    this.advance(now);
    for (const event of events) {
      if (event.schema === 'arpwhy.decision/1') this.#count(event);
      else if (event.schema === 'arpwhy.lost/1') this.lost += event.count;
      else if (event.schema === 'arpwhy.change/1') this.change = event;
    }
  }

  /** Time goes on, whether anything comes or not. */
  advance(now: number): void {
    if (now <= this.#now) return;
    this.#now = now;
    if (now - this.#tickedMs < tickMs) return;
    this.#tickedMs = now;
    this.all.tick(now);
    if (this.tally !== this.all) this.tally.tick(now);
  }

  /**
   * Count anew what passes, where it depends on addresses: counts of rows do not tell. It begins with the decisions
   * that rows have kept, so that there is something to see.
   * @returns whether it counts anew
   */
  filter(filter: DecisionFilter): boolean {
    this.#filter = filter;
    if (filter.targets.length === 0 && filter.senders.length === 0) {
      this.tally = this.all;
      return false;
    }
    this.tally = new Tally();
    for (const { decision, atMs } of keptIn(this.all)) {
      if (passes(decision, filter)) this.tally.add(decision, atMs);
    }
    // after them: they are no part of the rate
    if (Number.isFinite(this.#now)) this.tally.tick(this.#now);
    return true;
  }

  #count(decision: Decision): void {
    this.decisions++;
    this.last = decision;
    this.all.add(decision, this.#now);
    if (this.tally !== this.all && passes(decision, this.#filter)) this.tally.add(decision, this.#now);
  }
}

/** What rows have kept, in the order in which it came, each with its time by the tally's clock. */
function keptIn(tally: Tally): { decision: Decision; atMs: number }[] {
  const kept = [...tally.rows()].flatMap(({ recent, last, lastMs }) =>
    recent.map((decision) => ({
      decision,
      atMs: lastMs - Number(BigInt(last.monotonicNs) - BigInt(decision.monotonicNs)) / 1e6,
    })),
  );
  return kept.sort((a, b) => a.atMs - b.atMs);
}
