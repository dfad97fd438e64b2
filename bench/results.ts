import { type Spread, spread } from './numbers.js';
import type { Measured, ToolResult } from './round.js';

/** The name of what every row is measured against. */
export const untraced = 'untraced';

/** A run of a row, and the runs without any tool right before and after it. */
export interface Run {
  round: number;
  row: string;
  measured: Measured;
  /** None yet, for the first of a round; for a row without a tool the one before. */
  base: Measured[];
}

/** Any machine may ask now and then. */
const handful = 100;

type Pick = (one: Measured) => number | null | undefined;

/** All that was measured in rounds. */
export class Results {
  readonly runs: Run[] = [];
  /** Rows that could not be measured here, with the reason. */
  readonly skipped = new Map<string, string>();

  /** One round, in the order in which it ran. */
  addRound(round: number, sequence: readonly { row: string; measured: Measured }[]): void {
    for (const [i, { row, measured }] of sequence.entries()) {
      const before = sequence.slice(0, i).findLast((one) => one.row === untraced);
      const after = row === untraced ? undefined : sequence.slice(i).find((one) => one.row === untraced);
      const base = [before, after].flatMap((one) => (one ? [one.measured] : []));
      this.runs.push({ round, row, measured, base });
    }
  }

  spread(row: string, pick: Pick): Spread | null {
    const values = this.runs.filter((run) => run.row === row).map(({ measured }) => pick(measured));
    return spread(values.filter((value) => value !== null && value !== undefined));
  }

  tool(row: string, pick: (tool: ToolResult) => number | null): Spread | null {
    return this.spread(row, ({ tool }) => (tool ? pick(tool) : null));
  }

  /** The part of the time of untraced runs in which something else had the generator's CPU: the worst of them. */
  disturbance(): number {
    const runs = this.runs.filter(({ row }) => row === untraced).map(({ measured }) => measured.arp);
    return Math.max(0, ...runs.map(({ waited, seconds }) => waited / seconds));
  }

  /** Requests that a tool saw beyond those that were sent: the most of them, where they are more than a handful. */
  strangeRequests(): number {
    const more = this.runs.flatMap(({ measured: { tool } }) =>
      tool ? [tool.delivered + tool.lost - tool.requests] : [],
    );
    const most = Math.max(0, ...more);
    return most > handful ? most : 0;
  }

  /** Each run against the runs without a tool right before and after it. */
  ratio(row: string, pick: Pick): Spread | null {
    const ratios = this.runs
      .filter((run) => run.row === row)
      .flatMap(({ measured, base }) => {
        const value = pick(measured);
        const of = base.map(pick).filter((one) => one !== null && one !== undefined);
        if (value === null || value === undefined || of.length === 0) return [];
        return [(value * of.length) / of.reduce((sum, one) => sum + one)];
      });
    return spread(ratios);
  }
}
