import { formatIp } from '../../decision/addresses.js';
import { justification } from '../../decision/groups.js';
import { reason as reasonOf, unknownSentence } from '../../decision/reasons.js';
import type { AddressTable } from '../../decision/tally/address-table.js';
import type { Mark } from '../../decision/tally/marks.js';
import type { Row } from '../../decision/tally/row.js';
import type { Decision } from '../../decision/types.js';
import { rateText } from '../amounts.js';
import { countText, some } from '../count.js';
import { escapeText } from '../escape.js';
import { becauseOfSetting, becauseText, notProvenText, settingText, triedText } from '../explain.js';
import type { Glyphs } from '../glyphs.js';
import { LineView } from '../line.js';
import { nameText } from '../spans.js';
import { TimeColumn } from '../time.js';
import { wrap } from '../wrap.js';
import { deferralText, distinct } from './columns.js';
import { markSentence } from './marks.js';

/** What is known of a row at one moment: the table goes on. */
export interface RowDetail {
  rows: readonly [label: string, text: string][];
  title: string;
  /** The newest first. */
  decisions: readonly Decision[];
  utc: boolean;
}

/** Of the addresses of a row, so many are named. */
const mostNamed = 12;
const indent = ' '.repeat(10);

/** All that is known of a row, for one who wants to know why. */
export function rowDetail(
  row: Row,
  { rate, marks, utc }: { rate: number; marks: readonly Mark[]; utc: boolean },
): RowDetail {
  const rows: [string, string][] = [
    ...whyRows(row),
    ...marks.map((mark): [string, string] => ['!', markSentence(mark, row)]),
    ...countRows(row, rate, utc),
    ...adviceRows(row),
    ['targets', addressesText(row.targets)],
    ['senders', addressesText(row.senders)],
  ];
  return { rows, title: recentTitle(row), decisions: row.recent.toReversed(), utc };
}

/** Lines that fit, with nothing to be escaped any more. */
export function detailLines(
  { rows, title, decisions, utc }: RowDetail,
  { columns, glyphs }: { columns: number; glyphs: Glyphs },
): string[] {
  const lines = rows.flatMap(([label, text]) => {
    const [first = '', ...rest] = wrap(text, columns - indent.length);
    return [label.padEnd(indent.length) + first, ...rest.map((line) => indent + line)];
  });
  const view = new LineView({ utc, columns, detail: 'whole' });
  const whole = decisions.flatMap((one) => ['', ...view.decision(one).trimEnd().split('\n')]);
  return [...lines, '', title, ...whole].map((line) => nameText(line, glyphs));
}

function whyRows(row: Row): [string, string][] {
  if (row.merged > 0) {
    const several = `${countText(row.merged)} justifications that went up in this row, for there was no room for each`;
    return [['because', several]];
  }
  const { last } = row;
  const step = justification(last);
  if (!step) {
    const { candidates } = last.verdict;
    if (candidates === null) return [['because', becauseOfSetting(last)]];
    return [
      ['unknown', notProvenText(candidates)],
      ['what', unknownSentence],
    ];
  }
  const rows: [string, string][] = [['because', becauseText(step, null)]];
  for (const tried of last.steps.slice(0, last.because ?? 0)) {
    if (tried.purpose !== step.purpose || tried.outcome === 'match' || tried.table?.id === 255) continue;
    rows.push(['tried', triedText(tried)]);
  }
  const setting = settingText(last);
  if (setting !== null) rows.push(['setting', setting]);
  return rows;
}

function countRows(row: Row, rate: number, utc: boolean): [string, string][] {
  const at = ({ time }: Decision) => new TimeColumn(utc).show(time).clock;
  const now = rate === 0 ? 'none just now' : `${rateText(rate)} a second now`;
  const counted = [
    `${some(row.count, 'request')} (${now})`,
    `for ${distinct(row.targets, 'target')} from ${distinct(row.senders, 'sender')}`,
    `first ${at(row.first)}, last ${at(row.last)}`,
  ].join(', ');
  const rows: [string, string][] = [['counted', counted]];
  const mac = row.first.reply?.mac;
  const delay = deferralText(row);
  if (mac !== undefined && row.merged === 0) {
    rows.push(['claims', `is-at ${escapeText(mac)}${delay === '' ? '' : `, delayed ${delay}`}`]);
  }
  return rows;
}

/** What the reason means, with the names of this row in the commands. */
function adviceRows({ first, last, merged }: Row): [string, string][] {
  const reason = reasonOf(first.verdict.reason);
  if (!reason) return [];
  const fill = (text: string) => (merged > 0 ? text : filledIn(text, last));
  const rows: [string, string][] = [
    ['check', fill(reason.check)],
    ['change', fill(reason.change)],
  ];
  // where no lookup justified it, `because` is this very sentence
  if (merged > 0 || justification(last)) rows.unshift(['what', reason.sentence]);
  if (reason.blind !== '') rows.push(['blind to', reason.blind]);
  const { name } = first.netns;
  if (name !== null && isPlain(name) && merged === 0) rows.push(['there', `ip netns exec ${name} ...`]);
  return rows;
}

/** A name that a shell takes as it stands: others are not put into commands. */
const isPlain = (name: string | null | undefined): name is string =>
  typeof name === 'string' && /^[\w.:/@-]+$/.test(name) && !name.startsWith('-');

function filledIn(text: string, decision: Decision): string {
  const step = justification(decision);
  const values: Record<string, string | number | null | undefined> = {
    DEV: decision.device.name,
    TARGET: decision.request.target.ip,
    SENDER: decision.request.sender.ip,
    PREFIX: step?.route?.prefix,
    TABLE: step?.table?.id,
  };
  return text.replace(/\b(DEV|TARGET|SENDER|PREFIX|TABLE)\b/g, (word) => {
    const value = values[word];
    const name = typeof value === 'number' ? String(value) : value;
    return isPlain(name) ? name : word;
  });
}

/** "192.0.2.99 (12), 192.0.2.98 (3) and 45 more" */
function addressesText(table: AddressTable): string {
  const all = [...table].sort((a, b) => b.count - a.count);
  const named = all.slice(0, mostNamed).map(({ ip, count }) => `${formatIp(ip)} (${countText(count)})`);
  const left = all.length - named.length;
  const more = left === 0 && table.complete ? '' : ` and ${countText(left)}${table.complete ? '' : '+'} more`;
  return all.length === 0 ? 'none that could be seen' : `${named.join(', ')}${more}`;
}

function recentTitle({ recent, count }: Row): string {
  if (recent.length === count)
    return count === 1 ? 'The decision:' : `All ${count} decisions, the newest first:`;
  return `The last ${recent.length} decisions that were kept, the newest first:`;
}
