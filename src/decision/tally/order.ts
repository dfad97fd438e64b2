import type { Row } from './row.js';

/** What rows can be sorted by; `alarm` puts first what matters first. */
export const orders = ['alarm', 'rate', 'count', 'targets', 'senders', 'last', 'first', 'name'] as const;
export type Order = (typeof orders)[number];

/** A row with what was worked out of it for one moment. */
export interface Ranked {
  row: Row;
  count: number;
  lastMs: number;
  targets: { size: number };
  senders: { size: number };
  rate: number;
  /** Of its marks together. */
  weight: number;
  /** It was not seen for a while. */
  faded: boolean;
}

/** Sorts in place: the first of an order first, rows that are alike in the order in which they appeared. */
export function sortRows<T extends Ranked>(rows: T[], order: Order, reversed: boolean): T[] {
  const compare = comparisons[order];
  const sign = reversed ? -1 : 1;
  return rows.sort((a, b) => sign * compare(a, b) || a.row.serial - b.row.serial);
}

const comparisons: Record<Order, (a: Ranked, b: Ranked) => number> = {
  // rates jump: rows would too, if each request more or less counted
  alarm: (a, b) =>
    Number(a.faded) - Number(b.faded) ||
    b.weight - a.weight ||
    rank(a.row) - rank(b.row) ||
    magnitude(b.rate) - magnitude(a.rate) ||
    b.count - a.count,
  rate: (a, b) => b.rate - a.rate,
  count: (a, b) => b.count - a.count,
  targets: (a, b) => b.targets.size - a.targets.size,
  senders: (a, b) => b.senders.size - a.senders.size,
  last: (a, b) => b.lastMs - a.lastMs,
  first: (a, b) => b.row.firstMs - a.row.firstMs,
  name: (a, b) => compareText(nameOf(a.row), nameOf(b.row)),
};

/** An answer for an address of its own is what a host is for. */
function rank({ first }: Row): number {
  const { action, reason } = first.verdict;
  if (reason === 'unknown') return 1;
  if (action === 'replied') return reason === 'local-address' ? 3 : 0;
  return action === 'dropped' ? 2 : 4;
}

function magnitude(rate: number): number {
  return rate < 1 ? 0 : Math.floor(Math.log10(rate)) + 1;
}

function nameOf({ first }: Row): string {
  return `${first.netns.name ?? ''} ${first.device.name ?? first.device.index} ${first.verdict.reason}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
