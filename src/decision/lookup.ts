import { formatPrefix } from './addresses.js';
import { errno } from './kernel-numbers.js';
import { isLive, predict } from './routes.js';
import { matches, outcomeOf } from './rules.js';
import type { Ipv4, Nexthop, Outcome, Route, Rule, Snapshot } from './types.js';

/** What the kernel is asked for: a frame of ARP has no mark, no type of service and no ports. */
export interface Asked {
  saddr: Ipv4;
  daddr: Ipv4;
  /** Interface index. */
  iif: number;
}

/** Where a lookup ends. */
export interface Found {
  /** The rule that led there; null at the end of the rules. */
  rule: Rule | null;
  /** Null where the rule itself rejects, and at the end of the rules. */
  table: number | null;
  outcome: Outcome;
  route: Route | null;
  /** Nexthops that a frame may take: of several live ones each. */
  ways: readonly Nexthop[];
}

/**
 * Look up as fib_rules_lookup (net/core/fib_rules.c) with fib4_rule_action, fib4_rule_suppress and fib_table_lookup
 * does, over a state, without anything observed to hold it against. It takes the frame to have no mark, and its device
 * to be in no VRF, and every route of the state to be there: who asks compares the answer with one that was observed.
 * @returns null when the state does not tell
 */
export function lookUp(snapshot: Snapshot, { saddr, daddr, iif }: Asked): Found | null {
  if (!snapshot.complete) return null;
  const flow = { saddr, daddr, iif, oif: 0, l3mdev: 0, mark: 0, dscp: 0, proto: 0, sport: 0, dport: 0 };
  const { rules } = snapshot;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    if (!matches(rule, flow) || rule.action === 'nop') continue;
    if (rule.action === 'goto') {
      const target = rules.findIndex((other, at) => at > i && other.priority === rule.goto);
      if (target >= 0) i = target - 1;
      continue;
    }
    if (rule.action !== 'lookup') return { rule, table: null, outcome: rule.action, route: null, ways: [] };
    const { errno: code, route } = predict(snapshot, rule.table, flow, false, true);
    if (code < 0) return null;
    if (code === errno.again || (code === 0 && route && isSuppressed(rule, route, snapshot))) continue;
    return { rule, table: rule.table, outcome: outcomeOf(code), route, ways: liveOf(route, snapshot) };
  }
  return { rule: null, table: null, outcome: 'no-usable-route', route: null, ways: [] };
}

function liveOf(route: Route | null, snapshot: Snapshot): readonly Nexthop[] {
  return route?.nexthops.filter((nexthop) => isLive(nexthop, snapshot)) ?? [];
}

function isSuppressed(rule: Rule, route: Route, { links }: Snapshot): boolean {
  if (route.prefix.length <= rule.suppressPrefixLength) return true;
  if (rule.suppressGroup < 0) return false;
  return links.get(route.nexthops[0]?.device ?? 0)?.group === rule.suppressGroup;
}

/** Whether two states answer alike, in all that a decision shows of it. */
export function isSameFound(a: Found, b: Found): boolean {
  return a === b || foundKey(a) === foundKey(b);
}

function foundKey({ rule, table, outcome, route, ways }: Found): string {
  const hops = ways.map(({ device, gateway }) => `${device} ${gateway}`);
  const way = route && [formatPrefix(route.prefix), route.type, ...hops];
  return [rule?.priority, table, outcome, ...(way ?? [])].join('|');
}
