import Table from 'cli-table3';
import { foldUnknown } from '../../decision/fold.js';
import { justification } from '../../decision/groups.js';
import type { MarkCode } from '../../decision/tally/marks.js';
import type { Decision, DecisionStep, DeviceName, Tier, Verdict } from '../../decision/types.js';
import type { Accounts, EndEvent, StartEvent } from '../../stream/events.js';
import { agoText, rateText } from '../amounts.js';
import { some } from '../count.js';
import type { Glyphs } from '../glyphs.js';
import { widthOfText } from '../spans.js';
import { wrap } from '../wrap.js';
import { distinct, placeText, verdictText } from './columns.js';
import type { Item, Listing } from './listing.js';
import { markSentence, markWords } from './marks.js';
import { whyText } from './table.js';

export interface ReportOptions {
  glyphs: Glyphs;
  /** Milliseconds of the clock that the items were counted with. */
  now: number;
  columns: number;
}

/** What justified a row gets what the other columns and the borders leave, but not less than this. */
const leastWhy = 30;
const borders = 10;

/** One table for a terminal or a mail. */
export function tableReport(listing: Listing, options: ReportOptions): string {
  const { items, hidden } = listing;
  const table = new Table({
    head: ['who and what', 'how many', 'why'],
    style: { head: [], border: [] },
  });
  const rows = items.map((item) => cells(item, options));
  const widest = (at: number) =>
    Math.max(0, ...rows.flatMap((row) => (row[at] ?? '').split('\n').map((line) => widthOfText(line))));
  const width = Math.max(leastWhy, options.columns - borders - widest(0) - widest(1));
  for (const [what, much, why = ''] of rows) {
    const lines = why.split('\n').flatMap((line) => wrap(line, width));
    table.push([what, much, lines.join('\n')]);
  }
  const lines = items.length === 0 ? [] : [table.toString()];
  if (hidden.rows > 0) {
    const rows = some(hidden.rows, 'silent row');
    lines.push(`${rows} (${some(hidden.requests, 'request')}) not shown: --silent shows them`);
  }
  if (lines.length === 0) lines.push('No request was seen.');
  return `${lines.join('\n')}\n`;
}

function cells(
  { row, count, rate, targets, senders, lastMs, marks }: Item,
  options: ReportOptions,
): string[] {
  const { glyphs, now } = options;
  const a = rate === 0 ? '' : `, ${rateText(rate)}/s`;
  return [
    `${placeText(row, glyphs)}\n${verdictText(row)}`,
    [
      `${some(count, 'request')}${a}`,
      `${distinct(targets, 'target')}, ${distinct(senders, 'sender')}`,
      `last ${agoText(now - lastMs)} ago`,
    ].join('\n'),
    [whyText(row, glyphs), ...marks.map((mark) => markWords(mark, row.first))].join('\n'),
  ];
}

interface Moment {
  time: string;
  monotonicNs: string;
}

/** What a host answered for, as one object: `top --once --json`. */
export interface TopReport {
  schema: 'arpwhy.top/1';
  host: string;
  kernel: string;
  tier: Tier;
  /** When it ended. */
  time: string;
  monotonicNs: string;
  durationNs: number;
  accounts: Accounts;
  rows: TopReportRow[];
}

export interface TopReportRow {
  /** Null, as the device, where a row stands for several. */
  netns: Decision['netns'] | null;
  device: DeviceName | null;
  verdict: Omit<Verdict, 'deferredNs'>;
  because: DecisionStep | null;
  reply: { mac: string } | null;
  count: number;
  /** A second, over the last five. */
  rate: number;
  targets: { count: number; exact: boolean };
  senders: { count: number; exact: boolean };
  first: Moment;
  last: Moment;
  deferral: { count: number; minNs: number; maxNs: number } | null;
  marks: { code: MarkCode; text: string }[];
  /** How many justifications went up in this row, for there was no room for each; 0 in a row of its own. */
  merged: number;
  unknown: string[];
}

export function jsonReport(
  listing: Listing,
  start: StartEvent,
  end: Pick<EndEvent, 'time' | 'monotonicNs' | 'durationNs' | 'accounts'>,
): TopReport {
  return {
    schema: 'arpwhy.top/1',
    host: start.host,
    kernel: start.kernel,
    tier: start.tier,
    time: end.time,
    monotonicNs: end.monotonicNs,
    durationNs: end.durationNs,
    accounts: end.accounts,
    rows: listing.items.map(reportRow),
  };
}

function reportRow({ row, count, rate, targets, senders, marks }: Item): TopReportRow {
  const { first, last, merged, deferral } = row;
  const { action, reason, detail, candidates, evidence } = first.verdict;
  const alone = merged === 0;
  return {
    netns: alone ? last.netns : null,
    device: alone ? first.device : null,
    verdict: { action, reason, detail, candidates, evidence },
    because: alone ? justification(first) : null,
    reply: alone && first.reply ? { mac: first.reply.mac } : null,
    count,
    rate: Math.round(rate * 10) / 10,
    targets: { count: targets.size, exact: targets.complete },
    senders: { count: senders.size, exact: senders.complete },
    first: { time: first.time, monotonicNs: first.monotonicNs },
    last: { time: last.time, monotonicNs: last.monotonicNs },
    deferral: deferral.count > 0 ? { ...deferral } : null,
    marks: marks.map((mark) => ({ code: mark.code, text: markSentence(mark, row) })),
    merged,
    unknown: alone ? foldUnknown(first) : [],
  };
}
