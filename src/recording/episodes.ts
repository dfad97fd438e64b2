import type { Decision, Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import { type SettingMoved, settingsMoved, weightOf } from './causes.js';
import { isSame, type Justification, provenOf } from './justification.js';

/**
 * An answer for the same question that moved: the host began to answer, stopped, or answered because of something
 * else than before. What moved the same way at the same time, as far as can be seen, is one.
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
  /** Settings that the decisions before and after were made with, where they are not the same. */
  settings: SettingMoved[];
  /** Where some, or all, were decided otherwise again: the earliest first. */
  left: Leaving[];
  /** Addresses of which no later decision says otherwise, and the last decision about them. */
  staying: number;
  stayingNs: bigint | null;
  /** Changes that lie between, and fit: they touch what decided before, or decides now. */
  causes: TimedChange[];
  /** Changes that lie between, and do not fit. */
  others: TimedChange[];
}

/** Addresses of an episode that came to be decided otherwise, all by the same. */
export interface Leaving {
  by: Justification;
  /** It is what decided before the episode. */
  asBefore: boolean;
  targets: Set<string>;
  /** The latest decision of the episode about them before the first one otherwise. */
  lastNs: bigint;
  firstNs: bigint;
  /** Changes that fit, and lie between. */
  changes: TimedChange[];
}

/** A change, with the stretch of the wall clock in which it came about. */
export interface TimedChange {
  event: ChangeEvent;
  fromNs: bigint;
  toNs: bigint;
  /** How well it fits what it is told for: see {@link weightOf}. */
  weight?: number;
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
/** Decisions of several CPUs that are this close may be told in either order. */
const racingNs = 100_000_000n;
/** Reasons that come of load or of a single frame, not of how the host is set up. */
const passing = new Set(['proxy-queue-full', 'proxy-queue-purged', 'neighbour-table-full', 'unknown']);

/** Who asks for what, on which device. */
interface Question {
  target: string;
  justification: Justification;
  settings: Settings;
  firstNs: bigint;
  lastNs: bigint;
  /** Decisions since it was decided so. */
  asked: number;
  episode: Episode | null;
}

/**
 * Follows every question through a recording, and finds where its answer moved. Bounded: of very many questions the
 * first ones are followed, and the others counted.
 */
export class Episodes {
  readonly all: Episode[] = [];
  readonly thin: ThinEpisode[] = [];
  readonly #questions = new Map<string, Question>();
  readonly #changes: TimedChange[] = [];
  /** The first decision on each device. */
  readonly #devices = new Map<string, bigint>();
  /** Questions that each goes on for. */
  readonly #open = new Map<Episode, number>();
  /** Questions that were first asked while a justification held that no episode explains yet. */
  readonly #fresh = new Map<string, Set<Question>>();
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
    const { verdict, request, netns, device, host, settings } = decision;
    if (verdict.action === 'deferred' || passing.has(verdict.reason)) return;
    const target = request.target.ip;
    if (target === null) return;
    const place = `${host}|${netns.inode}|${device.name}`;
    if (!this.#devices.has(place) && this.#devices.size < mostDevices) this.#devices.set(place, timeNs);
    const key = `${place}|${target}|${request.sender.ip}`;
    const question = this.#questions.get(key);
    if (!question) {
      this.#ask(key, target, now, settings, timeNs);
      return;
    }
    if (isSame(question.justification, now)) {
      if (question.episode) touch(question.episode, timeNs);
      question.justification = provenOf(question.justification, now);
      question.asked++;
    } else {
      const ended = this.#leave(question, now, timeNs);
      this.#forgetFresh(question);
      const episode = ended ? null : this.#move(question, now, settings, timeNs);
      question.justification = now;
      question.episode = episode;
      question.asked = 1;
    }
    question.settings = settings;
    question.lastNs = timeNs;
  }

  /** Whether some question was asked before and after each change of its namespace; null where nothing changed. */
  bracketed(): 'all' | 'some' | 'none' | null {
    if (this.#changes.length === 0) return null;
    const asked = new Map<string, Question[]>();
    for (const question of this.#questions.values()) {
      const { host, netns } = question.justification;
      const place = `${host}|${netns.inode}`;
      const list = asked.get(place);
      if (list) list.push(question);
      else asked.set(place, [question]);
    }
    const spans = new Map([...asked].map(([place, questions]) => [place, new Spans(questions)]));
    const within = this.#changes.filter(({ event, fromNs, toNs }) =>
      spans.get(`${event.host}|${event.netns.inode}`)?.cover(fromNs, toNs),
    ).length;
    return within === 0 ? 'none' : within === this.#changes.length ? 'all' : 'some';
  }

  /** Whether anything was asked more than once. */
  get compared(): boolean {
    for (const { asked, episode } of this.#questions.values()) if (asked > 1 || episode) return true;
    return this.all.length > 0;
  }

  /** Once everything was read: find the changes behind each episode, and what it goes on for. */
  finish(): Episode[] {
    const staying = new Map<Episode, Set<string>>();
    for (const { episode, target, lastNs } of this.#questions.values()) {
      if (!episode) continue;
      const targets = staying.get(episode) ?? new Set();
      staying.set(episode, targets.add(target));
      if (episode.stayingNs === null || lastNs > episode.stayingNs) episode.stayingNs = lastNs;
    }
    for (const episode of this.all) {
      const left = episode.left.filter(({ targets }) => {
        // who asks for it from elsewhere is still told so
        for (const target of staying.get(episode) ?? []) targets.delete(target);
        return targets.size > 0;
      });
      episode.left = left.sort((a, b) => Number(a.firstNs - b.firstNs));
      const gone = left.reduce((sum, { targets }) => sum + targets.size, 0);
      episode.staying = Math.max(0, episode.targetCount + episode.freshCount - gone);
      this.#findCauses(episode);
    }
    this.#findThin();
    return this.all;
  }

  #findCauses(episode: Episode): void {
    const here = this.#changesOf(episode.now);
    const { was, now, targets, settings } = episode;
    const between = within(here, episode.lastWasNs, episode.firstNs);
    const weighed = weigh(between, { was, now, targets, settings });
    episode.causes = weighed.filter(({ weight }) => weight > 0);
    episode.others = weighed.filter(({ weight }) => weight === 0);
    for (const one of episode.left) {
      const sides = { was: now, now: one.by, targets: one.targets, settings: null };
      const changes = weigh(within(here, one.lastNs, one.firstNs), sides);
      one.changes = changes.filter(({ weight }) => weight > 0);
    }
  }

  #ask(key: string, target: string, now: Justification, settings: Settings, timeNs: bigint): void {
    if (this.#questions.size >= mostQuestions) {
      this.unfollowed++;
      return;
    }
    const episode = this.all.findLast((one) => this.#isOpen(one) && isSame(one.now, now)) ?? null;
    const question = {
      target,
      justification: now,
      settings,
      firstNs: timeNs,
      lastNs: timeNs,
      asked: 1,
      episode,
    };
    this.#questions.set(key, question);
    if (episode) {
      this.#enter(episode, 1, timeNs);
      addFresh(episode, target);
      return;
    }
    const fresh = this.#fresh.get(now.key);
    if (fresh) fresh.add(question);
    else if (this.#fresh.size < mostDevices) this.#fresh.set(now.key, new Set([question]));
  }

  /** It is decided otherwise: whatever comes of it, it was asked for before. */
  #forgetFresh(question: Question): void {
    if (!question.episode) this.#fresh.get(question.justification.key)?.delete(question);
  }

  /** The episode of a question that is decided otherwise now; null where it was silent, and is. */
  #move(question: Question, now: Justification, settings: Settings, timeNs: bigint): Episode | null {
    const { justification: was, lastNs: lastWasNs, target } = question;
    const answered = was.action === 'replied';
    const answers = now.action === 'replied';
    if (!answered && !answers) return null;
    const kind = answers ? (answered ? 'moved' : 'began') : 'stopped';
    const open = this.all.findLast(
      (one) =>
        one.kind === kind &&
        this.#isOpen(one) &&
        // what was decided as before when it had begun already moved by something else
        lastWasNs <= one.firstNs + racingNs &&
        isSame(one.now, now) &&
        isSame(one.was, was),
    );
    if (open) {
      if (!open.targets.has(target)) open.targetCount++;
      if (open.targets.size < mostTargets) open.targets.add(target);
      if (open.fresh.delete(target)) open.freshCount--;
      open.now = provenOf(open.now, now);
      open.was = provenOf(open.was, was);
      // what moved first bounds the change from above, what was last as before from below
      if (timeNs < open.firstNs) open.firstNs = timeNs;
      if (lastWasNs > open.lastWasNs && lastWasNs < open.firstNs) open.lastWasNs = lastWasNs;
      this.#enter(open, 1, timeNs);
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
      decisions: 0,
      settings: settingsMoved(question.settings, settings, now),
      left: [],
      staying: 0,
      stayingNs: null,
      causes: [],
      others: [],
    };
    this.all.push(episode);
    this.#enter(episode, 1, timeNs);
    this.#takeFresh(episode);
    return episode;
  }

  /** What was first asked for while it was like this already belongs to an episode that began no earlier. */
  #takeFresh(episode: Episode): void {
    const { now, lastWasNs } = episode;
    const fresh = this.#fresh.get(now.key);
    for (const question of fresh ?? []) {
      if (question.firstNs <= lastWasNs) continue;
      fresh?.delete(question);
      question.episode = episode;
      this.#enter(episode, question.asked, question.lastNs);
      addFresh(episode, question.target);
      if (question.firstNs < episode.firstNs) episode.firstNs = question.firstNs;
    }
  }

  #enter(episode: Episode, decisions: number, timeNs: bigint): void {
    this.#open.set(episode, (this.#open.get(episode) ?? 0) + 1);
    episode.decisions += decisions;
    if (timeNs > episode.lastNs) episode.lastNs = timeNs;
  }

  /** A question is decided otherwise than in its episode. True where that is the end of what had begun for it. */
  #leave({ episode, target, lastNs }: Question, by: Justification, timeNs: bigint): boolean {
    if (!episode) return false;
    this.#open.set(episode, (this.#open.get(episode) ?? 1) - 1);
    const asBefore = isSame(episode.was, by);
    const known = episode.left.find((one) => isSame(one.by, by));
    if (!known) {
      const leaving = { by, asBefore, targets: new Set([target]), lastNs, firstNs: timeNs, changes: [] };
      episode.left.push(leaving);
    } else {
      known.targets.add(target);
      known.by = provenOf(known.by, by);
      if (timeNs < known.firstNs) known.firstNs = timeNs;
      if (lastNs > known.lastNs && lastNs < known.firstNs) known.lastNs = lastNs;
    }
    return asBefore || (episode.now.action === 'replied') !== (by.action === 'replied');
  }

  /** Answers that nobody had asked for before a change that fits them, on a device that was seen before it. */
  #findThin(): void {
    for (const fresh of this.#fresh.values()) {
      const questions = [...fresh];
      const [first] = questions;
      if (first?.justification.action !== 'replied') continue;
      const now = first.justification;
      if (this.all.some((one) => isSame(one.now, now))) continue;
      const sinceNs = questions.reduce(
        (least, { firstNs }) => (firstNs < least ? firstNs : least),
        first.firstNs,
      );
      const targets = new Set(questions.map(({ target }) => target));
      const device = this.#devices.get(`${now.host}|${now.netns.inode}|${now.device.name}`) ?? sinceNs;
      const before = this.#changesOf(now).filter(({ toNs, fromNs }) => toNs > device && fromNs <= sinceNs);
      const causes = weigh(before, { was: null, now, targets, settings: null }).filter(
        ({ weight }) => weight > 0,
      );
      if (causes.length > 0) this.thin.push({ now, targets, sinceNs, causes });
    }
  }

  #changesOf({ host, netns }: Justification): TimedChange[] {
    return this.#changes.filter(({ event }) => event.host === host && event.netns.inode === netns.inode);
  }

  #isOpen(episode: Episode): boolean {
    return (this.#open.get(episode) ?? 0) > 0;
  }
}

/** Stretches of time, to find one that covers another. */
class Spans {
  /** By their beginnings; the latest end of each and all before it. */
  readonly #firsts: bigint[] = [];
  readonly #ends: bigint[] = [];

  constructor(spans: { firstNs: bigint; lastNs: bigint }[]) {
    let end = 0n;
    for (const { firstNs, lastNs } of [...spans].sort((a, b) => Number(a.firstNs - b.firstNs))) {
      if (lastNs > end) end = lastNs;
      this.#firsts.push(firstNs);
      this.#ends.push(end);
    }
  }

  cover(from: bigint, to: bigint): boolean {
    let [low, high] = [0, this.#firsts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#firsts[middle] as bigint) <= from) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (this.#ends[low - 1] as bigint) >= to;
  }
}

/** Addresses that it is about, whether they had been asked for before or not. */
export function sizeOf({ targetCount, freshCount }: Episode): number {
  return targetCount + freshCount;
}

function touch(episode: Episode, timeNs: bigint): void {
  episode.decisions++;
  if (timeNs > episode.lastNs) episode.lastNs = timeNs;
}

function addFresh(episode: Episode, target: string): void {
  if (episode.targets.has(target) || episode.fresh.has(target)) return;
  episode.freshCount++;
  if (episode.fresh.size < mostTargets) episode.fresh.add(target);
}

/** What is decided otherwise has changed already, whenever the change itself was seen. */
function within(changes: TimedChange[], from: bigint, to: bigint): TimedChange[] {
  return changes
    .filter(({ fromNs, toNs }) => fromNs <= to && toNs >= from)
    .map((change) => (change.toNs > to ? { ...change, toNs: to } : change));
}

function weigh(changes: TimedChange[], sides: Parameters<typeof weightOf>[1]) {
  return changes.map((change) => ({ ...change, weight: weightOf(change.event, sides) }));
}
