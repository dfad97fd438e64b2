import { causeText, whoText } from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import type { Fold } from '../decision/fold.js';
import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision, DecisionStep } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import { Column } from './column.js';
import { countText } from './count.js';
import { escapeText } from './escape.js';
import {
  becauseOfSetting,
  becauseText,
  notProvenText,
  scopesText,
  settingText,
  stepText,
  triedText,
  wholeStepText,
} from './explain.js';
import { neighbourText } from './neighbour-lines.js';
import { actionFormats, plain, type Style } from './style.js';
import { TimeColumn } from './time.js';
import { wrap } from './wrap.js';

/** `brief`: one line for each decision. `whole`: all steps, settings and the rest too. */
export type Detail = 'brief' | 'usual' | 'whole';

export interface LineOptions {
  utc?: boolean;
  style?: Style;
  /** Width of the terminal: longer lines are broken. Absent: lines may be of any length. */
  columns?: number;
  detail?: Detail;
}

/** What a headline says of where it was, and what became of it. */
type Headed = Pick<Fold, 'netns' | 'device'> & {
  verdict: { action: string; reason: string; detail: string | null };
};

const indent = ' '.repeat(13);
const hanging = ' '.repeat(25);
/** Of one change; recordings hold more. */
const shownChanges = 10;
/** "who-has 255.255.255.255 tell 255.255.255.255" */
const questionWidth = 44;
const mostPlaceWidth = 40;
/** "SILENT probe-not-proxied" and a detail */
const mostVerdictWidth = 44;

/** Decisions as text for people: what was asked and answered, because of what, and what was tried before. */
export class LineView {
  readonly #time: TimeColumn;
  readonly #style: Style;
  readonly #columns: number;
  readonly #detail: Detail;
  readonly #places = new Column(mostPlaceWidth);
  readonly #questions: Column;
  readonly #verdicts = new Column(mostVerdictWidth);

  constructor(options: LineOptions = {}) {
    this.#columns = options.columns ?? Number.POSITIVE_INFINITY;
    this.#time = new TimeColumn(options.utc ?? false);
    this.#style = options.style ?? plain;
    this.#detail = options.detail ?? 'usual';
    this.#questions = new Column(questionWidth, this.#detail === 'brief' ? 0 : questionWidth);
  }

  /** One decision: some lines, the last one ended. Everything that a stranger may have written is escaped. */
  decision(decision: Decision): string {
    const { request, steps, because, verdict } = decision;
    const asked = `who-has ${request.target.ip ?? '?'} tell ${request.sender.ip ?? '?'}`;
    if (this.#detail === 'brief') {
      const step = because === null ? undefined : steps[because];
      const otherwise = verdict.candidates
        ? notProvenText(verdict.candidates)
        : (settingText(decision) ?? '');
      const why = step ? becauseText(step, request.sender.ip) : otherwise;
      return this.#lines(decision, decision.time, asked, escapeText(why), []);
    }
    const rows = this.#detail === 'whole' ? wholeExplanation(decision) : explanation(decision);
    return this.#lines(decision, decision.time, asked, answerText(decision), rows);
  }

  /** Decisions that were counted: one line, or as many as it takes on a narrow terminal. */
  fold(fold: Fold): string {
    const { first, last, because, count } = fold;
    // the first and the last that came: what lies between them in number was not asked for because of that
    const ends = [...new Set([first.target ?? '?', last.target ?? '?'])];
    const targets = ends.join(count > 2 ? ', ..., ' : ', ');
    const seconds = (Number(last.monotonicNs) - Number(first.monotonicNs)) / 1e9;
    const parts = count > 1 ? [`in ${seconds.toFixed(1)} s`] : [];
    if (because !== null) parts.push(becauseText(because, null));
    return this.#lines(
      fold,
      last.time,
      `${countText(count)} more: ${targets}`,
      escapeText(parts.join(', ')),
      [],
    );
  }

  /** What moved in a namespace: a line for each thing, the first with the time. */
  change(event: ChangeEvent): string {
    const { clock, header } = this.#time.show(event.time);
    const lines = header === null ? [] : [this.#style('dim', header)];
    const where = escapeText(event.netns.name ?? `namespace ${event.netns.inode}`);
    const rows = event.changes.slice(0, shownChanges).map((one) => escapeText(changeText(one)));
    const left = event.changes.length - rows.length + event.more;
    if (left > 0) rows.push(`and ${left} more`);
    rows.push(...aboutText(event).map(escapeText));
    for (const [i, row] of rows.entries()) {
      lines.push(i === 0 ? this.#style('magenta', `${clock} ${where}  CHANGED ${row}`) : `${indent}${row}`);
    }
    return `${lines.join('\n')}\n`;
  }

  /** Changes by one process that were not shown one by one. */
  moreChanges(last: ChangeEvent, count: number): string {
    const { clock, header } = this.#time.show(last.time);
    const where = escapeText(last.netns.name ?? `namespace ${last.netns.inode}`);
    const text = `${clock} ${where}  ${countText(count)} more changes ${escapeText(whoText(last) ?? '')}`;
    return `${header === null ? '' : `${this.#style('dim', header)}\n`}${this.#style('dim', text)}\n`;
  }

  /** What the host learned or asked, or what changed in its neighbour table. */
  neighbour(event: NeighbourEventTold): string {
    const { question, action, reason, detail, said, rows } = neighbourText(event, this.#detail === 'whole');
    const of = { netns: event.netns, device: event.device, verdict: { action, reason, detail } };
    return this.#lines(of, event.time, question, escapeText(said), this.#detail === 'brief' ? [] : rows);
  }

  /** Silent decisions that were not shown one by one. */
  silent(time: string, counts: ReadonlyMap<string, number>): string {
    const { clock, header } = this.#time.show(time);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const parts = [...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${escapeText(code)} ${countText(count)}`);
    const line = `${clock} ${countText(total)} silent: ${parts.join(', ')} (--silent shows them)`;
    return `${header === null ? '' : `${this.#style('dim', header)}\n`}${this.#style('dim', line)}\n`;
  }

  /**
   * A headline, and the rows below it.
   * @param said what stands behind the reason
   */
  #lines(of: Headed, time: string, question: string, said: string, rows: [string, string][]): string {
    const { clock, header } = this.#time.show(time);
    const lines = header === null ? [] : [this.#style('dim', header)];
    lines.push(...this.#headline(clock, of, question, said));
    for (const [label, text] of rows) {
      const [first = '', ...rest] = wrap(escapeText(text), this.#columns - hanging.length);
      lines.push(`${indent}${label.padEnd(11)} ${first}`, ...rest.map((line) => hanging + line));
    }
    return `${lines.join('\n')}\n`;
  }

  /** One line, or two where one would be cut by the terminal. */
  #headline(clock: string, { netns, device, verdict }: Headed, question: string, said: string): string[] {
    const place = [netns.name, device.name ?? String(device.index)].filter((name) => name !== null).join(' ');
    const where = escapeText(place);
    const asked = escapeText(question);
    const start = `${clock} ${this.#places.pad(where)}  ${this.#questions.pad(asked)}`;
    const action = escapeText(verdict.action.toUpperCase());
    const format = actionFormats[verdict.action] ?? 'bold';
    const detail = verdict.detail === null ? '' : ` (${verdict.detail})`;
    const reason = escapeText(`${verdict.reason}${detail}`);
    if (this.#detail === 'brief') {
      const padded = this.#verdicts.pad(`${action} ${reason}`).replace(action, this.#style(format, action));
      return [`${start}  ${padded}  ${said}`.trimEnd()];
    }
    const answer = said === '' ? reason : `${reason}  ${said}`;
    if (`${start}  ${action} ${answer}`.length <= this.#columns) {
      return [`${start}  ${this.#style(format, action)} ${answer}`];
    }
    const hanging = indent.length + action.length + 1;
    const [first = '', ...rest] = wrap(answer, this.#columns - hanging);
    return [
      `${clock} ${where}  ${asked}`,
      `${indent}${this.#style(format, action)} ${first}`,
      ...rest.map((line) => ' '.repeat(hanging) + line),
    ];
  }
}

/** "route removed: 192.0.2.0/24 dev bond0.90 proto boot, table public_90" */
export function changeText({ object, change, text, was, table }: Change): string {
  const where = object === 'route' && table ? `, table ${table.name ?? table.id}` : '';
  const before = was === null ? '' : ` (was ${was})`;
  return `${object} ${change}: ${text}${where}${before}`;
}

/** What was flushed and why, who did it, and how many changes before it could not be told. */
function aboutText(event: ChangeEvent): string[] {
  const rows = event.flushed.map(
    ({ table, routes }) =>
      `flushed ${routes} ${routes === 1 ? 'route' : 'routes'} of table ${table.name ?? table.id}`,
  );
  const why = causeText(event.cause);
  const who = whoText(event);
  const parts = [why === null ? null : `because ${why}`, who].filter((part) => part !== null);
  if (parts.length > 0) rows.push(parts.join(', '));
  if (event.lost > 0) rows.push(`${event.lost} changes before it were too many to be told`);
  return rows;
}

/** "is-at a0:36:9f:59:be:ef  delayed 443 ms" */
function answerText({ reply, verdict }: Decision): string {
  const parts = [];
  if (reply) parts.push(escapeText(`is-at ${reply.mac}`));
  if (verdict.deferredNs !== null) parts.push(`delayed ${Math.round(verdict.deferredNs / 1e6)} ms`);
  return parts.join('  ');
}

/** Why the verdict is what it is: rows of a label and its text, the reason first. The text is not escaped. */
export function explanation(decision: Decision): [string, string][] {
  const { verdict, steps, because, request } = decision;
  const rows: [string, string][] = [];
  if (verdict.reason === 'unknown') rows.push(['not proven', notProvenText(verdict.candidates ?? [])]);
  const reasonStep = because === null ? undefined : steps[because];
  if (reasonStep) rows.push(['because', becauseText(reasonStep, request.sender.ip ?? '?')]);
  else if (verdict.reason !== 'unknown') rows.push(['because', becauseOfSetting(decision)]);
  for (const [i, step] of steps.entries()) {
    if (because !== null && i >= because) break;
    if (!worthTelling(step, reasonStep?.purpose ?? 'target')) continue;
    if (step.outcome === 'match') rows.push(['route', stepText(step)]);
    else rows.push(['first tried', triedText(step)]);
  }
  const values = reasonStep ? settingText(decision) : null;
  if (values !== null) rows.push(['setting', values]);
  if (decision.cut > 0) rows.push(['cut', `${decision.cut} lookups did not fit into the record`]);
  return rows;
}

/** The local table that has nothing is tried before everything; other purposes than the reason's are details. */
function worthTelling(step: DecisionStep, purpose: DecisionStep['purpose']): boolean {
  if (step.purpose !== purpose) return false;
  return !(step.table?.id === 255 && step.outcome === 'no-usable-route');
}

/** Everything that a decision holds. */
function wholeExplanation(decision: Decision): [string, string][] {
  const { verdict, steps, because, request, settings, neighbours, stamps, reply } = decision;
  const rows: [string, string][] = [];
  if (verdict.reason === 'unknown') rows.push(['not proven', notProvenText(verdict.candidates ?? [])]);
  if (because === null && verdict.reason !== 'unknown') rows.push(['because', becauseOfSetting(decision)]);
  for (const [i, step] of steps.entries()) {
    rows.push([i === because ? 'because' : `step ${i + 1}`, `${step.purpose}: ${wholeStepText(step)}`]);
  }
  if (decision.cut > 0) rows.push(['cut', `${decision.cut} lookups did not fit into the record`]);
  const values = Object.entries(settings).map(([name, scopes]) => `${name}: ${scopesText(scopes)}`);
  if (values.length > 0) rows.push(['settings', values.join('; ')]);
  rows.push(['frame', `${request.sender.mac ?? '?'} > ${request.destination ?? '?'} (${request.cast})`]);
  if (reply?.latencyNs != null) rows.push(['reply', `after ${(reply.latencyNs / 1e3).toFixed(1)} us`]);
  for (const { ip, change, mac, was, state, pass } of neighbours) {
    const moved = was === null ? '' : ` (was ${was})`;
    rows.push(['neighbour', `${ip} ${change}, ${mac ?? '?'}${moved} ${state}, in pass ${pass}`]);
  }
  const generation = `fib ${stamps.fib}, rules ${stamps.rules}, genid ${stamps.genid}, nexthop ${stamps.nexthop}`;
  rows.push(['decision', `${decision.id}, ${decision.tier} tier, stamps ${generation}`]);
  if (decision.unknown.length > 0) rows.push(['not seen', decision.unknown.join(' ')]);
  return rows;
}
