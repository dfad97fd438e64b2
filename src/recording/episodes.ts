import type { Change } from '../decision/changes.js';
import type { Decision } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { Justification } from './justification.js';

/**
 * An answer for the same question that moved: the host began to answer, stopped, or answered because of something
 * else than before.
 */
export interface Episode {
  kind: 'began' | 'stopped' | 'moved';
  was: Justification;
  now: Justification;
  /** Addresses of which both was seen, before and after; {@link mostTargets} at most. */
  targets: Set<string>;
  targetCount: number;
  /** Addresses that were decided by `now` in this time, and had not been asked for before. */
  fresh: Set<string>;
  freshCount: number;
  /** The latest decision by `was` before the first one by `now`, for addresses that moved. */
  lastWasNs: bigint;
  firstNs: bigint;
  lastNs: bigint;
  decisions: number;
  /** When the first address was decided as before again; null when none was seen to be. */
  overNs: bigint | null;
  /** By what they were decided then; `was` unless it was something third. */
  overBy: Justification | null;
  /** Changes that lie between, and fit: they touch what decided before, or decides now. */
  causes: TimedChange[];
  /** Changes that lie between, and do not fit. */
  others: TimedChange[];
  /** Changes that fit, and lie where the episode came to its end. */
  endings: TimedChange[];
}

/** A change, with the stretch of the wall clock in which it came about. */
export interface TimedChange {
  event: ChangeEvent;
  fromNs: bigint;
  toNs: bigint;
}

/** Answers that began after a change, for addresses that nobody had asked for before: it may have been so all along. */
export interface ThinEpisode {
  now: Justification;
  targets: Set<string>;
  sinceNs: bigint;
  causes: TimedChange[];
}

export const mostTargets = 65_536;
const mostQuestions = 200_000;
const mostEpisodes = 200;
const mostChanges = 5000;
const mostDevices = 10_000;
/** Reasons that come of load or of a single frame, not of how the host is set up. */
const passing = new Set(['proxy-queue-full', 'proxy-queue-purged', 'neighbour-table-full', 'unknown']);

interface Question {
  justification: Justification;
  lastNs: bigint;
  episode: Episode | null;
}

/**
 * Follows every question (who asks for what, on which device) through a recording, and finds where its answer
 * moved. Bounded: of very many questions the first ones are followed, and the others counted.
 */
export class Episodes {
  readonly all: Episode[] = [];
  readonly #questions = new Map<string, Question>();
  readonly thin: ThinEpisode[] = [];
  readonly #changes: TimedChange[] = [];
  /** The first decision on each device. */
  readonly #devices = new Map<string, bigint>();
  /** The latest episode of a justification. */
  readonly #latest = new Map<string, Episode>();
  /** Addresses that were first asked for while a justification held that no episode explains yet. */
  readonly #fresh = new Map<string, { now: Justification; targets: Set<string>; sinceNs: bigint }>();
  /** Questions that were too many to be followed. */
  unfollowed = 0;
  /** Episodes that were too many. */
  more = 0;

  /** @param timeNs when it was first seen, on the wall clock */
  change(event: ChangeEvent, timeNs: bigint): void {
    if (this.#changes.length >= mostChanges) return;
    const lastedNs = BigInt(event.monotonicNs) - BigInt(event.fromNs);
    this.#changes.push({ event, fromNs: timeNs - lastedNs, toNs: timeNs });
  }

  decision(decision: Decision, now: Justification, timeNs: bigint): void {
    const { verdict, request, netns, device, host } = decision;
    if (verdict.action === 'deferred' || passing.has(verdict.reason)) return;
    const target = request.target.ip;
    if (target === null) return;
    const place = `${host}|${netns.inode}|${device.name}`;
    if (!this.#devices.has(place) && this.#devices.size < mostDevices) this.#devices.set(place, timeNs);
    const key = `${place}|${target}|${request.sender.ip}`;
    const question = this.#questions.get(key);
    if (!question) {
      this.#ask(key, target, now, timeNs);
      return;
    }
    const { justification: was } = question;
    if (isSame(was, now)) {
      if (question.episode) touch(question.episode, timeNs);
      question.justification = provenOf(was, now);
    } else {
      question.episode = this.#leave(question, now, timeNs)
        ? null
        : this.#move(was, now, target, question.lastNs, timeNs);
      question.justification = now;
    }
    question.lastNs = timeNs;
  }

  /** Once everything was read: find the changes behind each episode. */
  finish(): Episode[] {
    this.#merge();
    for (const episode of this.all) {
      const here = this.#changesOf(episode.now);
      // what is decided otherwise has changed already, whenever the change itself was seen
      const between = here
        .filter((change) => overlaps(change, episode.lastWasNs, episode.firstNs))
        .map((change) => (change.toNs > episode.firstNs ? { ...change, toNs: episode.firstNs } : change));
      episode.causes = between.filter(({ event }) => fits(event, [episode.was, episode.now]));
      episode.others = between.filter((change) => !episode.causes.includes(change));
      const { lastNs, overNs, overBy } = episode;
      if (overNs !== null) {
        const sides = [episode.now, overBy ?? episode.was];
        episode.endings = here.filter(
          (change) => overlaps(change, lastNs, overNs) && fits(change.event, sides),
        );
      }
    }
    this.#findThin();
    return this.all;
  }

  #ask(key: string, target: string, now: Justification, timeNs: bigint): void {
    if (this.#questions.size >= mostQuestions) {
      this.unfollowed++;
      return;
    }
    const open = this.#open(now.key);
    this.#questions.set(key, { justification: now, lastNs: timeNs, episode: open });
    if (open) {
      touch(open, timeNs);
      addFresh(open, target);
      return;
    }
    const fresh = this.#fresh.get(now.key);
    if (!fresh) {
      if (this.#fresh.size < mostDevices) {
        this.#fresh.set(now.key, { now, targets: new Set([target]), sinceNs: timeNs });
      }
    } else if (fresh.targets.size < mostTargets) fresh.targets.add(target);
  }

  #move(
    was: Justification,
    now: Justification,
    target: string,
    lastWasNs: bigint,
    timeNs: bigint,
  ): Episode | null {
    const answered = was.action === 'replied';
    const answers = now.action === 'replied';
    if (!answered && !answers) return null;
    const kind = answers ? (answered ? 'moved' : 'began') : 'stopped';
    const open = this.#open(now.key);
    if (open && open.kind === kind) {
      if (!open.targets.has(target)) open.targetCount++;
      if (open.targets.size < mostTargets) open.targets.add(target);
      open.fresh.delete(target);
      // what moved first bounds the change from above, what was last as before from below
      if (lastWasNs > open.lastWasNs && lastWasNs < open.firstNs) open.lastWasNs = lastWasNs;
      touch(open, timeNs);
      return open;
    }
    if (this.all.length >= mostEpisodes) {
      this.more++;
      return null;
    }
    const episode: Episode = {
      kind,
      was,
      now,
      targets: new Set([target]),
      targetCount: 1,
      fresh: new Set(),
      freshCount: 0,
      lastWasNs,
      firstNs: timeNs,
      lastNs: timeNs,
      decisions: 1,
      overNs: null,
      overBy: null,
      causes: [],
      others: [],
      endings: [],
    };
    const fresh = this.#fresh.get(now.key);
    // asked for first while it was like this already: they belong to it, when it began no earlier than this
    if (fresh && fresh.sinceNs > lastWasNs) {
      for (const one of fresh.targets) if (one !== target) addFresh(episode, one);
      episode.firstNs = fresh.sinceNs < timeNs ? fresh.sinceNs : timeNs;
      this.#fresh.delete(now.key);
    }
    this.all.push(episode);
    this.#latest.set(now.key, episode);
    return episode;
  }

  /** A question is decided otherwise than in its episode. True where that is the end of what had begun. */
  #leave({ episode }: Question, now: Justification, timeNs: bigint): boolean {
    if (!episode) return false;
    const isEnd =
      isSame(episode.was, now) || (episode.now.action === 'replied') !== (now.action === 'replied');
    if (episode.overNs === null) {
      episode.overNs = timeNs;
      episode.overBy = isSame(episode.was, now) ? null : now;
    }
    return isEnd;
  }

  /** What seemed to be over for one question went on for others: the same move at the same time is one episode. */
  #merge(): void {
    for (let i = 0; i < this.all.length; i++) {
      const one = this.all[i] as Episode;
      for (let j = this.all.length - 1; j > i; j--) {
        const other = this.all[j] as Episode;
        if (other.kind !== one.kind || !isSame(other.now, one.now) || !isSame(other.was, one.was)) continue;
        if (other.firstNs > one.lastNs || other.lastNs < one.firstNs) continue;
        join(one, other);
        this.all.splice(j, 1);
      }
    }
  }

  /** Answers that nobody had asked for before a change that fits them, on a device that was seen before it. */
  #findThin(): void {
    for (const { now, targets, sinceNs } of this.#fresh.values()) {
      if (now.action !== 'replied' || this.#latest.has(now.key)) continue;
      const device = this.#devices.get(`${now.host}|${now.netns.inode}|${now.device.name}`) ?? sinceNs;
      const causes = this.#changesOf(now).filter(
        ({ event, fromNs, toNs }) => toNs > device && fromNs <= sinceNs && fits(event, [now]),
      );
      if (causes.length > 0) this.thin.push({ now, targets, sinceNs, causes });
    }
  }

  #changesOf({ host, netns }: Justification): TimedChange[] {
    return this.#changes.filter(({ event }) => event.host === host && event.netns.inode === netns.inode);
  }

  #open(key: string): Episode | null {
    const latest = this.#latest.get(key);
    return latest && latest.overNs === null ? latest : null;
  }
}

function touch(episode: Episode, timeNs: bigint): void {
  // it goes on for others: one address alone went its own way
  episode.overNs = null;
  episode.overBy = null;
  episode.decisions++;
  if (timeNs > episode.lastNs) episode.lastNs = timeNs;
}

function join(one: Episode, other: Episode): void {
  const before = one.targets.size;
  for (const target of other.targets) if (one.targets.size < mostTargets) one.targets.add(target);
  // of those that are not listed it is not known whether they are the same
  one.targetCount += one.targets.size < mostTargets ? one.targets.size - before : other.targetCount;
  for (const target of other.fresh) addFresh(one, target);
  for (const target of one.targets) if (one.fresh.delete(target)) one.freshCount--;
  if (other.firstNs < one.firstNs) one.firstNs = other.firstNs;
  if (other.lastNs > one.lastNs) one.lastNs = other.lastNs;
  if (other.lastWasNs > one.lastWasNs && other.lastWasNs < one.firstNs) one.lastWasNs = other.lastWasNs;
  one.now = provenOf(one.now, other.now);
  one.was = provenOf(one.was, other.was);
  one.decisions += other.decisions;
  const ends = [one, other].filter(({ overNs }) => overNs !== null && overNs >= one.lastNs);
  const [end] = ends.sort((a, b) => Number((a.overNs as bigint) - (b.overNs as bigint)));
  one.overNs = end?.overNs ?? null;
  one.overBy = end?.overBy ?? null;
}

function addFresh(episode: Episode, target: string): void {
  if (episode.targets.has(target) || episode.fresh.has(target)) return;
  episode.freshCount++;
  if (episode.fresh.size < mostTargets) episode.fresh.add(target);
}

/** Of two that are the same the one that says more. */
function provenOf(one: Justification, other: Justification): Justification {
  return one.prefix === null && other.prefix !== null ? other : one;
}

/** A prefix or a rule that could not be proven, or was not looked for (the kernel has no rules of its own), is no other. */
function isSame(a: Justification, b: Justification): boolean {
  if (a.key === b.key) return true;
  return (
    a.host === b.host &&
    a.netns.inode === b.netns.inode &&
    a.device.name === b.device.name &&
    a.hostRoute === b.hostRoute &&
    isNoOther(a.prefix, b.prefix) &&
    isNoOther(a.rule?.priority ?? null, b.rule?.priority ?? null) &&
    a.action === b.action &&
    a.reason === b.reason &&
    a.detail === b.detail &&
    a.table?.id === b.table?.id &&
    a.outIndex === b.outIndex &&
    a.gateway === b.gateway &&
    a.outcome === b.outcome
  );
}

function isNoOther<T>(a: T | null, b: T | null): boolean {
  return a === null || b === null || a === b;
}

function overlaps({ fromNs, toNs }: TimedChange, from: bigint, to: bigint): boolean {
  return fromNs <= to && toNs >= from;
}

/** Whether a change touches what decided before, or what decides now. */
function fits({ changes, more }: ChangeEvent, sides: Justification[]): boolean {
  return more > 0 || changes.some((change) => sides.some((side) => touches(change, side)));
}

const settingsOf: Record<string, string[]> = {
  'proxy-arp': ['proxy_arp', 'forwarding'],
  'proxy-arp-off': ['proxy_arp'],
  'forwarding-off': ['forwarding'],
  'source-invalid': ['rp_filter'],
};

function touches(change: Change, side: Justification): boolean {
  const { table, prefix, rule, device, reason, hostRoute } = side;
  switch (change.object) {
    case 'route':
      return (
        change.table?.id === table?.id &&
        (prefix === null || hostRoute || change.text.split(' ').includes(prefix))
      );
    case 'rule':
      return rule !== null && change.text.startsWith(`${rule.priority}: `);
    case 'setting':
      return (settingsOf[reason] ?? []).some((name) => change.text.includes(`/${name} `));
    case 'link':
      return change.device?.name === side.out || change.device?.name === device.name;
    case 'address':
      return reason === 'local-address' || change.device?.name === device.name;
    case 'proxy-neighbour':
      return reason === 'proxy-neighbour' || reason === 'proxy-arp-off';
  }
}
