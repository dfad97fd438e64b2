import type { Episode, Question } from './episode.js';
import { isSame } from './justification.js';

export type Askers = (target: string) => readonly Question[];

/**
 * How an episode ended, for whom it was seen.
 * @param staying addresses that some question goes on to be in it for, and the last decision about each
 * @param askers all who asked for an address on its device
 */
export function findEnd(episode: Episode, staying: Map<string, bigint>, askers: Askers): void {
  const gone = new Set<string>();
  const fresh = new Set<string>();
  for (const { targets, firstNs } of episode.left) {
    for (const target of targets) {
      const isStaying = (staying.get(target) ?? 0n) > firstNs;
      if (!episode.targets.has(target)) {
        // of what had no before the number alone is told
        targets.delete(target);
        if (isStaying) continue;
        fresh.add(target);
        if (episode.freshLeftNs === null || firstNs < episode.freshLeftNs) episode.freshLeftNs = firstNs;
      } else if (isStaying)
        targets.delete(target); // who asks for it from elsewhere is still told so
      else gone.add(target);
    }
  }
  episode.freshLeft = fresh.size;
  episode.left = episode.left
    .filter(({ targets }) => targets.size > 0)
    .sort((a, b) => Number(a.firstNs - b.firstNs));
  episode.staying = episode.targets.size - gone.size;
  findRestored(episode, staying, gone, askers);
  const [first] = episode.left;
  for (const [target, lastNs] of staying) {
    if (!first || lastNs <= first.firstNs || !episode.targets.has(target)) continue;
    episode.still++;
    if (episode.stillNs === null || lastNs > episode.stillNs) episode.stillNs = lastNs;
  }
}

/** Who else asked later for what was not seen to leave, and was told as before. */
function findRestored(
  episode: Episode,
  staying: Map<string, bigint>,
  gone: Set<string>,
  askers: Askers,
): void {
  for (const target of episode.targets) {
    if (gone.has(target)) continue;
    const since = staying.get(target) ?? episode.lastNs;
    const other = askers(target).find(
      ({ justification, lastNs }) => lastNs > since && isSame(justification, episode.was),
    );
    if (!other) continue;
    episode.restoredForOthers++;
    const ns = other.firstNs > since ? other.firstNs : other.lastNs;
    if (episode.restoredNs === null || ns < episode.restoredNs) episode.restoredNs = ns;
  }
}

/** Who else asked for its addresses, and was told otherwise. */
export function findOthers(episode: Episode, askers: Askers): void {
  for (const target of episode.targets) {
    for (const question of askers(target)) {
      if (question.been.includes(episode)) continue;
      if (question.lastNs < episode.firstNs || question.firstNs > episode.lastNs) continue;
      if (isSame(question.justification, episode.now)) continue;
      episode.othersApart = true;
      return;
    }
  }
}
