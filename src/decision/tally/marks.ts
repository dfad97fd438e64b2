import { parsePrefix } from '../addresses.js';
import { justification } from '../groups.js';
import type { Decision, DecisionStep, Prefix } from '../types.js';
import type { Row } from './row.js';

/** What a network engineer would want to know at once of a row. Codes are stable. */
export type MarkCode = 'turned' | 'rival' | 'default-route' | 'other-table' | 'wide-prefix' | 'new';

/** A mark with what it says of the row that bears it. */
export type Mark =
  | { code: 'turned'; weight: number; addresses: number; from: Decision }
  | { code: 'rival'; weight: number; addresses: number; ip: number; mac: string }
  | { code: 'default-route'; weight: number }
  /** The table that a rule names for the device, and in which nothing was found. */
  | { code: 'other-table'; weight: number; named: DecisionStep }
  | { code: 'wide-prefix'; weight: number; subnet: Prefix }
  | { code: 'new'; weight: number; sinceMs: number };

export interface MarkContext {
  now: number;
  /** The subnets of the device that a decision came in on; null when they are not known. */
  subnets(decision: Decision): readonly Prefix[] | null;
  /** Some rows were merged, so that this one may have been there before. */
  mayBeOld: boolean;
}

/** What appears on a device that was watched for so long is new... */
const watchedMs = 10_000;
/** ...for so long. */
const newMs = 60_000;

/** The marks of a row, the weightiest first. Each is the outcome of a positive test: none means nothing was found. */
export function marksOf(row: Row, context: MarkContext): Mark[] {
  if (row.merged > 0) return [];
  const { action, reason } = row.first.verdict;
  const marks: Mark[] = [];
  const turned = turnedMark(row);
  if (turned) marks.push(turned);
  const rival = rivalMark(row);
  if (rival) marks.push(rival);
  marks.push(...row.suspicions);
  const wide = widePrefix(row.first, (decision) => context.subnets(decision));
  if (wide) marks.push(wide);
  const sinceMs = context.now - row.firstMs;
  if (!context.mayBeOld && sinceMs < newMs && row.firstMs - row.segment.firstMs >= watchedMs) {
    marks.push({ code: 'new', weight: action === 'silent' && reason !== 'unknown' ? 0 : 1, sinceMs });
  }
  return marks;
}

/** Marks that one decision bears by itself. */
export function suspicions(decision: Decision): Mark[] {
  const marks: Mark[] = [];
  const step = justification(decision);
  if (decision.verdict.action !== 'replied' || step === null) return marks;
  if (step.route?.prefix === '0.0.0.0/0') marks.push({ code: 'default-route', weight: 4 });
  const named = tableOfDevice(decision, step);
  if (named) marks.push({ code: 'other-table', weight: 4, named });
  return marks;
}

/**
 * The rule that names the asking device led to a table in which nothing was found, and the justification came from
 * another table, by a rule that does not name it.
 */
function tableOfDevice(decision: Decision, because: DecisionStep): DecisionStep | null {
  const { device, steps } = decision;
  if (device.name === null || because.rule === null || namesDevice(because, device.name)) return null;
  return (
    steps.find(
      (step, i) =>
        i < (decision.because ?? 0) &&
        step.purpose === because.purpose &&
        step.table !== null &&
        step.table.id !== because.table?.id &&
        namesDevice(step, device.name as string),
    ) ?? null
  );
}

/** "iif bond0.90" is in its selector. */
function namesDevice({ rule }: DecisionStep, device: string): boolean {
  const words = rule?.selector?.split(' ') ?? [];
  return words[0] !== 'not' && words.some((word, i) => word === 'iif' && words[i + 1] === device);
}

/**
 * The route covers more than each subnet of the asking device; a default route is told as such. Subnets are asked
 * for only where it depends on them.
 */
export function widePrefix(decision: Decision, subnetsOf: MarkContext['subnets']): Mark | null {
  if (decision.verdict.action !== 'replied') return null;
  const prefix = parsePrefix(justification(decision)?.route?.prefix ?? '');
  if (!prefix || prefix.length === 0 || prefix.length === 32) return null;
  const subnets = subnetsOf(decision);
  if (!subnets || subnets.length === 0) return null;
  const widest = subnets.reduce((a, b) => (b.length < a.length ? b : a));
  return prefix.length < widest.length ? { code: 'wide-prefix', weight: 2, subnet: widest } : null;
}

function turnedMark({ turned, first }: Row): Mark | null {
  let addresses = 0;
  for (const count of turned.values()) addresses += count;
  const [from] = turned.keys();
  if (!from) return null;
  return { code: 'turned', weight: first.verdict.action === 'replied' ? 5 : 3, addresses, from };
}

function rivalMark({ rivals }: Row): Mark | null {
  const [rival] = rivals;
  if (!rival) return null;
  const [ip, mac] = rival;
  return { code: 'rival', weight: 4, addresses: rivals.size, ip, mac };
}
