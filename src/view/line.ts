import { reason } from '../decision/reasons.js';
import type { Decision, DecisionStep } from '../decision/types.js';
import { escapeText } from './escape.js';
import { type Format, plain, type Style } from './style.js';
import { TimeColumn } from './time.js';
import { wrap } from './wrap.js';

export interface LineOptions {
  utc?: boolean;
  style?: Style;
  /** Width of the terminal: longer lines are broken. Absent: lines may be of any length. */
  columns?: number;
}

const indent = ' '.repeat(13);
const hanging = ' '.repeat(25);

const actionFormat: Record<string, Format> = {
  replied: ['bold', 'yellow'],
  dropped: ['bold', 'red'],
  silent: 'dim',
  deferred: 'cyan',
};

/** Decisions as text for people: what was asked and answered, because of what, and what was tried before. */
export class LineView {
  readonly #time: TimeColumn;
  readonly #style: Style;
  readonly #columns: number;

  constructor(options: LineOptions = {}) {
    this.#columns = options.columns ?? Number.POSITIVE_INFINITY;
    this.#time = new TimeColumn(options.utc ?? false);
    this.#style = options.style ?? plain;
  }

  /** One decision: some lines, the last one ended. Everything that a stranger may have written is escaped. */
  decision(decision: Decision): string {
    const { clock, header } = this.#time.show(decision.time);
    const lines = header === null ? [] : [this.#style('dim', header)];
    lines.push(...this.#headline(clock, decision));
    for (const [label, text] of this.#explanation(decision)) {
      const [first = '', ...rest] = wrap(escapeText(text), this.#columns - hanging.length);
      lines.push(`${indent}${label.padEnd(11)} ${first}`, ...rest.map((line) => hanging + line));
    }
    return `${lines.join('\n')}\n`;
  }

  /** Silent decisions that were not shown one by one. */
  silent(time: string, counts: ReadonlyMap<string, number>): string {
    const { clock, header } = this.#time.show(time);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const parts = [...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${escapeText(code)} ${count}`);
    const line = this.#style('dim', `${clock} ${total} silent: ${parts.join(', ')} (--silent shows them)`);
    return `${header === null ? '' : `${this.#style('dim', header)}\n`}${line}\n`;
  }

  /** One line, or two where one would be cut by the terminal. */
  #headline(clock: string, decision: Decision): string[] {
    const { verdict, request, reply } = decision;
    const where = [decision.netns.name, decision.device.name ?? String(decision.device.index)]
      .filter((name) => name !== null)
      .join(' ');
    const asked = `who-has ${request.target.ip ?? '?'} tell ${request.sender.ip ?? '?'}`;
    const format = actionFormat[verdict.action] ?? 'bold';
    const action = this.#style(format, escapeText(verdict.action.toUpperCase()));
    const detail = verdict.detail === null ? '' : ` (${verdict.detail})`;
    const verdictParts = [`${escapeText(`${verdict.reason}${detail}`)}`];
    if (reply) verdictParts.push(escapeText(`is-at ${reply.mac}`));
    if (verdict.deferredNs !== null) verdictParts.push(`delayed ${Math.round(verdict.deferredNs / 1e6)} ms`);
    const said = verdictParts.join('  ');
    const question = escapeText(`${where}  ${asked}`);
    const padded = escapeText(`${where}  ${asked.padEnd(44)}`);
    const width = clock.length + 1 + padded.length + 2 + verdict.action.length + 1 + said.length;
    return width <= this.#columns
      ? [`${clock} ${padded}  ${action} ${said}`]
      : [`${clock} ${question}`, `${indent}${action} ${said}`];
  }

  #explanation(decision: Decision): [string, string][] {
    const { verdict, steps, because } = decision;
    const rows: [string, string][] = [];
    if (verdict.reason === 'unknown') {
      const left = verdict.candidates ?? [];
      rows.push([
        'not proven',
        left.length > 0 ? `it is one of ${left.join(', ')}` : 'no reason fits what was seen',
      ]);
    }
    const reasonStep = because === null ? undefined : steps[because];
    if (reasonStep) rows.push(['because', becauseText(reasonStep, decision)]);
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
}

/** The local table that has nothing is tried before everything; other purposes than the reason's are details. */
function worthTelling(step: DecisionStep, purpose: DecisionStep['purpose']): boolean {
  if (step.purpose !== purpose) return false;
  return !(step.table?.id === 255 && step.outcome === 'no-usable-route');
}

/** What was looked up to answer the sender, and not to find the target, is told as such. */
function becauseText(step: DecisionStep, decision: Decision): string {
  const back = step.purpose === 'source' || step.purpose === 'filter';
  return back ? `the way back to ${decision.request.sender.ip ?? '?'}: ${stepText(step)}` : stepText(step);
}

const mark = (inferred: boolean) => (inferred ? '~' : '');

function ruleText(step: DecisionStep): string | null {
  return step.rule ? `${mark(step.evidence.rule === 'inferred')}rule ${step.rule.priority}` : null;
}

/** Without rules the local table is looked up with main: the route is where iproute2 shows it. */
function tableText(step: DecisionStep): string | null {
  if (!step.table) return null;
  const own = step.route?.table;
  const looked = escapeText(step.table.name ?? String(step.table.id));
  return own
    ? `table ${escapeText(own.name ?? String(own.id))} (looked up with ${looked})`
    : `table ${looked}`;
}

/** "~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766" */
export function stepText(step: DecisionStep): string {
  const { route, evidence } = step;
  const words: string[] = [];
  if (route) {
    const type = route.type === null || route.type === 'unicast' ? '' : `${route.type} `;
    const prefix = route.prefix ?? 'route (prefix not proven)';
    words.push(`${type}${mark(evidence.prefix === 'inferred')}${prefix}`);
    if (route.gateway !== null) words.push(`via ${route.gateway}`);
    if (route.device) words.push(`dev ${escapeText(route.device.name ?? String(route.device.index))}`);
  } else {
    words.push(outcomeText[step.outcome]);
  }
  return [words.join(' '), tableText(step), ruleText(step)].filter((part) => part !== null).join(', ');
}

const outcomeText: Record<DecisionStep['outcome'], string> = {
  match: 'a route',
  'no-usable-route': 'no usable route',
  unreachable: 'unreachable',
  prohibit: 'prohibited',
  blackhole: 'blackholed',
  suppressed: 'route suppressed by the rule',
  'no-table': 'no such table',
};

/** "table public_90 (~rule 32765, iif bond0.90): no usable route" */
function triedText(step: DecisionStep): string {
  const rule = ruleText(step);
  const selector = step.rule?.selector ? `, ${escapeText(step.rule.selector)}` : '';
  return `${tableText(step) ?? 'rule'}${rule ? ` (${rule}${selector})` : ''}: ${outcomeText[step.outcome]}`;
}

/** Where no lookup justified the verdict: the sentence of the reason, and the setting that was read. */
function becauseOfSetting(decision: Decision): string {
  const sentence = reason(decision.verdict.reason)?.sentence ?? decision.verdict.reason;
  const values = settingText(decision);
  return values === null ? sentence : `${sentence} (${values})`;
}

/** "proxy_arp: all 0, dev 1": the sysctl that the reason is about, in each scope that the kernel read. */
function settingText(decision: Decision): string | null {
  const name = reason(decision.verdict.reason)?.setting ?? null;
  const scopes = name === null ? undefined : decision.settings[name];
  if (!scopes) return null;
  const values = Object.entries(scopes).map(([scope, value]) => `${scope} ${value}`);
  return `${name}: ${values.join(', ')}`;
}
