import type { ChangeEvent } from '../stream/events.js';
import { explains, fits, type Sides, weightOf, weightOfOne } from './causes.js';
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

export type Early = Pick<Question, 'target' | 'firstNs'>;

/** The changes behind an episode. */
export function findCauses(episode: Episode, { here, moments, settings }: Behind): void {
  const { was, now, targets, askers } = episode;
  const sides = { was, now, targets, senders: askers, settings };
  const weighed = weighBetween(episode, moments, here, sides, (lastNs) => {
    episode.lastWasNs = lastNs;
  });
  episode.causes = causesIn(weighed);
  episode.others = weighed.filter((one) => !episode.causes.includes(one));
  // a route of its own is moved by nothing else
  if (now.hostRoute) {
    for (const target of episode.fresh) {
      const own = { ...sides, targets: new Set([target]) };
      if (!episode.causes.some(({ event }) => weightOf(event, own) > 0)) episode.fresh.delete(target);
    }
  }
  episode.apart = apartFrom(episode.causes, moments, here, sides);
}

/** The changes behind its end. */
export function findEndings(episode: Episode, here: TimedChange[]): void {
  const { askers: senders, causes, apart, firstNs } = episode;
  // what began it did not end it, too, unless it may have come after that
  const began = [...causes, ...apart.flatMap(({ changes }) => changes)];
  const later = here.filter(
    ({ event, toNs }) =>
      toNs > firstNs && !began.some((cause) => cause.event === event && toNs <= cause.toNs),
  );
  for (const one of episode.left.slice(0, toldLeavings)) {
    const sides = { was: one.was, now: one.by, targets: one.targets, senders, settings: one.sides };
    for (const target of one.moments.keys()) if (!one.targets.has(target)) one.moments.delete(target);
    const window = { lastWasNs: one.lastNs, firstNs: one.firstNs };
    const changes = weighBetween(window, one.moments, later, sides, (lastNs) => {
      one.lastNs = lastNs;
    });
    one.changes = causesIn(changes);
    one.others = changes.length - one.changes.length;
    one.apart = apartFrom(one.changes, one.moments, later, sides);
  }
}

/** Those that fit; but for routes that came behind all that explains it: they undo it again. */
function causesIn(changes: ReturnType<typeof weigh>): ReturnType<typeof weigh> {
  const last = changes.findLast(({ weight }) => weight >= explains);
  const undoes = ({ weight, event, fromNs }: TimedChange & { weight: number }) =>
    last !== undefined &&
    weight < explains &&
    fromNs >= last.fromNs &&
    event.changes.every(({ object, change }) => object === 'route' && change === 'added');
  return changes.filter((one) => one.weight > 0 && !undoes(one));
}

/**
 * The changes between the last decision before and the first one after. What moved together narrows that; where nothing
 * fits in what is left, it did not move together, and the first of them is asked for by itself.
 */
function weighBetween(
  { lastWasNs, firstNs }: Pick<Episode, 'lastWasNs' | 'firstNs'>,
  moments: ReadonlyMap<string, Moment>,
  here: TimedChange[],
  sides: Sides,
  widen: (lastNs: bigint) => void,
) {
  const narrow = weigh(within(here, lastWasNs, firstNs), sides);
  const [first] = moments.values();
  if (narrow.some(({ weight }) => weight > 0) || !first || first.lastNs >= lastWasNs) return narrow;
  const wide = weigh(within(here, first.lastNs, firstNs), sides);
  if (!wide.some(({ weight }) => weight > 0)) return narrow;
  widen(first.lastNs);
  return wide;
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
  for (const { target, firstNs } of early) {
    if (firstNs < begin) episode.fresh.delete(target);
    else if (firstNs < sinceNs && (episode.fresh.has(target) || episode.targets.has(target)))
      sinceNs = firstNs;
  }
  episode.sinceNs = sinceNs;
}

/** How often an address was decided so, and when last. */
export interface Count {
  decisions: number;
  lastNs: bigint;
}

/** Of the addresses that are told, and of no others. */
export function countDecisions(episode: Episode, counts: ReadonlyMap<string, Count>): void {
  episode.lastNs = episode.firstNs;
  for (const [target, { decisions, lastNs }] of counts) {
    if (!episode.targets.has(target) && !episode.fresh.has(target)) continue;
    episode.decisions += decisions;
    if (lastNs > episode.lastNs) episode.lastNs = lastNs;
  }
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
      ({ event, fromNs, toNs }) => weightOf(event, own) > 0 && fromNs <= firstNs && toNs >= lastNs,
    );
    if (isExplained) continue;
    const changes = weigh(within(here, lastNs, firstNs), own).filter(({ weight }) => weight >= fits);
    const [best] = changes.sort((a, b) => b.weight - a.weight);
    if (!best) continue;
    const known = found.get(best.event);
    if (!known) found.set(best.event, { targets: own.targets, firstNs, changes: [best] });
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
