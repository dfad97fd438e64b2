import { type DecisionFilter, noFilter, passes } from '../../decision/filter.js';
import { Tally } from '../../decision/tally/tally.js';
import type { Decision } from '../../decision/types.js';
import type { StreamEvent } from '../../stream/events.js';
import type { TopSource } from './source.js';

/** The clock is read once for so many decisions: it costs as much as counting one. */
const decisionsPerReading = 64;

/** Counts what comes from a source: all of it, and beside it, where addresses are filtered, what passes. */
export class Counter {
  readonly all = new Tally();
  /** What passes the filter; the same as `all` where no address is filtered. */
  tally = this.all;
  lost = 0;
  /** The newest decision, and how many there were. */
  last: Decision | null = null;
  decisions = 0;
  readonly #source: TopSource;
  #filter: DecisionFilter = noFilter;
  #now: number;

  constructor(source: TopSource) {
    this.#source = source;
    this.#now = source.now();
  }

  take(event: StreamEvent): void {
    if (event.schema === 'arpwhy.decision/1') {
      if (this.decisions % decisionsPerReading === 0) this.#now = this.#source.now();
      this.decisions++;
      this.last = event;
      this.all.add(event, this.#now);
      if (this.tally !== this.all && passes(event, this.#filter)) this.tally.add(event, this.#now);
    } else if (event.schema === 'arpwhy.lost/1') {
      this.lost += event.count;
    } else if (event.schema === 'arpwhy.end/1') {
      this.lost = event.accounts.lost;
    }
  }

  /** To be called about once a second. */
  tick(): void {
    this.#now = this.#source.now();
    this.all.tick(this.#now);
    if (this.tally !== this.all) this.tally.tick(this.#now);
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
    this.tally.tick(this.#source.now());
    for (const row of this.all.rows()) {
      for (const decision of row.recent) if (passes(decision, filter)) this.tally.add(decision, row.lastMs);
    }
    return true;
  }
}
