import { reasons } from '../../../src/decision/reasons.js';
import type { Decision, DecisionStep } from '../../../src/decision/types.js';
import type { Expected } from './row.js';

/**
 * What of a decision is not as expected: one line a difference, none when it is.
 */
export function differences(decision: Decision, expected: Expected): string[] {
  const { verdict } = decision;
  const found: string[] = [];
  const same = (what: string, is: unknown, wanted: unknown) => {
    if (wanted === undefined) return;
    if (wanted instanceof RegExp ? !wanted.test(String(is)) : JSON.stringify(is) !== JSON.stringify(wanted)) {
      found.push(
        `${what}: ${JSON.stringify(is)}, expected ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`,
      );
    }
  };
  same('action', verdict.action, expected.action);
  same('reason', verdict.reason, expected.reason);
  same('detail', verdict.detail, expected.detail);
  same('candidates', sorted(verdict.candidates), sorted(expected.candidates));
  same('evidence', verdict.evidence, expected.evidence);
  same('device', decision.device.name, expected.device ?? 'in0');
  same('target', decision.request.target.ip, expected.target);
  same('sender', decision.request.sender.ip, expected.sender);
  same('deferred', verdict.deferredNs !== null, expected.deferred);
  same('mac', decision.reply?.mac ?? null, expected.mac);
  if (expected.because !== undefined) {
    const step = decision.because === null ? null : decision.steps[decision.because];
    same('because', step ? stepText(step) : null, expected.because);
  }
  if (expected.steps !== undefined) {
    same(
      'steps',
      decision.steps.map((step) => `${step.purpose} ${step.outcome} ${stepText(step)}`.trim()),
      expected.steps,
    );
  }
  for (const [name, scopes] of Object.entries(expected.settings ?? {})) {
    same(`setting ${name}`, decision.settings[name], scopes);
  }
  same(
    'neighbours',
    sorted(decision.neighbours.map(({ change, ip }) => `${change} ${ip}`)),
    sorted(expected.neighbours),
  );
  if (expected.unknown !== undefined) {
    for (const pointer of expected.unknown) {
      if (!decision.unknown.includes(pointer))
        found.push(`${pointer} is not in unknown: ${decision.unknown}`);
    }
  } else if (expected.reason !== 'unknown') {
    same('unknown', decision.unknown, []);
  }
  return found;
}

/** The same row with a neighbouring reason has to fail, or it shows nothing: the reasons with which it does not. */
export function otherReasons(decision: Decision, expected: Expected): string[] {
  return reasons
    .filter(({ code }) => code !== expected.reason)
    .filter(({ code, action }) => differences(decision, { ...expected, action, reason: code }).length === 0)
    .map(({ code }) => code);
}

/** "unicast 10.2.0.0/24 dev out0 table main rule 32766", without what is usual or not there. */
export function stepText(step: DecisionStep): string {
  const { route } = step;
  const words: (string | number)[] = [];
  if (route) {
    if (route.type !== 'unicast') words.push(route.type ?? '?');
    words.push(route.prefix ?? '?');
    if (route.gateway) words.push('via', route.gateway);
    if (route.device) words.push('dev', route.device.name ?? '?');
  }
  if (step.table) words.push('table', step.table.name ?? step.table.id);
  if (step.rule) words.push('rule', step.rule.priority);
  return words.join(' ');
}

function sorted(list: readonly string[] | null | undefined): readonly string[] | null | undefined {
  return list ? [...list].sort() : list;
}
