import { formatIp } from '../../decision/addresses.js';
import type { Counted } from '../../decision/tally/address-table.js';
import type { Order } from '../../decision/tally/order.js';
import type { Row } from '../../decision/tally/row.js';
import { agoText, amountText, rateText } from '../amounts.js';
import type { Glyphs } from '../glyphs.js';
import { nameText, widthOfText } from '../spans.js';
import { actionFormats, type Format } from '../style.js';
import { TimeColumn } from '../time.js';
import type { Distinct, Grouping, Item } from './listing.js';

/** A column of the table. */
export interface Column {
  title: string;
  width: number;
  align: 'left' | 'right';
  /** What sorts by it. */
  order: Order | null;
  text(item: Item): string;
  format?(item: Item): Format | undefined;
}

export interface ColumnOptions {
  columns: number;
  glyphs: Glyphs;
  grouping: Grouping;
  utc: boolean;
  now: number;
  order: Order;
}

/** These are as wide as they are, up to this share of the screen; a device's name has 15 bytes. */
const mostNamespaceShare = 0.25;
const mostVerdictShare = 0.35;
const mostDeviceWidth = 15;
/** However narrow the terminal is, so much of a column stays. */
const leastWidth = 6;
/** In front of every line: what is chosen, what is marked, a blank. */
export const gutter = 3;

/** The columns that fit, for these lines: those that matter least are left out, those that can be narrower are. */
export function columnsFor(items: readonly Item[], options: ColumnOptions): Column[] {
  const { columns, glyphs, grouping } = options;
  // beside those that have names, one without is not left to be guessed
  const namespace = words(
    'NAMESPACE',
    Math.floor(columns * mostNamespaceShare),
    'name',
    ({ row }) => namespaceText(row, glyphs) || (row.merged > 0 ? '' : String(row.last.netns.inode)),
  );
  const device = words('DEVICE', mostDeviceWidth, null, ({ row }) => deviceText(row, glyphs));
  // where no namespace has a name, there is nothing to tell apart
  const place = items.some(({ row }) => row.first.netns.name !== null) ? [namespace, device] : [device];
  const verdict = words('VERDICT', Math.floor(columns * mostVerdictShare), null, ({ row }) =>
    verdictText(row),
  );
  verdict.format = ({ row }) => actionFormats[row.first.verdict.action];
  // addresses have a name of their own
  if (grouping !== 'justification') namespace.order = null;
  const [wanted, optional] =
    grouping === 'justification'
      ? [
          [...place, verdict, ...countsOfRows()],
          [macColumn(), delayColumn()],
        ]
      : [[addressColumn(grouping), ...place, verdict, ...countsOfAddresses(grouping)], []];
  const all = [...wanted, lastColumn(options), firstColumn(options), ...optional];
  for (const column of all) {
    const widest = items.reduce((width, item) => Math.max(width, widthOfText(column.text(item))), 0);
    // beside the title of the column that is sorted by stands a sign
    const title = column.title.length + (column.order === options.order ? 1 : 0);
    column.width = Math.max(title, Math.min(column.width, widest));
  }
  const kept = all.slice(0, wanted.length + 1);
  for (const column of all.slice(kept.length)) {
    if (total([...kept, column]) <= columns) kept.push(column);
  }
  shrink([namespace, verdict], total(kept) - columns);
  shrink([device], total(kept) - columns);
  return kept;
}

/** "node0 bond0.90" */
export function placeText(row: Row, glyphs: Glyphs): string {
  return [namespaceText(row, glyphs), deviceText(row, glyphs)].filter((text) => text !== '').join(' ');
}

function namespaceText({ last: { netns }, merged }: Row, glyphs: Glyphs): string {
  return merged > 0 || netns.name === null ? '' : nameText(netns.name, glyphs);
}

function deviceText({ first: { device }, merged }: Row, glyphs: Glyphs): string {
  return merged > 0 ? '(several)' : nameText(device.name ?? String(device.index), glyphs);
}

/** "REPLIED proxy-arp"; silence is not in capitals. */
export function verdictText({ first: { verdict } }: Row): string {
  const action = verdict.action === 'silent' ? 'silent' : verdict.action.toUpperCase();
  return `${action} ${verdict.reason}${verdict.detail === null ? '' : ` (${verdict.detail})`}`;
}

/** "12-780ms": how long requests were deferred; '' where none was. */
export function deferralText({ deferral }: Row): string {
  if (deferral.count === 0) return '';
  const [least, most] = [deferral.minNs, deferral.maxNs].map((ns) => Math.round(ns / 1e6));
  return least === most ? `${least}ms` : `${least}-${most}ms`;
}

/** "16,384+": only so many are kept apart, and there were more. */
export function distinctText({ size, complete }: Distinct): string {
  return `${amountText(size)}${complete ? '' : '+'}`;
}

/** "16,384+ targets" */
export function distinct(of: Distinct, thing: string): string {
  return `${distinctText(of)} ${thing}${of.size === 1 ? '' : 's'}`;
}

/** A column of words, no wider than `width`. */
function words(title: string, width: number, order: Order | null, text: Column['text']): Column {
  return { title, width, align: 'left', order, text };
}

/** A column of numbers: as wide as they are, for a number that is cut is another one. */
function numbers(title: string, order: Order | null, text: Column['text']): Column {
  return { title, width: Number.POSITIVE_INFINITY, align: 'right', order, text };
}

const countColumn = () => numbers('COUNT', 'count', ({ count }) => amountText(count));

function countsOfRows(): Column[] {
  return [
    countColumn(),
    numbers('/S', 'rate', ({ rate }) => rateText(rate)),
    numbers('TARGETS', 'targets', ({ targets }) => distinctText(targets)),
    numbers('SENDERS', 'senders', ({ senders }) => distinctText(senders)),
  ];
}

const macColumn = () => numbers('IS-AT', null, ({ row }) => row.first.reply?.mac ?? '');
const delayColumn = () => numbers('DELAY', null, ({ row }) => deferralText(row));

const ipWidth = '255.255.255.255'.length;

function addressColumn(grouping: Grouping): Column {
  return words(grouping.toUpperCase(), ipWidth, 'name', ({ address }) => formatIp((address as Counted).ip));
}

function countsOfAddresses(grouping: Grouping): Column[] {
  const title = grouping === 'target' ? 'LATEST BY' : 'LATEST FOR';
  return [countColumn(), words(title, ipWidth, null, ({ address }) => formatIp((address as Counted).peer))];
}

function lastColumn({ now }: ColumnOptions): Column {
  return numbers('LAST', 'last', ({ lastMs }) => agoText(now - lastMs));
}

function firstColumn({ utc, now }: ColumnOptions): Column {
  return numbers('FIRST', 'first', ({ row, address }) =>
    address
      ? agoText(now - address.firstMs)
      : new TimeColumn(utc).show(row.first.time).clock.slice(0, 'hh:mm:ss'.length),
  );
}

const gap = 1;

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + gap, gutter - gap);
}

/** What is too much goes off the widest first, but each keeps something. */
function shrink(columns: readonly Column[], excess: number): void {
  for (let left = excess; left > 0; left--) {
    const widest = columns.reduce((a, b) => (b.width > a.width ? b : a));
    if (widest.width <= leastWidth) return;
    widest.width--;
  }
}
