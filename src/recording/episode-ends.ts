import type { Episode, Leaving, Question } from './episode.js';
import { isSame, type Justification } from './justification.js';

export type Askers = (target: string) => readonly Question[];

/** What is known of an episode beside itself, once its causes are. */
export interface Around {
  /** Addresses that some question goes on to be in it for, and the last decision about each. */
  staying: ReadonlyMap<string, bigint>;
  /** All who asked for an address on its device. */
  askers: Askers;
  /** Whether an address that went on to be answered by something else was seen to end there. */
  went: (by: Justification, target: string) => boolean;
  /** Whether what ended it for one who asks for an address leaves another one, who asks for it, in it. */
  spares: (one: Leaving, target: string) => boolean;
  /** Whether what began it makes no difference to who asks. */
  isUntouched: (target: string, sender: string) => boolean;
}

/**
 * How an episode ended, for whom it was seen.
 * @returns the addresses that it was seen to end for
 */
export function findEnd(episode: Episode, around: Around): Set<string> {
  const { staying, went, spares } = around;
  const gone = new Set<string>();
  const ended = new Set<string>();
  const fresh = new Set<string>();
  const seen = new Set<string>();
  // for whom it ended last it ended: the latest first
  const latest = [...episode.left].sort((a, b) => Number(b.firstNs - a.firstNs));
  for (const one of latest) {
    const { targets, some, firstNs, moments, asBefore, asFirst, by } = one;
    const over = asBefore || asFirst || episode.kind === 'stopped' || by.action !== 'replied';
    const firstOf = new Map([...moments.values()].map((one) => [one.target, one.firstNs]));
    for (const target of targets) {
      const ends = over || went(by, target);
      if (seen.has(target)) {
        targets.delete(target);
        continue;
      }
      seen.add(target);
      const isStaying = (staying.get(target) ?? 0n) > firstNs || spares(one, target);
      // who asks for it from elsewhere is still told so
      if (isStaying || !episode.targets.has(target)) {
        targets.delete(target);
        if (isStaying && episode.targets.has(target)) some.add(target);
      } else {
        gone.add(target);
        if (ends) ended.add(target);
      }
      if (isStaying || !episode.fresh.has(target) || !ends) continue;
      // of what had no before the number alone is told
      fresh.add(target);
      const ns = firstOf.get(target) ?? firstNs;
      if (episode.freshLeftNs === null || ns < episode.freshLeftNs) episode.freshLeftNs = ns;
    }
  }
  episode.freshLeft = fresh.size;
  episode.ended = ended.size;
  episode.left = episode.left
    .filter(({ targets, some }) => targets.size + some.size > 0)
    .sort((a, b) => Number(a.firstNs - b.firstNs));
  episode.staying = episode.targets.size - gone.size;
  findRestored(episode, gone, around);
  const [first] = episode.left;
  for (const [target, lastNs] of staying) {
    if (!first || gone.has(target) || !episode.targets.has(target)) continue;
    if (lastNs <= first.firstNs && !episode.left.some(({ some }) => some.has(target))) continue;
    episode.still++;
    if (episode.stillNs === null || lastNs > episode.stillNs) episode.stillNs = lastNs;
  }
  return new Set([...ended, ...fresh]);
}

/** Who else asked later for what was not seen to leave, and was told as before. */
function findRestored(episode: Episode, gone: Set<string>, { staying, askers, isUntouched }: Around): void {
  for (const target of episode.targets) {
    if (gone.has(target)) continue;
    const since = staying.get(target) ?? episode.lastNs;
    const other = askers(target).find(
      ({ justification, lastNs, been, sender }) =>
        lastNs > since &&
        !been.includes(episode) &&
        isSame(justification, episode.was) &&
        !isUntouched(target, sender),
    );
    if (!other) continue;
    episode.restoredForOthers++;
    if (episode.restoredNs === null || other.lastNs > episode.restoredNs) episode.restoredNs = other.lastNs;
  }
}

/** Who else asked for its addresses, and was told otherwise in this time, or the same before it. */
export function findOthers(episode: Episode, { askers, isUntouched }: Around): void {
  for (const target of episode.targets) {
    for (const question of askers(target)) {
      if (question.been.includes(episode)) continue;
      // for whom it was so before it did not begin
      const wasSo = isSame(question.justification, episode.now);
      if (wasSo ? question.firstNs > episode.firstNs : !isWithin(question, episode)) {
        // who asked before and after alone may have been told otherwise in between, or not at all
        if (wasSo || !overlaps(question, episode) || !isUntouched(target, question.sender)) continue;
      }
      episode.othersApart = true;
      return;
    }
  }
}

/** While it lasts; what was not seen to end does. */
function isWithin(question: Question, { firstNs, lastNs, staying }: Episode): boolean {
  const isIn = (ns: bigint) => ns >= firstNs && (ns <= lastNs || staying > 0);
  return isIn(question.firstNs) || isIn(question.lastNs);
}

function overlaps(question: Question, { firstNs, lastNs }: Episode): boolean {
  return question.lastNs >= firstNs && question.firstNs <= lastNs;
}

/** What was seen to end, of all that it is about. */
export function endedOf({ targets, fresh, ended, freshLeft, moreTargets }: Episode): 'none' | 'some' | 'all' {
  if (ended + freshLeft === 0) return 'none';
  // of those that are not told apart it is not known
  if (moreTargets) return 'some';
  return ended + freshLeft < targets.size + fresh.size ? 'some' : 'all';
}
