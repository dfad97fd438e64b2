import { weigh, withoutLookups } from './causes.js';
import type { Question, ThinEpisode, TimedChange } from './episode.js';
import { isSame, type Justification } from './justification.js';
import type { Trials } from './trial.js';

/** Questions that are tried on the states around a change. */
const mostTried = 100;

/**
 * Answers that nobody had asked for before a change that fits them, on a device that was seen before it.
 * @param fresh questions that were first asked while `now` held
 * @param here all changes of the namespace
 * @param seenNs when a device was first seen
 */
export function thinEpisode(
  fresh: readonly Question[],
  now: Justification,
  here: readonly TimedChange[],
  seenNs: (place: string) => bigint | null,
  trials: Trials,
): ThinEpisode | null {
  // for whom it had been decided like this before nothing is new
  const told = fresh.filter(({ othersWas }) => othersWas === null || !isSame(othersWas, now));
  const unasked = told.filter(({ othersWas }) => othersWas === null);
  const questions = unasked.length > 0 ? unasked : told;
  const [one] = questions;
  if (!one) return null;
  const { othersWas: before, othersWasNs, place } = one;
  const sinceNs = questions.reduce((least, { firstNs }) => (firstNs < least ? firstNs : least), one.firstNs);
  const device = othersWasNs ?? seenNs(place) ?? sinceNs;
  const then = here.filter(({ toNs, fromNs }) => toNs > device && fromNs <= sinceNs);
  const targets = new Set(questions.map((question) => question.target));
  const senders = new Set(questions.map((question) => question.sender));
  const sides = { was: before, now, targets, senders, tried: null, settings: null };
  // where the states show that it made no difference to whoever asks, only what is no lookup is left of it
  const makesNone = (change: TimedChange) =>
    questions.slice(0, mostTried).every((question) => trials.makesNone(change, now, question) === true);
  const causes = weigh(then, sides, trials)
    .map((change) => (makesNone(change) ? withoutLookups(change, sides) : change))
    .filter(({ weight }) => weight > 0);
  return causes.length > 0 ? { now, targets, sinceNs, before, causes } : null;
}
