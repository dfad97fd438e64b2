import { reason } from '../decision/reasons.js';
import type { Decision, DecisionStep } from '../decision/types.js';
import { escapeText } from './escape.js';
import { type Format, plain, type Style } from './style.js';
import { TimeColumn } from './time.js';

export interface LineOptions {
  utc?: boolean;
  style?: Style;
}

const indent = ' '.repeat(13);

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

  constructor(options: LineOptions = {}) {
    this.#time = new TimeColumn(options.utc ?? false);
    this.#style = options.style ?? plain;
  }

  /** One decision: some lines, the last one ended. Everything that a stranger may have written is escaped. */
  decision(decision: Decision): string {
    const { clock, header } = this.#time.show(decision.time);
    const lines = header === null ? [] : [this.#style('dim', header)];
    lines.push(`${clock} ${this.#headline(decision)}`);
    for (const [label, text] of this.#explanation(decision))
      lines.push(`${indent}${label.padEnd(11)} ${escapeText(text)}`);
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

  #headline(decision: Decision): string {
    const { verdict, request, reply } = decision;
    const where = [decision.netns.name, decision.device.name ?? String(decision.device.index)]
      .filter((name) => name !== null)
      .join(' ');
    const asked = `who-has ${request.target.ip ?? '?'} tell ${request.sender.ip ?? '?'}`;
    const format = actionFormat[verdict.action] ?? 'bold';
    const action = this.#style(format, escapeText(verdict.action.toUpperCase()));
    const detail = verdict.detail === null ? '' : ` (${verdict.detail})`;
    const parts = [
      escapeText(`${where}  ${asked.padEnd(44)}`),
      `${action} ${escapeText(`${verdict.reason}${detail}`)}`,
    ];
    if (reply) parts.push(escapeText(`is-at ${reply.mac}`));
    if (verdict.deferredNs !== null) parts.push(`delayed ${Math.round(verdict.deferredNs / 1e6)} ms`);
    return parts.join('  ');
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
    if (reasonStep) rows.push(['because', stepText(reasonStep)]);
    else if (verdict.reason !== 'unknown') rows.push(['because', becauseOfSetting(decision)]);
    for (const [i, step] of steps.entries()) {
      if (because !== null && i >= because) break;
      if (!worthTelling(step, reasonStep ?? null)) continue;
      rows.push(['first tried', triedText(step)]);
    }
    if (decision.cut > 0) rows.push(['cut', `${decision.cut} lookups did not fit into the record`]);
    return rows;
  }
}

/** The local table that has nothing is tried before everything; other purposes than the reason's are details. */
function worthTelling(step: DecisionStep, because: DecisionStep | null): boolean {
  if (because && step.purpose !== because.purpose) return false;
  return !(step.table?.id === 255 && step.outcome === 'no-usable-route');
}

const mark = (inferred: boolean) => (inferred ? '~' : '');

function ruleText(step: DecisionStep): string | null {
  return step.rule ? `${mark(step.evidence.rule === 'inferred')}rule ${step.rule.priority}` : null;
}

function tableText(step: DecisionStep): string | null {
  return step.table ? `table ${escapeText(step.table.name ?? String(step.table.id))}` : null;
}

/** "~0.0.0.0/0 via 10.0.0.1 dev bond0, table main, ~rule 32766" */
export function stepText(step: DecisionStep): string {
  const { route, evidence } = step;
  const words: string[] = [];
  if (route) {
    const type = route.type === null || route.type === 'unicast' ? '' : `${route.type} `;
    words.push(`${type}${mark(evidence.prefix === 'inferred')}${route.prefix ?? 'some route'}`);
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

/** Where no lookup justified the verdict: the sentence of the reason, and the settings that were read. */
function becauseOfSetting(decision: Decision): string {
  const known = reason(decision.verdict.reason);
  const name = known?.setting ?? null;
  const scopes = name === null ? undefined : decision.settings[name];
  const values = scopes
    ? ` (${name}: ${Object.entries(scopes)
        .map(([scope, value]) => `${scope} ${value}`)
        .join(', ')})`
    : '';
  return `${known?.sentence ?? decision.verdict.reason}${values}`;
}
