import { reasons } from '../../../src/decision/reasons.js';
import type { Decision, DecisionStep } from '../../../src/decision/types.js';
import type { ChangeEvent } from '../../../src/stream/events.js';
import { changeText } from '../../../src/view/line.js';
import type { Expected, ExpectedChange } from './row.js';

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

/**
 * The changes of a row, in its order, among all that were told of its router; and a line for each that did not come.
 */
export function findChanges(
  told: readonly ChangeEvent[],
  expected: readonly ExpectedChange[],
): { found: ChangeEvent[]; missing: string[] } {
  const found: ChangeEvent[] = [];
  const missing: string[] = [];
  let from = 0;
  for (const one of expected) {
    const at = told.findIndex((event, i) => i >= from && isChange(event, one));
    if (at < 0) missing.push(`no change ${JSON.stringify(one)} among ${told.map(changeLine).join(' | ')}`);
    else found.push(told[at] as ChangeEvent);
    if (at >= 0) from = at + 1;
  }
  return { found, missing };
}

function isChange(event: ChangeEvent, { cause, device, by, changes = [], flushed }: ExpectedChange): boolean {
  if ((event.cause?.kind ?? null) !== cause) return false;
  if (device !== undefined && event.cause?.device?.name !== device) return false;
  if (by === null && event.process !== null) return false;
  if (by && (event.process?.name !== by.process || !isParent(event, by.parent))) return false;
  const lost = event.flushed.map(({ table, routes }) => ({ table: table.id, routes }));
  if (flushed && JSON.stringify(lost) !== JSON.stringify(flushed)) return false;
  const texts = event.changes.map(changeText);
  let from = 0;
  return changes.every((text) => {
    from = texts.indexOf(text, from) + 1;
    return from > 0;
  });
}

function isParent({ process }: ChangeEvent, name: string | undefined): boolean {
  return name === undefined || process?.parent?.name === name;
}

function changeLine({ cause, process, kernelThread, changes, flushed }: ChangeEvent): string {
  const who = process ? `${process.name} of ${process.parent?.name}` : kernelThread;
  const lost = flushed.map(({ table, routes }) => `flushed ${routes} of ${table.id}`);
  return `${cause?.kind} ${cause?.device?.name} by ${who}: ${[...changes.map(changeText), ...lost].join(', ')}`;
}

/** What of the step that justified a decision was inferred, though functions were hooked. */
export function inferredParts({ steps, because }: Decision): string[] {
  const step = because === null ? undefined : steps[because];
  if (!step) return ['no step justified it'];
  const parts = ['rule', 'outcome', 'prefix', 'device', ...(step.route?.gateway ? ['gateway'] : [])] as const;
  return parts.flatMap((name) => {
    const evidence = step.evidence[name as keyof typeof step.evidence];
    return evidence === 'observed' ? [] : [`${name} is ${evidence ?? 'unknown'}`];
  });
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
