import { contains, parseIp } from './addresses.js';
import type { Decision, Prefix } from './types.js';

/** What to write: within a list any may match, between lists all must. An empty list asks for nothing. */
export interface DecisionFilter {
  netns: readonly string[];
  devices: readonly string[];
  targets: readonly Prefix[];
  senders: readonly Prefix[];
  actions: readonly string[];
  reasons: readonly string[];
  /** Of the step that justified the verdict: its table by name or id, its route's prefix, its rule's priority. */
  tables: readonly string[];
  routes: readonly string[];
  rules: readonly number[];
}

export const noFilter: DecisionFilter = {
  netns: [],
  devices: [],
  targets: [],
  senders: [],
  actions: [],
  reasons: [],
  tables: [],
  routes: [],
  rules: [],
};

/** Nothing is taken out. */
export function isEmpty(filter: DecisionFilter): boolean {
  return Object.values(filter).every((list) => list.length === 0);
}

export function passes(decision: Decision, filter: DecisionFilter): boolean {
  return (
    passesNetns(filter, decision.netns.name, decision.netns.inode) &&
    any(filter.devices, (name) => decision.device.name === name) &&
    any(filter.targets, (prefix) => within(prefix, decision.request.target.ip)) &&
    any(filter.senders, (prefix) => within(prefix, decision.request.sender.ip)) &&
    any(filter.actions, (action) => decision.verdict.action === action) &&
    any(filter.reasons, (code) => decision.verdict.reason === code) &&
    passesBecause(decision, filter)
  );
}

export function passesBecause(
  { because, steps }: Pick<Decision, 'because' | 'steps'>,
  { tables, routes, rules }: DecisionFilter,
): boolean {
  if (tables.length === 0 && routes.length === 0 && rules.length === 0) return true;
  const step = because === null ? undefined : steps[because];
  if (!step) return false;
  const table = step.route?.table ?? step.table;
  return (
    any(tables, (name) => table?.name === name || String(table?.id) === name) &&
    any(routes, (prefix) => step.route?.prefix === prefix) &&
    any(rules, (priority) => step.rule?.priority === priority)
  );
}

/** A namespace is asked for by its name or its inode; `.` stands for one without a name: the host's own. */
export function passesNetns({ netns }: DecisionFilter, name: string | null, inode: number): boolean {
  return any(netns, (one) => one === (name ?? '.') || one === String(inode));
}

function any<T>(list: readonly T[], test: (one: T) => boolean): boolean {
  return list.length === 0 || list.some(test);
}

function within(prefix: Prefix, text: string | null): boolean {
  const ip = text === null ? null : parseIp(text);
  return ip !== null && contains(prefix, ip);
}
