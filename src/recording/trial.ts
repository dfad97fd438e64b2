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
  /** Interface index of the device that asks, in this state. */
  asking: number;
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
/** One lookup, as so many of them. */
const costOfTry = 200;

/**
 * Tries requests again on recorded states, as the kernel would have looked them up: a change of routes, rules or
 * addresses that leaves the lookups as they were did not move the answer, and one that leads from what was decided
 * before to what was decided after did. It is believed only where the states tell both of what was observed.
 */
export class Trials {
  #outcomes = new WeakMap<Snapshot, Map<string, Outcome | null>>();
  readonly #costs = new WeakMap<Snapshot, number>();
  #left = mostLookedAt;

  /** There is work left for more than one of each episode. */
  get hasPlenty(): boolean {
    return this.#left > mostLookedAt / 2;
  }

  /** There were too many: others were told by the words of changes alone. */
  get gaveUp(): boolean {
    return this.#left <= 0;
  }

  /** Let go what is remembered. */
  forget(): void {
    this.#outcomes = new WeakMap();
  }

  /**
   * @param changes in their order; what lies between them is not known
   * @param was null where it was not seen
   * @returns the changes that led from one to the other, and whether each did it alone, or it is one of several
   * between the same two states; null when the states do not tell
   */
  causes(
    changes: readonly TimedChange[],
    { was, now }: { was: Justification | null; now: Justification },
    tried: Tried,
  ): ReadonlyMap<ChangeEvent, boolean> | null {
    const steps = stepsOf(changes);
    if (steps.length === 0) return null;
    if ([was, now].some((one) => one && otherLookups.has(one.reason))) return null;
    if (!hearsRoutes(now) || (was && !hearsRoutes(was))) return new Map();
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
    const [from, end] = stretchOf(outcomes, was, now, tried, validated);
    if (from < 0 || end < 0) return null;
    const moved = steps.slice(from, end).map(({ events }, i) => {
      const [before, after] = [outcomes[from + i] as Outcome, outcomes[from + i + 1] as Outcome];
      return { events, moves: !isSameOutcome(before, after), silences: answers(before) && !answers(after) };
    });
    // what only led elsewhere before did not silence it
    const stops = was?.action === 'replied' && now.action !== 'replied' && !validated;
    const hasSilenced = stops && moved.some(({ silences }) => silences);
    const led = new Map<ChangeEvent, boolean>();
    for (const { events, moves, silences } of moved) {
      if (!moves || (hasSilenced && !silences)) continue;
      for (const event of events) led.set(event, events.length === 1);
    }
    return led;
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
    this.#left -= this.#costOf(state);
    const [daddr, saddr] = [parseIp(target), parseIp(sender)];
    const outcome =
      daddr === null || saddr === null ? null : outcomeIn(state, saddr, daddr, device, validated);
    known.set(key, outcome);
    return outcome;
  }

  /** What lookups in a state take at most: every rule asks its table. */
  #costOf(state: Snapshot): number {
    let cost = this.#costs.get(state);
    if (cost === undefined) {
      const { rules, routes } = state;
      cost = costOfTry + state.links.size / 8;
      for (const { action, table } of rules)
        cost += action === 'goto' ? rules.length : 1 + (routes.get(table)?.length ?? 0);
      this.#costs.set(state, cost);
    }
    return cost;
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
  const own = state.links.get(device.index);
  const link =
    own?.name === device.name ? own : [...state.links.values()].find(({ name }) => name === device.name);
  const asking = link?.index ?? device.index;
  const target = lookUp(state, { saddr, daddr, iif: asking });
  if (!target) return null;
  if (!validated) return { target, source: null, asking };
  // __fib_validate_source asks the other way round, as if it came in where the target's route leads out
  const isLocal = target.route?.type === routeType.local;
  const out = (isLocal ? null : target.route?.nexthops[0]?.device) ?? loopbackIndex;
  const source = lookUp(state, { saddr: daddr, daddr: saddr, iif: out });
  return source && { target, source, asking };
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

/** Whether it leads to a device that does not ask: as far as routes have a say in it, it is answered for. */
function answers({ target, asking }: Outcome): boolean {
  return target.outcome === 'match' && target.ways.some(({ device }) => device !== asking);
}

/** Where the sender is asked for, that alone closes the gate: the way to the target has a say in it by the device. */
function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return a.source && b.source ? isSameFound(a.source, b.source) : isSameFound(a.target, b.target);
}

/** How the lookups ended, where no step of them is told: a rule rejected by itself. */
const outcomeOf: Record<string, Found['outcome']> = {
  blackholed: 'blackhole',
  unreachable: 'unreachable',
  prohibited: 'prohibit',
  'no-route': 'no-usable-route',
};

/**
 * The states that the answer moved between: the last one that tells of what decided before, while a later one tells of
 * what decided after, and the first of those behind it. Where the two decisions differ by their lookups, so do these.
 * @returns indexes; below 0 where there is none
 */
function stretchOf(
  outcomes: readonly Outcome[],
  was: Justification | null,
  now: Justification,
  tried: Tried,
  validated: boolean,
): [from: number, end: number] {
  const tells = (side: Justification) =>
    outcomes.map((one) => !showsLookup(side) || agrees(one, side, tried));
  const after = tells(now);
  const last = after.lastIndexOf(true);
  if (last < 0) return [-1, -1];
  let from = 0;
  if (was && showsLookup(was)) {
    const before = tells(was).map((one, i) => one && i <= last);
    const moved = validated || isOtherLookup(was, now);
    const isOther = (i: number) => !isSameOutcome(outcomes[i] as Outcome, outcomes[last] as Outcome);
    from = before.findLastIndex((one, i) => one && (!moved || isOther(i)));
  }
  if (from < 0) return [-1, -1];
  // where one state tells of both, nothing of this moved it
  const end = was && from === last ? last : after.findIndex((one, i) => one && i > from);
  return [from, end < 0 ? last : end];
}

/** Whether two decisions came of lookups that ended otherwise. What was not proven is no other. */
function isOtherLookup(a: Justification, b: Justification): boolean {
  const isOther = <T>(one: T | null, other: T | null) => one !== null && other !== null && one !== other;
  return (
    a.outcome !== b.outcome ||
    isOther(a.table?.id ?? null, b.table?.id ?? null) ||
    isOther(a.rule?.priority ?? null, b.rule?.priority ?? null) ||
    isOther(a.prefix, b.prefix) ||
    (a.outcome === 'match' && a.way !== b.way)
  );
}

/** Or its gate is told by something else. */
function showsLookup({ outcome, reason }: Justification): boolean {
  return (outcome ?? outcomeOf[reason]) !== undefined;
}

/** Whether a decision may have been made in such a state. */
function agrees(outcome: Outcome, side: Justification, { target }: Tried): boolean {
  const { rule, table, prefix, hostRoute } = side;
  const how = side.outcome ?? outcomeOf[side.reason] ?? null;
  const found = side.reason === 'source-invalid' ? outcome.source : outcome.target;
  if (!found) return false;
  if (how !== null && passedOver.has(how)) return found.outcome === 'no-usable-route';
  if (found.outcome !== how || found.table !== (table?.id ?? null)) return false;
  if (rule !== null && found.rule?.priority !== rule.priority) return false;
  if (!found.route) return true;
  const own = formatPrefix(found.route.prefix);
  if (prefix !== null && own !== (hostRoute ? `${target}/32` : prefix)) return false;
  return hostRoute ? staysHere(found, outcome) === staysThere(side) : goesThatWay(found, side);
}

/** Host routes are alike wherever they lead, but for the device that asks. */
function staysHere({ ways }: Found, { asking }: Outcome): boolean {
  return ways.length > 0 && ways.every(({ device }) => device === asking);
}

function staysThere({ way, device }: Justification): boolean {
  return way.split(' ')[0] === String(device.index);
}

/** Of several nexthops a decision does not tell the gateway, and may take each that is live. */
function goesThatWay({ ways, outcome }: Found, { way }: Justification): boolean {
  const [device = '', gateway = ''] = way.split(' ');
  if (outcome !== 'match' || device === '') return true;
  return ways.some(
    (hop) =>
      String(hop.device) === device &&
      (ways.length > 1 || (gateway === '' ? hop.gatewayFamily !== 2 : parseIp(gateway) === hop.gateway)),
  );
}
