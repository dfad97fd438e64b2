import { reason } from '../decision/reasons.js';
import type { Decision, DecisionStep, Settings } from '../decision/types.js';
import { escapeText } from './escape.js';

const mark = (inferred: boolean) => (inferred ? '~' : '');

function ruleText(step: DecisionStep): string | null {
  return step.rule ? `${mark(step.evidence.rule === 'inferred')}rule ${step.rule.priority}` : null;
}

/** Without rules the local table is looked up with main: the route is where iproute2 shows it. */
export function tableText(step: DecisionStep): string | null {
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
    if (route.device) words.push(`dev ${escapeText(route.device.name ?? `if${route.device.index}`)}`);
  } else {
    words.push(outcomeText[step.outcome]);
  }
  return [words.join(' '), tableText(step), ruleText(step)].filter((part) => part !== null).join(', ');
}

export const outcomeText: Record<DecisionStep['outcome'], string> = {
  match: 'a route',
  'no-usable-route': 'no usable route',
  unreachable: 'unreachable',
  prohibit: 'prohibited',
  blackhole: 'blackholed',
  suppressed: 'route suppressed by the rule',
  'no-table': 'no such table',
};

/** "table public_90 (~rule 32765, iif bond0.90): no usable route" */
export function triedText(step: DecisionStep): string {
  return `${askedText(step)}: ${outcomeText[step.outcome]}`;
}

/** "table public_90 (~rule 32765, iif bond0.90)" */
function askedText(step: DecisionStep): string {
  const rule = ruleText(step);
  const selector = step.rule?.selector ? `, ${escapeText(step.rule.selector)}` : '';
  return `${tableText(step) ?? 'rule'}${rule ? ` (${rule}${selector})` : ''}`;
}

/** One of all steps: what was asked, and what came of it. */
export function wholeStepText(step: DecisionStep): string {
  if (step.route === null) return triedText(step);
  const { outcome } = step;
  const route = stepText({ ...step, table: null, rule: null });
  return `${askedText(step)}: ${outcome === 'match' ? '' : `${outcomeText[outcome]}, `}${route}`;
}

/**
 * What was looked up to answer the sender, and not to find the target, is told as such.
 * @param sender null where it stands for several
 */
export function becauseText(step: DecisionStep, sender: string | null): string {
  if (step.purpose !== 'source' && step.purpose !== 'filter') return stepText(step);
  return `the way back${sender === null ? '' : ` to ${sender}`}: ${stepText(step)}`;
}

/** Where no lookup justified the verdict: the sentence of the reason, and the setting that was read. */
export function becauseOfSetting(decision: Decision): string {
  const sentence = reason(decision.verdict.reason)?.sentence ?? decision.verdict.reason;
  const values = settingText(decision);
  return values === null ? sentence : `${sentence} (${values})`;
}

/** "proxy_arp: all 0, dev 1": the sysctl that the reason is about, in each scope that the kernel read. */
export function settingText(decision: Decision): string | null {
  const name = reason(decision.verdict.reason)?.setting ?? null;
  const scopes = name === null ? undefined : decision.settings[name];
  if (name === null || !scopes) return null;
  return `${name}: ${scopesText(scopes)}`;
}

/** "all 0, dev 1" */
export function scopesText(scopes: Settings[string]): string {
  return Object.entries(scopes)
    .map(([scope, value]) => `${scope} ${value}`)
    .join(', ');
}

/** What is left where the evidence does not tell. */
export function notProvenText(candidates: readonly string[]): string {
  const [only] = candidates;
  if (only === undefined) return 'no reason fits what was seen';
  return candidates.length === 1 ? `it may be ${only}` : `it is one of ${candidates.join(', ')}`;
}
