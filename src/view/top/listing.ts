import { type DecisionFilter, passes } from '../../decision/filter.js';
import type { Counted } from '../../decision/tally/address-table.js';
import { type Mark, marksOf } from '../../decision/tally/marks.js';
import { type Order, type Ranked, sortRows } from '../../decision/tally/order.js';
import type { Row } from '../../decision/tally/row.js';
import type { Tally } from '../../decision/tally/tally.js';
import type { Decision, Prefix } from '../../decision/types.js';

/** What a line of the table stands for: a justification, or one address of it. */
export const groupings = ['justification', 'target', 'sender'] as const;
export type Grouping = (typeof groupings)[number];

export interface ListOptions {
  grouping: Grouping;
  order: Order;
  reversed: boolean;
  /** Show silent rows too; those that bear an alarm are shown anyway. */
  silent: boolean;
  /** Targets and senders are not looked at: who filters by them has counted only what passes. */
  filter: DecisionFilter;
  /** A row that was not seen for so long fades. */
  fadeMs: number;
  now: number;
  subnets(decision: Decision): readonly Prefix[] | null;
}

/** One line of the table, as it stood when it was listed: the row goes on counting. */
export interface Item extends Ranked {
  /** The same for as long as the tally lives. */
  key: string;
  marks: Mark[];
  targets: Distinct;
  senders: Distinct;
  /** In a listing by address: which one. */
  address: Counted | null;
}

/** How many different ones, or how many were kept apart of more. */
export interface Distinct {
  size: number;
  complete: boolean;
}

export interface Listing {
  items: Item[];
  /** Left out because they are silent. */
  hidden: { rows: number; requests: number };
  /** Addresses that are not in `items`, for there are too many. */
  unlisted: number;
}

/** More addresses are not listed at a time: nobody scrolls through them, and sorting takes its time. */
const mostItems = 20_000;

/** Rows as they are to be shown, sorted. */
export function listRows(tally: Tally, options: ListOptions): Listing {
  const { filter, now, fadeMs, subnets, order, reversed } = options;
  const ofRow: DecisionFilter = { ...filter, targets: [], senders: [] };
  const items: Item[] = [];
  const hidden = { rows: 0, requests: 0 };
  for (const row of tally.rows()) {
    if (!passes(row.first, ofRow)) continue;
    const marks = marksOf(row, { now, subnets, mayBeOld: tally.hasRestFor(row) });
    if (!options.silent && staysHidden(row, marks)) {
      hidden.rows++;
      hidden.requests += row.count;
      continue;
    }
    items.push({
      row,
      key: String(row.serial),
      count: row.count,
      lastMs: row.lastMs,
      rate: tally.rate(row, now),
      marks,
      weight: marks.reduce((sum, { weight }) => sum + weight, 0),
      faded: now - row.lastMs > fadeMs,
      targets: { size: row.targets.size, complete: row.targets.complete },
      senders: { size: row.senders.size, complete: row.senders.complete },
      address: null,
    });
  }
  if (options.grouping === 'justification') {
    return { items: sortItems(items, order, reversed), hidden, unlisted: 0 };
  }
  const { addresses, unlisted } = listAddresses(sortRows(items, 'alarm', false), options);
  return { items: sortItems(addresses, order, reversed), hidden, unlisted };
}

/** Sort what is listed already. */
export function sortItems(items: Item[], order: Order, reversed: boolean): Item[] {
  if (!items[0]?.address) return sortRows(items, order, reversed);
  const compare = addressComparisons[order] ?? addressComparisons.count;
  const sign = reversed ? -1 : 1;
  return items.sort((a, b) => sign * compare(a, b) || addressOf(a).ip - addressOf(b).ip);
}

const addressOf = (item: Item) => item.address as Counted;

/** Silence is the rule, unless an address that was answered is not answered any more. */
function staysHidden({ first }: Row, marks: readonly Mark[]): boolean {
  const { action, reason } = first.verdict;
  return action === 'silent' && reason !== 'unknown' && !marks.some(({ code }) => code === 'turned');
}

/** Each address of the rows, those of the first rows first where there are too many. */
function listAddresses(
  rows: readonly Item[],
  { grouping, now, fadeMs }: ListOptions,
): { addresses: Item[]; unlisted: number } {
  const addresses: Item[] = [];
  let unlisted = 0;
  for (const item of rows) {
    const table = grouping === 'target' ? item.row.targets : item.row.senders;
    if (addresses.length + table.size > mostItems) {
      unlisted += table.size;
      continue;
    }
    for (const address of table) {
      const { ip, count, lastMs } = address;
      const faded = now - lastMs > fadeMs;
      addresses.push({ ...item, key: `${item.key}/${ip}`, count, lastMs, faded, address });
    }
  }
  return { addresses, unlisted };
}

type Compare = (a: Item, b: Item) => number;

/** Of one address no rate is known, nor how many others stand behind it. */
const addressComparisons: Partial<Record<Order, Compare>> & { count: Compare } = {
  alarm: (a, b) => Number(a.faded) - Number(b.faded) || b.weight - a.weight || b.count - a.count,
  count: (a, b) => b.count - a.count,
  last: (a, b) => b.lastMs - a.lastMs,
  first: (a, b) => addressOf(b).firstMs - addressOf(a).firstMs,
  name: (a, b) => addressOf(a).ip - addressOf(b).ip,
};
