import type { ChangeEvent } from '../stream/events.js';
import { explains, type Sides, weightOf, weightOfOne } from './causes.js';
import {
  type Apart,
  type Episode,
  type Moment,
  type Question,
  type TimedChange,
  toldLeavings,
} from './episode.js';

/** What is known of an episode beside itself. */
export interface Behind {
  /** All changes of its namespace. */
  here: TimedChange[];
  moments: ReadonlyMap<string, Moment>;
  settings: Sides['settings'];
}

export type Early = Pick<Question, 'target' | 'firstNs' | 'asked'>;

/** The changes behind an episode, and behind its end. */
export function findCauses(episode: Episode, { here, moments, settings }: Behind): void {
  const { was, now, targets, senders } = episode;
  const between = within(here, episode.lastWasNs, episode.firstNs);
  const weighed = weigh(between, { was, now, targets, senders, settings });
  episode.causes = weighed.filter(({ weight }) => weight > 0);
  episode.others = weighed.filter(({ weight }) => weight === 0);
  episode.apart = apartFrom(episode.causes, moments, here, { was, now, senders, settings });
  for (const one of episode.left.slice(0, toldLeavings)) {
    const sides = { was: now, now: one.by, targets: one.targets, senders, settings: one.sides };
    // what began it did not end it, too
    const later = here.filter(({ event }) => !episode.causes.some((cause) => cause.event === event));
    const changes = weigh(within(later, one.lastNs, one.firstNs), sides);
    one.changes = changes.filter(({ weight }) => weight > 0);
    one.others = changes.length - one.changes.length;
    for (const target of one.moments.keys()) if (!one.targets.has(target)) one.moments.delete(target);
    one.apart = apartFrom(one.changes, one.moments, later, sides);
  }
}

/**
 * What was decided like this already before the change came is none of its.
 * @param early questions that it took in although they were asked before it was seen to begin
 */
export function forgetEarly(episode: Episode, early: readonly Early[]): void {
  const begins = episode.causes.map(({ fromNs }) => fromNs);
  const [first] = begins;
  if (first === undefined || early.length === 0) return;
  const begin = begins.reduce((least, ns) => (ns < least ? ns : least), first);
  let sinceNs = episode.firstNs;
  for (const { target, firstNs, asked } of early) {
    if (firstNs >= begin) {
      if (firstNs < sinceNs) sinceNs = firstNs;
      continue;
    }
    episode.fresh.delete(target);
    episode.decisions -= asked;
  }
  episode.sinceNs = sinceNs;
}

/** Addresses that none of the causes explains, and that have a change of their own, which explains them. */
function apartFrom(
  causes: readonly TimedChange[],
  moments: ReadonlyMap<string, Moment>,
  here: TimedChange[],
  sides: Omit<Sides, 'targets'>,
): Apart[] {
  const found = new Map<ChangeEvent, Apart>();
  if (moments.size < 2) return [];
  let left = mostLookedAt;
  for (const [target, { lastNs, firstNs }] of moments) {
    if (left-- === 0) break;
    const own = { ...sides, targets: new Set([target]) };
    const isExplained = causes.some(
      ({ event, fromNs, toNs }) => weightOf(event, own) >= explains && fromNs <= firstNs && toNs >= lastNs,
    );
    if (isExplained) continue;
    const changes = weigh(within(here, lastNs, firstNs), own).filter(({ weight }) => weight >= explains);
    const [first] = changes;
    if (!first) continue;
    const known = found.get(first.event);
    if (!known) found.set(first.event, { targets: own.targets, firstNs, changes });
    else {
      known.targets.add(target);
      if (firstNs < known.firstNs) known.firstNs = firstNs;
    }
  }
  return [...found.values()];
}

/** Addresses whose own change is looked for. */
const mostLookedAt = 2000;

/** What is decided otherwise has changed already, whenever the change itself was seen. */
function within(changes: TimedChange[], from: bigint, to: bigint): TimedChange[] {
  return changes
    .filter(({ fromNs, toNs }) => fromNs <= to && toNs >= from)
    .map((change) => (change.toNs > to ? { ...change, toNs: to } : change));
}

/** Each with how well it fits. */
export function weigh(changes: TimedChange[], sides: Sides) {
  return changes.map((change) => ({
    ...change,
    weight: weightOf(change.event, sides),
    weights: new Map(change.event.changes.map((one) => [one, weightOfOne(one, sides)])),
  }));
}
