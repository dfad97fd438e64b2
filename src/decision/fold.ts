import { type Grouped, Groups, justification } from './groups.js';
import type { Decision, DecisionStep, DeviceName, Verdict } from './types.js';

/** So long repeats are counted before they are told. */
const windowMs = 5000;
/** So many decisions of a window are told one by one. */
const toldOneByOne = 3;
/** More groups than this are not remembered at a time: the oldest are told, and forgotten. */
const mostGroups = 10_000;
/** So many at once, for to find the oldest of a set again and again takes longer each time. */
const forgottenAtOnce = 1000;

/** One end of a stretch of decisions that were folded. */
export interface FoldedOne {
  id: string;
  /** Of the decision, as there. */
  time: string;
  monotonicNs: string;
  target: string | null;
  sender: string | null;
}

/** Decisions that were counted instead of told, all of one group: what it says of them is true of each. */
export interface Fold {
  schema: 'arpwhy.fold/1';
  host: string;
  netns: { inode: number; name: string | null };
  device: DeviceName;
  verdict: Omit<Verdict, 'deferredNs'>;
  because: DecisionStep | null;
  reply: { mac: string } | null;
  /** Decisions. */
  count: number;
  first: FoldedOne;
  last: FoldedOne;
  /** JSON pointers of what could not be seen, such as "/because/route/prefix". */
  unknown: string[];
}

interface Folding extends Grouped {
  /** The window ends here; in the caller's milliseconds. */
  until: number;
  told: number;
  count: number;
  firstFolded: Decision | null;
  lastFolded: Decision | null;
}

/**
 * Folds decisions that repeat. The first ones of a group are told; more of them within a window are counted, and so
 * are those of the windows that follow, until one passes without any. Exact: each decision is told or counted once.
 */
export class Folder {
  readonly #groups = new Groups<Folding>((first) => ({
    first,
    until: 0,
    told: 0,
    count: 0,
    firstFolded: null,
    lastFolded: null,
  }));
  /** Those of #groups that have a window, the oldest first. */
  readonly #open = new Set<Folding>();
  readonly #ended: Fold[] = [];
  #folded = 0;

  /** How many requests were folded so far: a deferral is not the end of one, and not counted here. */
  get folded(): number {
    return this.#folded;
  }

  /**
   * @param now milliseconds of the clock that windows are measured with
   * @returns true when the decision is to be told, false when it was folded
   */
  add(decision: Decision, now: number): boolean {
    const group = this.#groups.of(decision);
    if (group.told === 0) this.#begin(group, now);
    if (group.told < toldOneByOne) {
      group.told++;
      return true;
    }
    group.count++;
    group.firstFolded ??= decision;
    group.lastFolded = decision;
    if (decision.verdict.action !== 'deferred') this.#folded++;
    return false;
  }

  /** What was folded in windows that are over. */
  due(now: number): Fold[] {
    for (const group of this.#open) {
      if (group.until > now) continue;
      if (group.count > 0) {
        this.#tell(group);
        group.until = now + windowMs;
      } else {
        this.#forget(group);
      }
    }
    return this.#ended.splice(0);
  }

  /** All that was folded and not told yet. */
  rest(): Fold[] {
    for (const group of this.#open) this.#tell(group);
    return this.#ended.splice(0);
  }

  #begin(group: Folding, now: number): void {
    group.until = now + windowMs;
    this.#open.add(group);
    if (this.#open.size > mostGroups) this.#forgetOldest();
  }

  #forgetOldest(): void {
    let left = forgottenAtOnce;
    for (const group of this.#open) {
      this.#tell(group);
      this.#forget(group);
      if (--left === 0) return;
    }
  }

  #forget(group: Folding): void {
    this.#open.delete(group);
    this.#groups.delete(group);
  }

  #tell(group: Folding): void {
    if (group.firstFolded === null || group.lastFolded === null) return;
    this.#ended.push(foldOf(group.firstFolded, group.lastFolded, group.count));
    group.count = 0;
    group.firstFolded = null;
    group.lastFolded = null;
  }
}

function foldOf(first: Decision, last: Decision, count: number): Fold {
  const { action, reason, detail, candidates, evidence } = last.verdict;
  return {
    schema: 'arpwhy.fold/1',
    host: last.host,
    netns: last.netns,
    device: last.device,
    verdict: { action, reason, detail, candidates, evidence },
    because: justification(last),
    reply: last.reply && { mac: last.reply.mac },
    count,
    first: foldedOne(first),
    last: foldedOne(last),
    unknown: foldUnknown(last),
  };
}

/** What a decision names as unseen of the fields that a fold shows. */
export function foldUnknown({ unknown, because }: Decision): string[] {
  const step = `/steps/${because}/`;
  return unknown
    .filter((pointer) => pointer.startsWith(step) || pointer === '/verdict/reason')
    .map((pointer) => pointer.replace(step, '/because/'));
}

function foldedOne({ id, time, monotonicNs, request }: Decision): FoldedOne {
  return { id, time, monotonicNs, target: request.target.ip, sender: request.sender.ip };
}
