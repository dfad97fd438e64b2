import { formatPrefix, parseIp } from '../decision/addresses.js';
import { loopbackIndex, routeType } from '../decision/kernel-numbers.js';
import { type Found, isSameFound, lookUp } from '../decision/lookup.js';
import type { Snapshot } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { States, TimedChange } from './episode.js';
import type { Justification } from './justification.js';

/** One request that moved: its lookups are tried again on the states around each change. */
export interface Tried {
  target: string;
  sender: string;
}

/** What the lookups of a request come to in one state; source validation asks for the sender, from the way out. */
interface Outcome {
  target: Found;
  /** Null where the sender is not asked for. */
  source: Found | null;
}

/** Gates that close, or are passed, whatever the routes are. */
const notByRoutes = new Set([
  'filtered-in',
  'filtered-out',
  'not-for-us',
  'device-noarp',
  'ipv4-disabled',
  'malformed',
  'gratuitous-dropped',
  'self-probe',
  'target-invalid',
]);
/** Gates that look up what is not tried here. */
const otherLookups = new Set(['arp-ignore', 'arp-filter', 'probe-not-proxied']);

/** Whether routes and rules have a say in a request that comes to this gate. */
export const hearsRoutes = ({ reason }: Pick<Justification, 'reason'>) => !notByRoutes.has(reason);

/** The last rule was asked, and found nothing. */
const passedOver = new Set(['no-usable-route', 'no-table', 'suppressed']);

/** Routes that are looked at for all requests together. */
const mostLookedAt = 50_000_000;

/**
 * Tries requests again on recorded states, as the kernel would have looked them up: a change of routes, rules or
 * addresses that leaves the lookups as they were did not move the answer, and one that leads from what was decided
 * before to what was decided after did. It is believed only where the states tell both of what was observed.
 */
export class Trials {
  readonly #outcomes = new WeakMap<Snapshot, Map<string, Outcome | null>>();
  #left = mostLookedAt;

  /**
   * @param changes in their order; what lies between them is not known
   * @param was null where it was not seen
   * @returns the changes that led from one to the other; null when the states do not tell
   */
  causes(
    changes: readonly TimedChange[],
    { was, now }: { was: Justification | null; now: Justification },
    tried: Tried,
  ): ReadonlySet<ChangeEvent> | null {
    const steps = stepsOf(changes);
    if (steps.length === 0) return null;
    if ([was, now].some((one) => one && otherLookups.has(one.reason))) return null;
    if (!hearsRoutes(now) || (was && !hearsRoutes(was))) return new Set();
    const validated = [was, now].some((one) => one?.reason === 'source-invalid');
    const outcomes: Outcome[] = [];
    for (const { states } of steps) {
      const before = this.#try(states.before, now, tried, validated);
      const after = this.#try(states.after, now, tried, validated);
      if (!before || !after) return null;
      const last = outcomes.at(-1);
      if (!last) outcomes.push(before);
      // something moved between two states that no change tells of
      else if (!isSameOutcome(last, before)) return null;
      outcomes.push(after);
    }
    const end = showsLookup(now)
      ? outcomes.findLastIndex((one) => agrees(one, now, tried))
      : outcomes.length - 1;
    if (end < 0) return null;
    const from = was && showsLookup(was) ? lastOf(outcomes, end, was, tried, validated) : 0;
    if (from < 0) return null;
    const between = steps.slice(from, end);
    const moved = between.filter(
      (_step, i) => !isSameOutcome(outcomes[from + i] as Outcome, outcomes[from + i + 1] as Outcome),
    );
    return new Set(moved.flatMap(({ events }) => events));
  }

  /** Whether a change makes any difference to a request; null when its states do not tell. */
  makesNone({ states }: TimedChange, now: Justification, tried: Tried): boolean | null {
    if (!states || otherLookups.has(now.reason)) return null;
    const validated = now.reason === 'source-invalid';
    const before = this.#try(states.before, now, tried, validated);
    const after = this.#try(states.after, now, tried, validated);
    return before && after && isSameOutcome(before, after);
  }

  #try(
    state: Snapshot,
    { device }: Justification,
    { target, sender }: Tried,
    validated: boolean,
  ): Outcome | null {
    const known = this.#outcomes.get(state) ?? new Map<string, Outcome | null>();
    this.#outcomes.set(state, known);
    const key = `${device.name ?? device.index}|${target}|${sender}|${validated}`;
    const tried = known.get(key);
    if (tried !== undefined) return tried;
    if (this.#left <= 0) return null;
    for (const routes of state.routes.values()) this.#left -= routes.length;
    const [daddr, saddr] = [parseIp(target), parseIp(sender)];
    const outcome =
      daddr === null || saddr === null ? null : outcomeIn(state, saddr, daddr, device, validated);
    known.set(key, outcome);
    return outcome;
  }
}

function outcomeIn(
  state: Snapshot,
  saddr: number,
  daddr: number,
  device: Justification['device'],
  validated: boolean,
): Outcome | null {
  // made again, a device has another index
  const link = [...state.links.values()].find(({ name }) => name === device.name);
  const target = lookUp(state, { saddr, daddr, iif: link?.index ?? device.index });
  if (!target) return null;
  if (!validated) return { target, source: null };
  // __fib_validate_source asks the other way round, as if it came in where the target's route leads out
  const isLocal = target.route?.type === routeType.local;
  const out = (isLocal ? null : target.route?.nexthops[0]?.device) ?? loopbackIndex;
  const source = lookUp(state, { saddr: daddr, daddr: saddr, iif: out });
  return source && { target, source };
}

interface Step {
  states: States;
  events: ChangeEvent[];
}

/** Changes between the same two states are one step. */
function stepsOf(changes: readonly TimedChange[]): Step[] {
  const steps: Step[] = [];
  for (const { event, states } of changes) {
    if (!states) continue;
    const last = steps.at(-1);
    if (last?.states === states) last.events.push(event);
    else steps.push({ states, events: [event] });
  }
  return steps;
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  if (!isSameFound(a.target, b.target)) return false;
  return a.source && b.source ? isSameFound(a.source, b.source) : a.source === b.source;
}

/** How the lookups ended, where no step of them is told: a rule rejected by itself. */
const outcomeOf: Record<string, Found['outcome']> = {
  blackholed: 'blackhole',
  unreachable: 'unreachable',
  prohibited: 'prohibit',
  'no-route': 'no-usable-route',
};

/**
 * The last state up to the end that tells of what decided before. Where validation closed the gate, or did not, the
 * way to the target alone tells nothing: then the last one that is another than the end.
 */
function lastOf(
  outcomes: readonly Outcome[],
  end: number,
  was: Justification,
  tried: Tried,
  validated: boolean,
): number {
  const known = outcomes.map((one, i) => i <= end && agrees(one, was, tried));
  const other = known.findLastIndex(
    (one, i) => one && !isSameOutcome(outcomes[i] as Outcome, outcomes[end] as Outcome),
  );
  return validated && other >= 0 ? other : known.lastIndexOf(true);
}

/** Or its gate is told by something else. */
function showsLookup({ outcome, reason }: Justification): boolean {
  return (outcome ?? outcomeOf[reason]) !== undefined;
}

/** Whether a decision may have been made in such a state. */
function agrees(outcome: Outcome, side: Justification, { target }: Tried): boolean {
  const { rule, table, prefix, outIndex, gateway, hostRoute } = side;
  const how = side.outcome ?? outcomeOf[side.reason] ?? null;
  const found = side.reason === 'source-invalid' ? outcome.source : outcome.target;
  if (!found) return false;
  if (how !== null && passedOver.has(how)) return found.outcome === 'no-usable-route';
  if (found.outcome !== how || found.table !== (table?.id ?? null)) return false;
  if (rule !== null && found.rule?.priority !== rule.priority) return false;
  if (!found.route) return true;
  const own = formatPrefix(found.route.prefix);
  if (prefix !== null && own !== (hostRoute ? `${target}/32` : prefix)) return false;
  if (outIndex === null) return true;
  return found.route.nexthops.some(
    (hop) => hop.device === outIndex && (gateway === null || parseIp(gateway) === hop.gateway),
  );
}
