import { type DecisionFilter, noFilter, passes } from '../../decision/filter.js';
import { Tally } from '../../decision/tally/tally.js';
import type { Decision } from '../../decision/types.js';
import type { StreamEvent } from '../../stream/events.js';
import type { TopSource } from './source.js';

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

  constructor(source: TopSource) {
    this.#source = source;
  }

  take(batch: readonly StreamEvent[]): void {
    const now = this.#source.now();
    for (const event of batch) {
      if (event.schema === 'arpwhy.decision/1') this.#count(event, now);
      else if (event.schema === 'arpwhy.lost/1') this.lost += event.count;
      else if (event.schema === 'arpwhy.end/1') this.lost = event.accounts.lost;
    }
  }

  /** To be called about once a second. */
  tick(): void {
    const now = this.#source.now();
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
    this.tally.tick(this.#source.now());
    for (const row of this.all.rows()) {
      for (const decision of row.recent) if (passes(decision, filter)) this.tally.add(decision, row.lastMs);
    }
    return true;
  }

  #count(decision: Decision, now: number): void {
    this.decisions++;
    this.last = decision;
    this.all.add(decision, now);
    if (this.tally !== this.all && passes(decision, this.#filter)) this.tally.add(decision, now);
  }
}
