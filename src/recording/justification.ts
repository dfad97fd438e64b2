import type { Decision, DecisionStep } from '../decision/types.js';

/** Why requests on one device were answered, or were not: what decisions are counted by. */
export interface Justification {
  key: string;
  host: string;
  netns: { inode: number; name: string | null };
  device: { index: number; name: string | null };
  action: string;
  reason: string;
  detail: string | null;
  /** Null where the gate that closed looked nothing up. */
  rule: { priority: number; selector: string | null } | null;
  table: { id: number; name: string | null } | null;
  prefix: string | null;
  /** The route's own /32 for the target that was asked for: one justification for all of them. */
  hostRoute: boolean;
  out: string | null;
  /** Interface index of `out`: known also where its name is not. */
  outIndex: number | null;
  gateway: string | null;
  /** Of the route that was used; null where it is not known. */
  metric: number | null;
  /** Where that one leads, also of a host route: interface index and gateway. */
  way: string;
  outcome: string | null;
}

/**
 * The justification of a decision. Host routes for the very address that was asked for count as one, or a router
 * with ten thousand guests would have as many.
 */
export function justificationOf(decision: Decision): Justification {
  const { host, netns, device, verdict, because, steps, request } = decision;
  const step = because === null ? undefined : steps[because];
  const route = step?.route ?? null;
  const table = route?.table ?? step?.table ?? null;
  const hostRoute = route?.prefix !== null && route?.prefix === `${request.target.ip}/32`;
  const prefix = hostRoute ? 'the /32 of the target' : (route?.prefix ?? null);
  const out = route?.device ? (route.device.name ?? `if${route.device.index}`) : null;
  const outcome = step?.outcome ?? null;
  const key = [
    host,
    netns.inode,
    device.name ?? device.index,
    verdict.action,
    verdict.reason,
    verdict.detail,
    step?.rule?.priority,
    table?.id,
    prefix,
    hostRoute ? '' : out,
    hostRoute ? '' : route?.gateway,
    outcome,
  ].join('|');
  return {
    key,
    host,
    netns,
    device,
    action: verdict.action,
    reason: verdict.reason,
    detail: verdict.detail,
    rule: step?.rule ?? null,
    table,
    prefix,
    hostRoute,
    out: hostRoute ? null : out,
    outIndex: hostRoute ? null : (route?.device?.index ?? null),
    gateway: hostRoute ? null : (route?.gateway ?? null),
    metric: route?.metric ?? null,
    way: `${route?.device?.index ?? ''} ${route?.gateway ?? ''}`,
    outcome,
  };
}

/** Whether a lookup was part of it, and of what kind of evidence it is. */
export function triedSteps(decision: Decision): DecisionStep[] {
  const { because, steps } = decision;
  const purpose = because === null ? 'target' : (steps[because]?.purpose ?? 'target');
  return steps
    .slice(0, because ?? 0)
    .filter(
      (step) => step.purpose === purpose && !(step.table?.id === 255 && step.outcome === 'no-usable-route'),
    );
}

/** "0.0.0.0/0 via 10.0.0.1 dev bond0 in table main (rule 32766)" */
export function justificationText(one: Justification): string {
  if (one.table === null && one.prefix === null)
    return one.detail === null ? one.reason : `${one.reason} (${one.detail})`;
  const words = [
    one.prefix ?? (one.outcome === 'match' ? 'a route whose prefix is not proven' : outcomeWords(one)),
  ];
  if (one.gateway !== null) words.push(`via ${one.gateway}`);
  if (one.out !== null) words.push(`dev ${one.out}`);
  if (one.table) words.push(`in table ${one.table.name ?? one.table.id}`);
  if (one.rule) words.push(`(rule ${one.rule.priority})`);
  return words.join(' ');
}

function outcomeWords({ outcome }: Justification): string {
  return outcome === 'no-usable-route' ? 'no usable route' : (outcome ?? 'nothing');
}

/** Of two that are the same the one that says more. */
export function provenOf(one: Justification, other: Justification): Justification {
  return one.prefix === null && other.prefix !== null ? other : one;
}

/** A prefix or a rule that could not be proven, or was not looked for (the kernel has no rules of its own), is no other. */
export function isSame(a: Justification, b: Justification): boolean {
  if (a.key === b.key) return true;
  return (
    a.host === b.host &&
    a.netns.inode === b.netns.inode &&
    isSameDevice(a.device, b.device) &&
    isNoOther(a.rule?.priority ?? null, b.rule?.priority ?? null) &&
    a.action === b.action &&
    a.reason === b.reason &&
    a.detail === b.detail &&
    a.table?.id === b.table?.id &&
    a.outcome === b.outcome &&
    isSameRoute(a, b)
  );
}

/** Host routes are alike wherever they lead; one that was not proven is no other where it leads the same way. */
function isSameRoute(a: Justification, b: Justification): boolean {
  if (a.prefix === null || b.prefix === null) return a.way === b.way;
  if (a.prefix !== b.prefix || a.hostRoute !== b.hostRoute) return false;
  return a.outIndex === b.outIndex && a.gateway === b.gateway;
}

function isSameDevice(a: Justification['device'], b: Justification['device']): boolean {
  return a.name === b.name && (a.name !== null || a.index === b.index);
}

function isNoOther<T>(a: T | null, b: T | null): boolean {
  return a === null || b === null || a === b;
}

/** The device that was asked on, on its host: by its name, for made again it has another index. */
export function placeOf({ host, netns, device }: Pick<Justification, 'host' | 'netns' | 'device'>): string {
  return `${host}|${netns.inode}|${device.name ?? device.index}`;
}
