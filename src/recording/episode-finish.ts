import type { Sides } from './causes.js';
import {
  askedKey,
  type Episode,
  type Leaving,
  type Moment,
  type Question,
  type TimedChange,
} from './episode.js';
import {
  type Count,
  countDecisions,
  endingsOf,
  findCauses,
  findEndings,
  forgetEarly,
  isUntouched,
} from './episode-causes.js';
import { type Around, type Askers, findEnd, findOthers } from './episode-ends.js';
import { isSame, type Justification, placeOf } from './justification.js';
import type { Trials } from './trial.js';

/** What was gathered of an episode while its recording was read. */
export interface Gathered {
  /** When each address moved, by address and who asked. */
  moments: ReadonlyMap<string, Moment>;
  /** What the decisions before and after were made with. */
  settings: Sides['settings'];
  /** Questions that it took in although they were asked before it was seen to begin. */
  early: readonly Question[];
  /** By address, and who asked. */
  counts: Map<string, Count>;
}

/** Episodes, and the questions that they were found in. */
export interface Followed {
  all: readonly Episode[];
  questions(): Iterable<Question>;
  /** Who asked for an address on a device. */
  askers(place: string, target: string): readonly Question[];
  /** The changes of its namespace. */
  changesOf(one: Justification): TimedChange[];
  of(episode: Episode): Gathered;
  trials: Trials;
}

/** Find the changes behind each episode, what it counts, and what it goes on for. */
export function finishEpisodes(followed: Followed): void {
  const { all, trials, changesOf } = followed;
  for (const episode of all) {
    const { moments, settings, early, counts } = followed.of(episode);
    findCauses(episode, { here: changesOf(episode.now), moments, settings, trials });
    const fresh = new Set(episode.fresh);
    const forgotten = forgetEarly(episode, early);
    for (const one of forgotten) {
      counts.delete(askedKey(one));
      one.been = one.been.filter((other) => other !== episode);
      if (one.episode === episode) one.episode = null;
    }
    // who else asks for an address keeps it in
    if (forgotten.length > 0)
      for (const { target } of counts.values()) if (fresh.has(target)) episode.fresh.add(target);
    countDecisions(episode, counts);
  }
  const staying = stayingOf(followed.questions());
  const ended = new Map<Episode, ReadonlySet<string>>();
  // what went on to another episode ends with that: the last ones first
  for (const episode of [...all].reverse()) {
    const place = placeOf(episode.now);
    const here = changesOf(episode.now);
    const askers = (target: string) => followed.askers(place, target);
    const next = new Map<Justification, Episode[]>();
    const nextBy = (by: Justification) => {
      const known = next.get(by) ?? wentBy(episode, by, all);
      next.set(by, known);
      return known;
    };
    const around: Around = {
      staying: staying.get(episode) ?? new Map(),
      askers,
      went: (by, target) => nextBy(by).some((one) => ended.get(one)?.has(target)),
      spares: (one, target) => spares(one, target, episode, askers, here, trials),
      isUntouched: (target, sender) => isUntouched(episode, { target, sender }, trials),
    };
    ended.set(episode, findEnd(episode, around));
    findEndings(episode, here, trials);
    findOthers(episode, around);
  }
}

/** Addresses that some question goes on to be in an episode for, and the last decision about each. */
function stayingOf(questions: Iterable<Question>): Map<Episode, Map<string, bigint>> {
  const staying = new Map<Episode, Map<string, bigint>>();
  for (const { episode, target, lastNs } of questions) {
    if (!episode) continue;
    const targets = staying.get(episode) ?? new Map();
    const known = targets.get(target);
    if (known === undefined || lastNs > known) targets.set(target, lastNs);
    staying.set(episode, targets);
  }
  return staying;
}

/** Those that it may have gone on to. */
function wentBy({ now }: Episode, by: Justification, all: readonly Episode[]): Episode[] {
  return all.filter((one) => one.kind === 'moved' && isSame(one.was, now) && isSame(one.now, by));
}

/** Another one who asks for the address is in the episode still, and the states show that what ended it is not his. */
function spares(
  one: Leaving,
  target: string,
  episode: Episode,
  askers: Askers,
  here: TimedChange[],
  trials: Trials,
): boolean {
  const still = askers(target).filter((other) => other.episode === episode && other.lastNs > one.lastNs);
  if (still.length === 0) return false;
  const who = askers(target).find((other) => one.moments.has(askedKey(other)));
  const moment = who && one.moments.get(askedKey(who));
  const ends = moment ? endingsOf(one, moment, here, trials) : [];
  if (ends.length === 0) return false;
  const isHis = (change: TimedChange, { sender, lastNs }: Question) =>
    lastNs <= change.toNs && trials.makesNone(change, episode.now, { target, sender }) !== true;
  return still.some((other) => !ends.some((change) => isHis(change, other)));
}
