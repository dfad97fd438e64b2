import { contains } from './addresses.js';
import { errno, table } from './kernel-numbers.js';
import { routeOf } from './routes.js';
import type { Series } from './series.js';
import type { Lookup, Outcome, Pass, Proof, Purpose, Range, Route, Rule } from './types.js';

/** One step as a replay explains it. `route` undefined: which route the lookup met, if any, is not known. */
export interface ReplayedStep {
  rule: Rule | null;
  table: number | null;
  outcome: Outcome;
  errno: number;
  lookup: Lookup | null;
  route: Route | null | undefined;
}

export interface Replay {
  steps: ReplayedStep[];
  /** How the walk ended: a route, a rejection by a route or a rule, or the end of the rules. */
  end: 'match' | 'reject' | 'none';
  /** Positive; 0 for a match, 101 for the end of the rules. */
  errno: number;
}

interface Flow {
  saddr: number;
  daddr: number;
  iif: number;
  oif: number;
  l3mdev: number;
  mark: number;
  dscp: number;
  proto: number;
  sport: number;
  dport: number;
}

/**
 * Walk the rules over a snapshot as fib_rules_lookup (net/core/fib_rules.c) does, and hold every step against
 * what was observed. Null when they do not agree: then the snapshot says nothing about this pass.
 */
export function replay(series: Series, pass: Pass, proof: Proof): Replay | null {
  if (series.direct) return askTable(series, pass, proof);
  const flow = series.lookups[0] ?? flowOf(series, pass, proof);
  if (!flow) return null;
  return pass.customRules ? walkRules(series, flow, proof) : walkTables(series, proof);
}

/** One table asked without rules (inet_addr_type_dev_table, __ip_dev_find in net/ipv4/fib_frontend.c and devinet.c). */
function askTable(series: Series, pass: Pass, proof: Proof): Replay | null {
  const [lookup, ...more] = series.lookups;
  if (!lookup || more.length > 0) return null;
  const step = lookedUp(series, lookup, null, proof, !pass.customRules);
  return step ? endOf([step], step) : null;
}

/** Without custom rules fib_lookup (include/net/ip_fib.h) asks main, then default where it exists. */
function walkTables(series: Series, proof: Proof): Replay | null {
  const steps: ReplayedStep[] = [];
  const order = [table.main, table.default];
  for (const [i, lookup] of series.lookups.entries()) {
    if (lookup.table !== order[i]) return null;
    const step = lookedUp(series, lookup, null, proof, true);
    if (!step) return null;
    steps.push(step);
    if (step.outcome !== 'no-usable-route' && i < series.lookups.length - 1) return null;
  }
  const last = steps.at(-1);
  if (!last) return null;
  if (last.outcome === 'no-usable-route' && steps.length === 1 && proof.snapshot.routes.has(table.default))
    return null;
  return endOf(steps, last);
}

function walkRules(series: Series, flow: Flow, proof: Proof): Replay | null {
  const { rules } = proof.snapshot;
  const steps: ReplayedStep[] = [];
  let seen = 0;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    if (undecidable(rule, flow, series.purpose)) return null;
    if (!matches(rule, flow) || rule.action === 'nop') continue;
    if (rule.action === 'goto') {
      const target = rules.findIndex((other, at) => at > i && other.priority === rule.goto);
      if (target >= 0) i = target - 1;
      continue;
    }
    if (rule.action !== 'lookup') {
      if (seen !== series.lookups.length) return null;
      steps.push(rejectedByRule(rule));
      return { steps, end: 'reject', errno: errnoOfAction[rule.action] };
    }
    const lookup = series.lookups[seen];
    // which table a VRF has is not known here, and one without routes is skipped: then this one is another rule's
    if (
      rule.l3mdev &&
      rules.some((one) => one.action === 'lookup' && !one.l3mdev && one.table === lookup?.table)
    )
      return null;
    if (!lookup || (!rule.l3mdev && lookup.table !== rule.table)) {
      // A table that was never made is skipped without a lookup; one that has routes now was asked.
      if (!proof.snapshot.complete || proof.snapshot.routes.has(rule.table) || rule.l3mdev) return null;
      steps.push({
        rule,
        table: rule.table,
        outcome: 'no-table',
        errno: errno.again,
        lookup: null,
        route: null,
      });
      continue;
    }
    seen++;
    const step = lookedUp(series, lookup, rule, proof, false);
    if (!step) return null;
    if (step.outcome === 'match') {
      const suppressed = suppresses(rule, step, proof, seen < series.lookups.length);
      if (suppressed === null || (lookup.seen?.suppressed && !suppressed)) return null;
      if (suppressed) step.outcome = 'suppressed';
    }
    steps.push(step);
    if (step.outcome === 'no-usable-route' || step.outcome === 'suppressed') continue;
    return seen === series.lookups.length ? endOf(steps, step) : null;
  }
  return seen === series.lookups.length ? { steps, end: 'none', errno: errno.netunreach } : null;
}

const errnoOfAction = {
  unreachable: errno.netunreach,
  prohibit: errno.acces,
  blackhole: errno.inval,
} as const;

function rejectedByRule(rule: Rule): ReplayedStep {
  const action = rule.action as keyof typeof errnoOfAction;
  return { rule, table: null, outcome: action, errno: errnoOfAction[action], lookup: null, route: null };
}

function lookedUp(
  series: Series,
  lookup: Lookup,
  rule: Rule | null,
  proof: Proof,
  merged: boolean,
): ReplayedStep | null {
  const found = routeOf(proof, series.purpose, lookup, merged);
  if (found === undefined) return null;
  // what was seen refutes a snapshot that says otherwise
  const { seen } = lookup;
  if (rule && seen && seen.rule !== null && seen.rule !== rule.priority) return null;
  const length = found === 'unseen' ? undefined : found.route?.prefix.length;
  if (seen && seen.prefixLength !== null && length !== undefined && seen.prefixLength !== length) return null;
  return {
    rule,
    table: lookup.table,
    outcome: outcomeOf(lookup.errno),
    errno: lookup.errno,
    lookup,
    route: found === 'unseen' ? undefined : found.route,
  };
}

/** What one lookup's errno says by itself. */
export function outcomeOf(code: number): Outcome {
  switch (code) {
    case 0:
      return 'match';
    case errno.hostunreach:
      return 'unreachable';
    case errno.acces:
      return 'prohibit';
    case errno.inval:
      return 'blackhole';
    default:
      return 'no-usable-route';
  }
}

function endOf(steps: ReplayedStep[], last: ReplayedStep): Replay {
  if (last.outcome === 'match') return { steps, end: 'match', errno: 0 };
  if (last.outcome === 'no-usable-route') return { steps, end: 'none', errno: errno.netunreach };
  return { steps, end: 'reject', errno: last.errno };
}

/**
 * fib4_rule_suppress: the route is too short, or its device is of a forbidden group. Null when it takes the
 * route to know, and the route is not known; what came after the lookup is a witness too.
 */
function suppresses(rule: Rule, step: ReplayedStep, proof: Proof, moreFollow: boolean): boolean | null {
  if (rule.suppressPrefixLength < 0 && rule.suppressGroup < 0) return false;
  if (step.route === undefined || step.route === null) return moreFollow ? true : null;
  if (step.route.prefix.length <= rule.suppressPrefixLength) return true;
  if (rule.suppressGroup < 0) return false;
  const link = proof.snapshot.links.get(step.route.nexthops[0]?.device ?? 0);
  return link ? link.group === rule.suppressGroup : null;
}

/** Selectors whose answer depends on what neither the lookup nor the snapshot shows. */
function undecidable(rule: Rule, flow: Flow, purpose: Purpose): boolean {
  // a frame out of a tunnel carries the tunnel's id into the target lookup (skb_tunnel_info)
  if (rule.tunnel && purpose === 'target') return matchesPlain({ ...rule, tunnel: false }, flow);
  // whether a rule for a VRF takes the flow of a device in it depends on the kernel
  return flow.l3mdev !== 0 && (rule.iif?.index === flow.l3mdev || rule.oif?.index === flow.l3mdev);
}

/** fib_rule_match and fib4_rule_match. */
export function matches(rule: Rule, flow: Flow): boolean {
  return matchesPlain(rule, flow) !== rule.invert;
}

function matchesPlain(rule: Rule, flow: Flow): boolean {
  if (rule.iif && (rule.iif.index === null || rule.iif.index !== flow.iif)) return false;
  if (rule.oif && (rule.oif.index === null || rule.oif.index !== flow.oif)) return false;
  if (((rule.mark ^ flow.mark) & rule.markMask) !== 0) return false;
  if (rule.l3mdev && flow.l3mdev === 0) return false;
  // sock_net_uid without a socket is the namespace's root
  if (rule.uids && (rule.uids.from > 0 || rule.uids.to < 0)) return false;
  if (rule.from && !contains(rule.from, flow.saddr)) return false;
  if (rule.to && !contains(rule.to, flow.daddr)) return false;
  if (rule.tos !== 0 && rule.tos !== (flow.dscp & 0xfc)) return false;
  if (rule.tunnel) return false;
  // ARP's own flow has no protocol and no ports, unless rules with ports make the kernel dissect the frame
  if (rule.ipProtocol !== 0 && rule.ipProtocol !== flow.proto) return false;
  return inRange(rule.sports, flow.sport) && inRange(rule.dports, flow.dport);
}

function inRange(range: Range | null, port: number): boolean {
  return range === null || (port >= range.from && port <= range.to);
}

/** The flow of a series that fired no lookup at all: every rule that took it rejected by itself. */
function flowOf(series: Series, pass: Pass, proof: Proof): Flow | null {
  if (series.purpose !== 'target') return null;
  // only a lookup shows the mark of the frame and the VRF of its device
  if (proof.snapshot.rules.some((rule) => rule.markMask !== 0 || rule.l3mdev)) return null;
  return {
    saddr: pass.frame.senderIp,
    daddr: pass.frame.targetIp,
    iif: pass.device.index,
    oif: 0,
    l3mdev: 0,
    mark: 0,
    dscp: 0,
    proto: 0,
    sport: 0,
    dport: 0,
  };
}
