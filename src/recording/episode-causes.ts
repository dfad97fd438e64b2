import type { Change } from '../decision/changes.js';
import type { ChangeEvent } from '../stream/events.js';
import {
  explains,
  fits,
  mayTake,
  type SettingMoved,
  type Sides,
  shown,
  type Weighed,
  weigh,
  weightOf,
} from './causes.js';
import {
  type Apart,
  type Episode,
  type Leaving,
  type Moment,
  type Question,
  type TimedChange,
  toldLeavings,
} from './episode.js';
import type { Trials, Tried } from './trial.js';

/** What is known of an episode beside itself. */
export interface Behind {
  /** All changes of its namespace. */
  here: TimedChange[];
  moments: ReadonlyMap<string, Moment>;
  settings: Sides['settings'];
  trials: Trials;
}

/** The changes behind an episode. */
export function findCauses(episode: Episode, { here, moments, settings, trials }: Behind): void {
  const { was, now, targets, askers } = episode;
  const sides = { was, now, targets, senders: askers, settings, tried: triedOf(moments) };
  const weighed = weighBetween(episode, moments, here, sides, trials, (lastNs) => {
    episode.lastWasNs = lastNs;
  });
  episode.causes = causesIn(weighed);
  episode.settings = unannounced(episode.settings, here, moments, episode.firstNs);
  episode.others = weighed.filter((one) => !episode.causes.some(({ event }) => event === one.event));
  for (const target of episode.fresh)
    if (!mayBeIts(target, episode, sides, trials)) episode.fresh.delete(target);
  const { apart, unlooked } = apartFrom(episode.causes, moments, here, sides, trials);
  episode.apart = apart;
  episode.unlooked = unlooked;
}

/** Settings that moved between the first two decisions, and that no change tells of: those have a time of their own. */
function unannounced(
  settings: readonly SettingMoved[],
  here: TimedChange[],
  moments: ReadonlyMap<string, Moment>,
  firstNs: bigint,
): SettingMoved[] {
  const [first] = moments.values();
  if (!first || settings.length === 0) return [...settings];
  const texts = new Set(
    within(here, first.lastNs, firstNs).flatMap(({ event }) =>
      event.changes.flatMap(({ change, text }) => (change === 'changed' ? [text] : [])),
    ),
  );
  return settings.filter(({ path, now }) => !texts.has(`${path} = ${now}`));
}

/** Whether an address that had no before may have been moved by what moved the others. */
function mayBeIts(target: string, { causes, now, askers }: Episode, sides: Sides, trials: Trials): boolean {
  const [sender] = askers;
  const own = { ...sides, targets: new Set([target]) };
  const best = causes.filter(({ weight = 0 }) => weight >= explains);
  if (best.length === 0) return !now.hostRoute || causes.some(({ event }) => weightOf(event, own) > 0);
  return best.some((cause) => {
    const none = sender === undefined ? null : trials.makesNone(cause, now, { target, sender });
    // settings are everybody's; a route is of those that it covers
    if (none !== null && cause.weight === shown) return !none;
    return !now.hostRoute && !isOfRoutes(cause) ? true : weightOf(cause.event, own) > 0;
  });
}

const isOfRoutes = ({ event, weights }: TimedChange) =>
  event.more === 0 &&
  event.changes.every((one) => one.object === 'route' || (weights?.get(one) ?? 0) < explains);

/** The one that was decided as before when others had moved already, or nearly: it bounds the change from below. */
function lastBefore(moments: ReadonlyMap<string, Moment>, untilNs: bigint): Tried | null {
  let found: Moment | null = null;
  let left = mostLookedAt;
  for (const one of moments.values()) {
    if (left-- === 0) break;
    if (one.lastNs <= untilNs && (found === null || one.lastNs > found.lastNs)) found = one;
  }
  return found;
}

/** The first one that moved. */
function triedOf(moments: ReadonlyMap<string, Moment>): Tried | null {
  const [first] = moments.values();
  return first ?? null;
}

/** The changes behind its end. */
export function findEndings(episode: Episode, here: TimedChange[], trials: Trials): void {
  const { askers: senders, causes, apart, firstNs } = episode;
  const began = new Set([...causes, ...apart.flatMap(({ changes }) => changes)].map(({ event }) => event));
  const later = here.filter(({ toNs }) => toNs > firstNs);
  for (const one of episode.left.slice(0, toldLeavings)) {
    const { was, by: now, moments } = one;
    const targets = aboutOf(one);
    for (const [key, { target }] of moments) if (!targets.has(target)) moments.delete(key);
    const sides = { was, now, targets, senders, settings: one.sides, tried: triedOf(moments) };
    const window = { lastWasNs: one.lastNs, firstNs: one.firstNs };
    const changes = weighBetween(window, moments, later, sides, trials, (lastNs) => {
      one.lastNs = lastNs;
    });
    // what began it may have come after that, for all that its time tells: but it has to lead the other way, too
    const fitting = changes.filter(({ event, weight }) => !began.has(event) || weight >= explains);
    one.changes = causesIn(fitting);
    one.settings = unannounced(one.settings, here, moments, one.firstNs);
    one.others = changes.length - one.changes.length;
    one.apart = apartFrom(one.changes, moments, later, sides, trials).apart;
  }
}

/** Those that it is told of. */
export function aboutOf({ targets, some }: Leaving): ReadonlySet<string> {
  return targets.size > 0 ? targets : some;
}

/** The changes of which the states show that they ended it for one who asks. */
export function endingsOf(
  { was, by: now, sides: settings }: Leaving,
  moment: Moment,
  here: TimedChange[],
  trials: Trials,
): TimedChange[] {
  const { target, sender, lastNs, firstNs } = moment;
  const [targets, senders] = [new Set([target]), new Set([sender])];
  const sides = { was, now, targets, senders, settings, tried: moment };
  return weigh(within(here, lastNs, firstNs), sides, trials).filter(({ weight }) => weight === shown);
}

/** Whether the states show that what began it makes no difference to who asks. */
export function isUntouched({ causes, now }: Episode, tried: Tried, trials: Trials): boolean {
  const known = causes.filter(({ weight }) => weight === shown);
  return known.length > 0 && known.every((cause) => trials.makesNone(cause, now, tried) === true);
}

/** Those that fit; but for routes that came behind all that explains it: they undo it again. */
function causesIn(changes: readonly Weighed[]): Weighed[] {
  const last = changes.findLast(({ weight }) => weight >= explains);
  const undoes = ({ weight, event, fromNs }: Weighed) =>
    last !== undefined &&
    weight < explains &&
    fromNs >= last.fromNs &&
    event.changes.every(({ object, change }) => object === 'route' && change === 'added');
  const known = changes.filter(({ weight }) => weight === shown);
  // of what the states show, only links that moved just before it are told beside it: they are mostly why
  const isBeside = ({ weight, event, toNs }: Weighed) =>
    weight >= explains ||
    (event.changes.every(isUpOrDown) &&
      known.some(({ fromNs, toNs: until }) => toNs <= until && fromNs - toNs < besideNs));
  return changes.filter((one) => one.weight > 0 && !undoes(one) && (known.length === 0 || isBeside(one)));
}

/** A link that came, went, or lost its carrier: no other group, no other name. */
function isUpOrDown({ object, text, was }: Change): boolean {
  const state = (one: string) => /, down/.test(one) || /, no carrier/.test(one);
  return object === 'link' && (was === null || state(text) !== state(was));
}

const besideNs = 1_000_000_000n;
const mostClaims = 100;

/**
 * The changes between the last decision before and the first one after. What moved together narrows that; where nothing
 * fits in what is left, it did not move together, and the first of them is asked for by itself.
 */
function weighBetween(
  { lastWasNs, firstNs }: Pick<Episode, 'lastWasNs' | 'firstNs'>,
  moments: ReadonlyMap<string, Moment>,
  here: TimedChange[],
  sides: Sides,
  trials: Trials,
  widen: (lastNs: bigint) => void,
): Weighed[] {
  const narrow = weigh(
    within(here, lastWasNs, firstNs),
    { ...sides, tried: lastBefore(moments, lastWasNs) },
    trials,
  );
  const [first] = moments.values();
  const bestOf = (all: readonly Weighed[]) => Math.max(0, ...all.map(({ weight }) => weight));
  if (bestOf(narrow) === shown || !first || first.lastNs >= lastWasNs) return narrow;
  const wide = weigh(within(here, first.lastNs, firstNs), sides, trials);
  const isBetter = bestOf(narrow) === 0 ? bestOf(wide) > 0 : bestOf(wide) >= explains;
  if (bestOf(wide) < shown && (bestOf(narrow) >= explains || !isBetter)) return narrow;
  widen(first.lastNs);
  return wide;
}

/**
 * What was decided like this already before the change came is none of its.
 * @param early questions that it took in although they were asked before it was seen to begin
 * @returns those of them that are no part of it
 */
export function forgetEarly(episode: Episode, early: readonly Question[]): Question[] {
  const begins = episode.causes.map(({ fromNs }) => fromNs);
  const [first] = begins;
  if (first === undefined || early.length === 0) return [];
  const begin = begins.reduce((least, ns) => (ns < least ? ns : least), first);
  const forgotten: Question[] = [];
  let sinceNs = episode.firstNs;
  for (const question of early) {
    const { target, firstNs } = question;
    if (firstNs < begin) {
      episode.fresh.delete(target);
      forgotten.push(question);
    } else if (firstNs < sinceNs && (episode.fresh.has(target) || episode.targets.has(target)))
      sinceNs = firstNs;
  }
  episode.sinceNs = sinceNs;
  return forgotten;
}

/** How often an address was decided so, and when last. */
export interface Count {
  target: string;
  decisions: number;
  /** Those that went by a route whose prefix was not proven. */
  unproven: number;
  /** Claimed by the replies; a few. */
  macs: string[];
  lastNs: bigint;
}

/** Of the addresses that are told, and of no others. */
export function countDecisions(episode: Episode, counts: ReadonlyMap<string, Count>): void {
  const { firstNs, moreNs } = episode;
  episode.lastNs = moreNs !== null && moreNs > firstNs ? moreNs : firstNs;
  for (const { target, decisions, lastNs, unproven, macs } of counts.values()) {
    if (!episode.targets.has(target) && !episode.fresh.has(target)) continue;
    episode.decisions += decisions;
    episode.unproven += unproven;
    for (const mac of macs) if (episode.claimed.size < mostClaims) episode.claimed.add(mac);
    if (lastNs > episode.lastNs) episode.lastNs = lastNs;
  }
}

/** Addresses that none of the causes explains, and that have a change of their own, which explains them. */
function apartFrom(
  causes: readonly TimedChange[],
  moments: ReadonlyMap<string, Moment>,
  here: TimedChange[],
  sides: Omit<Sides, 'targets'>,
  trials: Trials,
): { apart: Apart[]; unlooked: number } {
  const found = new Map<ChangeEvent, Apart>();
  if (moments.size < 2) return { apart: [], unlooked: 0 };
  const events = new Set(causes.map(({ event }) => event));
  let [left, unlooked] = [mostWeighed, 0];
  for (const { target, sender, lastNs, firstNs } of moments.values()) {
    const then = left > 0 ? within(here, lastNs, firstNs) : [];
    left -= here.length / 16;
    for (const { event } of then) left -= event.changes.length;
    if (left <= 0) {
      unlooked++;
      continue;
    }
    const tried = trials.hasPlenty ? { target, sender } : null;
    const own = { ...sides, targets: new Set([target]), tried };
    const changes = weigh(then, own, trials).filter(({ weight }) => weight > 0);
    const most = Math.max(0, ...changes.map(({ weight }) => weight));
    const best = changes.filter(({ weight }) => weight === most);
    const last = best.at(-1);
    if (!last || most < fits) continue;
    const explained = Math.max(
      0,
      ...changes.filter(({ event }) => events.has(event)).map(({ weight }) => weight),
    );
    // what is only near explains it where nothing explains it better
    if (explained >= mayTake || (explained > 0 && most < explains)) continue;
    const known = found.get(last.event);
    if (!known)
      found.set(last.event, { targets: own.targets, senders: new Set([sender]), firstNs, changes: best });
    else {
      known.targets.add(target);
      known.senders.add(sender);
      if (firstNs < known.firstNs) known.firstNs = firstNs;
    }
  }
  return { apart: [...found.values()], unlooked };
}

/** Changes that are weighed for single addresses of one episode. */
const mostWeighed = 1_000_000;
/** Addresses among which the one that bounds a change is looked for. */
const mostLookedAt = 2000;

/** What is decided otherwise has changed already, whenever the change itself was seen. */
function within(changes: TimedChange[], from: bigint, to: bigint): TimedChange[] {
  return changes
    .filter(({ fromNs, toNs }) => fromNs <= to && toNs >= from)
    .map((change) => (change.toNs > to ? { ...change, toNs: to } : change));
}
