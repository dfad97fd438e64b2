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
}

export const noFilter: DecisionFilter = {
  netns: [],
  devices: [],
  targets: [],
  senders: [],
  actions: [],
  reasons: [],
};

export function passes(decision: Decision, filter: DecisionFilter): boolean {
  return (
    any(filter.netns, (name) => decision.netns.name === name || String(decision.netns.inode) === name) &&
    any(filter.devices, (name) => decision.device.name === name) &&
    any(filter.targets, (prefix) => within(prefix, decision.request.target.ip)) &&
    any(filter.senders, (prefix) => within(prefix, decision.request.sender.ip)) &&
    any(filter.actions, (action) => decision.verdict.action === action) &&
    any(filter.reasons, (code) => decision.verdict.reason === code)
  );
}

function any<T>(list: readonly T[], test: (one: T) => boolean): boolean {
  return list.length === 0 || list.some(test);
}

function within(prefix: Prefix, text: string | null): boolean {
  const ip = text === null ? null : parseIp(text);
  return ip !== null && contains(prefix, ip);
}
