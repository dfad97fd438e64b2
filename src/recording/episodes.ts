import type { Change } from '../decision/changes.js';
import type { Decision, Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import { explains, type SettingMoved, type Sides, settingsMoved, weightOf, weightOfOne } from './causes.js';
import { isSame, type Justification, provenOf } from './justification.js';
import { Spans } from './spans.js';

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
  /** Addresses that were decided by `now` in this time, and nobody had asked for before. */
  fresh: Set<string>;
  /** There were more addresses than are held. */
  moreTargets: boolean;
  /** Who asked; a few. */
  senders: Set<string>;
  /** Others asked for the same addresses in this time, and it did not move for them. */
  othersApart: boolean;
  /** The latest decision by `was` before the first one by `now`, for addresses that moved. */
  lastWasNs: bigint;
  firstNs: bigint;
  /** The first and the last of its decisions, of which some may be about addresses that did not move. */
  sinceNs: bigint;
  lastNs: bigint;
  decisions: number;
  /** Settings that the decisions before and after were made with, where they are not the same. */
  settings: SettingMoved[];
  /** Where some, or all, were decided otherwise again: the earliest first. */
  left: Leaving[];
  /** Of those that moved, addresses of which no later decision says otherwise. */
  staying: number;
  /** Those of them that were decided so after others had left, and the last decision about them. */
  still: number;
  stillNs: bigint | null;
  /** Changes that lie between, and fit: they touch what decided before, or decides now. */
  causes: TimedChange[];
  /** Changes that lie between, and do not fit. */
  others: TimedChange[];
  /** Addresses that moved by changes of their own. */
  apart: Apart[];
  /** Of what stopped: requests that were silent by something else in this time, by reason. */
  alsoBy: Map<string, number>;
  /** Addresses that had no before, and were decided otherwise in the end; the first time. */
  freshLeft: number;
  freshLeftNs: bigint | null;
  /** Others asked later for addresses that were not seen to leave, and were told as before: how many, and since when. */
  restoredForOthers: number;
  restoredNs: bigint | null;
}

/** Addresses whose answer moved with others, at a time when a change of their own came. */
export interface Apart {
  targets: Set<string>;
  firstNs: bigint;
  changes: TimedChange[];
}

/** Of one address, the last decision before and the first one after. */
interface Moment {
  lastNs: bigint;
  firstNs: bigint;
}

/** Addresses of an episode that came to be decided otherwise, by the same and at the same time. */
export interface Leaving {
  by: Justification;
  /** It is what decided before the episode. */
  asBefore: boolean;
  targets: Set<string>;
  /** The latest decision of the episode about them before the first one otherwise. */
  lastNs: bigint;
  firstNs: bigint;
  settings: SettingMoved[];
  /** What the decisions on both sides were made with. */
  sides: Sides['settings'];
  /** Changes that fit, and lie between. */
  changes: TimedChange[];
  /** Changes that lie between, and do not fit. */
  others: number;
  /** By address. */
  moments: Map<string, Moment>;
  apart: Apart[];
}

/** A change, with the stretch of the wall clock in which it came about. */
export interface TimedChange {
  event: ChangeEvent;
  fromNs: bigint;
  toNs: bigint;
  /** How well it fits what it is told for: see {@link weightOf}; and each of its changes by itself. */
  weight?: number;
  weights?: ReadonlyMap<Change, number>;
}

/** Answers that began after a change, for questions that nobody had asked before: it may have been so all along. */
export interface ThinEpisode {
  now: Justification;
  targets: Set<string>;
  sinceNs: bigint;
  /** How the same addresses were decided for others before; null where nobody had asked for them. */
  before: Justification | null;
  causes: TimedChange[];
}

export const mostTargets = 65_536;
const mostQuestions = 200_000;
const mostEpisodes = 200;
const mostChanges = 5000;
const mostDevices = 10_000;
const mostSenders = 4;
const mostLeavings = 500;
/** The first of them, which are told in words. */
export const toldLeavings = 2;
/** Decisions of several CPUs that are this close may be told in either order. */
const racingNs = 100_000_000n;
/** Reasons that come of load or of a single frame, not of how the host is set up. */
const passing = new Set(['proxy-queue-full', 'proxy-queue-purged', 'neighbour-table-full', 'unknown']);

/** Who asks for what, on which device. */
interface Question {
  place: string;
  target: string;
  sender: string;
  justification: Justification;
  settings: Settings;
  firstNs: bigint;
  lastNs: bigint;
  /** Decisions since it was decided so. */
  asked: number;
  episode: Episode | null;
  /** Those that it was in, this one too. */
  been: Episode[];
  /** How the address was decided for another sender when this one asked for it first. */
  othersWas: Justification | null;
}

/**
 * Follows every question through a recording, and finds where its answer moved. Bounded: of very many questions the
 * first ones are followed, and the others counted.
 */
export class Episodes {
  readonly all: Episode[] = [];
  readonly thin: ThinEpisode[] = [];
  readonly #questions = new Map<string, Question>();
  /** By place and target. */
  readonly #byTarget = new Map<string, Question[]>();
  readonly #changes: TimedChange[] = [];
  /** The first decision on each device. */
  readonly #devices = new Map<string, bigint>();
  /** Questions that each goes on for. */
  readonly #open = new Map<Episode, number>();
  /** What the decisions before and after each were made with. */
  readonly #sides = new Map<Episode, Sides['settings']>();
  /** Questions that were first asked while a justification held that no episode explains yet. */
  readonly #fresh = new Map<string, Set<Question>>();
  /** When each address of an episode moved. */
  readonly #moments = new Map<Episode, Map<string, Moment>>();
  /** Questions that an episode took in although they were asked before it was seen to begin. */
  readonly #early = new Map<Episode, Pick<Question, 'target' | 'firstNs' | 'asked'>[]>();
  /** Decisions that come of load or of a single frame. */
  passed = 0;
  /** Questions that were too many to be followed. */
  unfollowed = 0;
  /** Episodes that were too many. */
  more = 0;
  /** Changes that were too many. */
  moreChanges = 0;

  /** @param timeNs when it was first seen, on the wall clock */
  change(event: ChangeEvent, timeNs: bigint): void {
    if (this.#changes.length >= mostChanges) {
      this.moreChanges++;
      return;
    }
    const lastedNs = BigInt(event.monotonicNs) - BigInt(event.fromNs);
    this.#changes.push({ event, fromNs: timeNs - lastedNs, toNs: timeNs });
  }

  decision(decision: Decision, now: Justification, timeNs: bigint): void {
    const { verdict, request, netns, device, host, settings } = decision;
    if (verdict.action === 'deferred') return;
    if (passing.has(verdict.reason)) {
      this.passed++;
      return;
    }
    const target = request.target.ip;
    if (target === null) return;
    const place = `${host}|${netns.inode}|${device.name ?? device.index}`;
    if (!this.#devices.has(place) && this.#devices.size < mostDevices) this.#devices.set(place, timeNs);
    const sender = request.sender.ip ?? '?';
    const key = `${place}|${target}|${sender}`;
    const question = this.#questions.get(key);
    if (!question) {
      this.#ask(key, { place, target, sender, settings }, now, timeNs);
      return;
    }
    const { episode } = question;
    // told after what came later: it counts, and moves nothing
    const isLate = timeNs < question.lastNs;
    if (isLate || isSame(question.justification, now)) {
      if (isLate && !isSame(question.justification, now)) return;
      if (question.episode) touch(question.episode, now, timeNs);
      question.justification = provenOf(question.justification, now);
      question.asked++;
    } else if (episode?.kind === 'stopped' && now.action !== 'replied') {
      // by whatever: it is still not answered
      touch(episode, now, timeNs);
      question.justification = now;
      question.asked++;
    } else {
      const ended = this.#leave(question, now, settings, timeNs);
      if (!question.episode) this.#fresh.get(question.justification.key)?.delete(question);
      question.episode = ended ? null : this.#move(question, now, settings, timeNs);
      if (question.episode) question.been.push(question.episode);
      question.justification = now;
      question.asked = 1;
    }
    question.settings = settings;
    if (!isLate) question.lastNs = timeNs;
  }

  /** Whether some question was asked before and after the changes of its namespace; null where nothing changed. */
  bracketed(): boolean | null {
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
    return this.#changes.every(({ event, fromNs, toNs }) =>
      spans.get(`${event.host}|${event.netns.inode}`)?.cover(fromNs, toNs),
    );
  }

  /** Whether anything was decided more than once. */
  get compared(): boolean {
    for (const { asked, episode } of this.#questions.values()) if (asked > 1 || episode) return true;
    return this.all.length > 0;
  }

  /** Once everything was read: find the changes behind each episode, and what it goes on for. */
  finish(): Episode[] {
    const staying = new Map<Episode, Map<string, bigint>>();
    for (const { episode, target, lastNs } of this.#questions.values()) {
      if (!episode) continue;
      const targets = staying.get(episode) ?? new Map();
      const known = targets.get(target);
      if (known === undefined || lastNs > known) targets.set(target, lastNs);
      staying.set(episode, targets);
    }
    for (const episode of this.all) {
      this.#findEnd(episode, staying.get(episode) ?? new Map());
      this.#findCauses(episode);
      this.#forgetEarly(episode);
      this.#findOthers(episode);
    }
    this.#findThin();
    return this.all;
  }

  #findEnd(episode: Episode, staying: Map<string, bigint>): void {
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
    this.#findRestored(episode, staying, gone);
    const [first] = episode.left;
    for (const [target, lastNs] of staying) {
      if (!first || lastNs <= first.firstNs || !episode.targets.has(target)) continue;
      episode.still++;
      if (episode.stillNs === null || lastNs > episode.stillNs) episode.stillNs = lastNs;
    }
  }

  /** Who else asked later for what was not seen to leave, and was told as before. */
  #findRestored(episode: Episode, staying: Map<string, bigint>, gone: Set<string>): void {
    const { host, netns, device } = episode.now;
    const place = `${host}|${netns.inode}|${device.name ?? device.index}`;
    for (const target of episode.targets) {
      if (gone.has(target)) continue;
      const since = staying.get(target) ?? episode.lastNs;
      const other = (this.#byTarget.get(`${place}|${target}`) ?? []).find(
        ({ justification, lastNs }) => lastNs > since && isSame(justification, episode.was),
      );
      if (!other) continue;
      episode.restoredForOthers++;
      const ns = other.firstNs > since ? other.firstNs : other.lastNs;
      if (episode.restoredNs === null || ns < episode.restoredNs) episode.restoredNs = ns;
    }
  }

  /** What was decided like this already before the change came is none of its. */
  #forgetEarly(episode: Episode): void {
    const early = this.#early.get(episode) ?? [];
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

  #findCauses(episode: Episode): void {
    const here = this.#changesOf(episode.now);
    const { was, now, targets, senders } = episode;
    const settings = this.#sides.get(episode) ?? null;
    const between = within(here, episode.lastWasNs, episode.firstNs);
    const weighed = weigh(between, { was, now, targets, senders, settings });
    episode.causes = weighed.filter(({ weight }) => weight > 0);
    episode.others = weighed.filter(({ weight }) => weight === 0);
    const moments = this.#moments.get(episode) ?? new Map();
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

  /** Who else asked for its addresses, and was told otherwise. */
  #findOthers(episode: Episode): void {
    const { host, netns, device } = episode.now;
    const place = `${host}|${netns.inode}|${device.name ?? device.index}`;
    for (const target of episode.targets) {
      for (const question of this.#byTarget.get(`${place}|${target}`) ?? []) {
        if (question.been.includes(episode)) continue;
        if (question.lastNs < episode.firstNs || question.firstNs > episode.lastNs) continue;
        if (isSame(question.justification, episode.now)) continue;
        episode.othersApart = true;
        return;
      }
    }
  }

  #ask(
    key: string,
    { place, target, sender, settings }: Pick<Question, 'place' | 'target' | 'sender' | 'settings'>,
    now: Justification,
    timeNs: bigint,
  ): void {
    if (this.#questions.size >= mostQuestions) {
      this.unfollowed++;
      return;
    }
    const others = this.#byTarget.get(`${place}|${target}`);
    // silence that was first met while it lasted is mostly as it always was
    const isIts = (one: Episode) =>
      one.kind !== 'stopped' && this.#isOpen(one, timeNs) && isSame(one.now, now);
    const episode = this.all.findLast(isIts) ?? null;
    const question: Question = {
      ...{ place, target, sender, settings, episode },
      justification: now,
      firstNs: timeNs,
      lastNs: timeNs,
      asked: 1,
      been: episode ? [episode] : [],
      othersWas: others?.at(-1)?.justification ?? null,
    };
    this.#questions.set(key, question);
    if (others) others.push(question);
    else this.#byTarget.set(`${place}|${target}`, [question]);
    if (episode) {
      this.#enter(episode, question, timeNs);
      return;
    }
    const fresh = this.#fresh.get(now.key);
    if (fresh) fresh.add(question);
    else if (this.#fresh.size < mostDevices) this.#fresh.set(now.key, new Set([question]));
  }

  /** The episode of a question that is decided otherwise now; null where it was silent, and is. */
  #move(question: Question, now: Justification, settings: Settings, timeNs: bigint): Episode | null {
    const { justification: was, lastNs: lastWasNs } = question;
    const answered = was.action === 'replied';
    const answers = now.action === 'replied';
    if (!answered && !answers) return null;
    const kind = answers ? (answered ? 'moved' : 'began') : 'stopped';
    const open = this.all.findLast(
      (one) =>
        one.kind === kind &&
        this.#isOpen(one, timeNs) &&
        // what was decided as before when it had begun already moved by something else
        lastWasNs <= one.firstNs + racingNs &&
        isSame(one.now, now) &&
        isSame(one.was, was),
    );
    if (open) {
      open.now = provenOf(open.now, now);
      open.was = provenOf(open.was, was);
      // what moved first bounds the change from above, what was last as before from below
      if (timeNs < open.firstNs) open.firstNs = timeNs;
      if (lastWasNs > open.lastWasNs && lastWasNs < open.firstNs) open.lastWasNs = lastWasNs;
      this.#addTarget(open, question.target);
      addMoment(this.#moments.get(open), question.target, { lastNs: lastWasNs, firstNs: timeNs });
      addSender(open, question.sender);
      this.#enter(open, { ...question, asked: 1 }, timeNs);
      return open;
    }
    if (this.all.length >= mostEpisodes) {
      this.more++;
      return null;
    }
    const sides = { was: question.settings, now: settings };
    const episode: Episode = {
      kind,
      was,
      now,
      targets: new Set([question.target]),
      fresh: new Set(),
      moreTargets: false,
      senders: new Set([question.sender]),
      othersApart: false,
      lastWasNs,
      firstNs: timeNs,
      sinceNs: timeNs,
      lastNs: timeNs,
      decisions: 0,
      settings: settingsMoved({ was, now, targets: nobody, senders: nobody, settings: sides }),
      left: [],
      staying: 0,
      still: 0,
      stillNs: null,
      causes: [],
      others: [],
      apart: [],
      alsoBy: new Map(),
      freshLeft: 0,
      freshLeftNs: null,
      restoredForOthers: 0,
      restoredNs: null,
    };
    this.all.push(episode);
    this.#moments.set(episode, new Map([[question.target, { lastNs: lastWasNs, firstNs: timeNs }]]));
    this.#sides.set(episode, sides);
    this.#enter(episode, { ...question, asked: 1 }, timeNs);
    if (kind !== 'stopped') this.#takeFresh(episode);
    return episode;
  }

  /** What was first asked for while it was like this already belongs to an episode that began no earlier. */
  #takeFresh(episode: Episode): void {
    for (const fresh of this.#fresh.values()) {
      const [first] = fresh;
      if (!first || !isSame(first.justification, episode.now)) continue;
      for (const question of fresh) {
        if (question.firstNs <= episode.lastWasNs) continue;
        fresh.delete(question);
        question.episode = episode;
        question.been.push(episode);
        const { target, firstNs, asked } = question;
        const early = this.#early.get(episode) ?? [];
        this.#early.set(episode, early);
        early.push({ target, firstNs, asked });
        this.#enter(episode, question, question.lastNs);
        if (question.firstNs < episode.sinceNs) episode.sinceNs = question.firstNs;
        episode.now = provenOf(episode.now, question.justification);
      }
    }
  }

  #enter(episode: Episode, { target, asked, othersWas }: Question, timeNs: bigint): void {
    this.#open.set(episode, (this.#open.get(episode) ?? 0) + 1);
    episode.decisions += asked;
    if (timeNs > episode.lastNs) episode.lastNs = timeNs;
    if (episode.targets.has(target) || episode.fresh.has(target)) return;
    // what others had asked for before is not new, whoever asks for it now
    if (othersWas !== null) return;
    if (sizeOf(episode) < mostTargets) episode.fresh.add(target);
    else episode.moreTargets = true;
  }

  #addTarget(episode: Episode, target: string): void {
    episode.fresh.delete(target);
    if (episode.targets.has(target)) return;
    if (sizeOf(episode) < mostTargets) episode.targets.add(target);
    else episode.moreTargets = true;
  }

  /** A question is decided otherwise than in its episode. True where that is the end of what had begun for it. */
  #leave(question: Question, by: Justification, settings: Settings, timeNs: bigint): boolean {
    const { episode, target, lastNs } = question;
    if (!episode) return false;
    this.#open.set(episode, (this.#open.get(episode) ?? 1) - 1);
    const asBefore = isSame(episode.was, by);
    // what was still decided so when others had left already leaves by something else
    const many = episode.left.length >= mostLeavings;
    const known = episode.left.findLast(
      (one) => many || (isSame(one.by, by) && lastNs <= one.firstNs + racingNs),
    );
    if (known) {
      known.targets.add(target);
      addMoment(known.moments, target, { lastNs, firstNs: timeNs });
      known.by = provenOf(known.by, by);
      if (timeNs < known.firstNs) known.firstNs = timeNs;
      if (lastNs > known.lastNs && lastNs < known.firstNs) known.lastNs = lastNs;
    } else {
      const sides = { was: question.settings, now: settings };
      episode.left.push({
        ...{ by, asBefore, sides, lastNs },
        targets: new Set([target]),
        firstNs: timeNs,
        settings: settingsMoved({
          was: episode.now,
          now: by,
          targets: nobody,
          senders: nobody,
          settings: sides,
        }),
        changes: [],
        others: 0,
        moments: new Map([[target, { lastNs, firstNs: timeNs }]]),
        apart: [],
      });
    }
    // what is answered again, but by something else than before, is another matter
    return asBefore || (episode.kind !== 'stopped' && by.action !== 'replied');
  }

  /** Answers that nobody had asked for before a change that fits them, on a device that was seen before it. */
  #findThin(): void {
    for (const fresh of this.#fresh.values()) {
      const [first] = fresh;
      if (first?.justification.action !== 'replied') continue;
      const now = first.justification;
      if (this.all.some((one) => isSame(one.now, now))) continue;
      // for whom it had been decided like this before nothing is new
      const told = [...fresh].filter(({ othersWas }) => othersWas === null || !isSame(othersWas, now));
      const unasked = told.filter(({ othersWas }) => othersWas === null);
      const questions = unasked.length > 0 ? unasked : told;
      const [one] = questions;
      if (!one) continue;
      const sinceNs = questions.reduce(
        (least, { firstNs }) => (firstNs < least ? firstNs : least),
        one.firstNs,
      );
      const targets = new Set(questions.map(({ target }) => target));
      const device = this.#devices.get(one.place) ?? sinceNs;
      const then = this.#changesOf(now).filter(({ toNs, fromNs }) => toNs > device && fromNs <= sinceNs);
      const before = one.othersWas;
      const senders = new Set(questions.map(({ sender }) => sender));
      const causes = weigh(then, { was: before, now, targets, senders, settings: null }).filter(
        ({ weight }) => weight > 0,
      );
      if (causes.length > 0) this.thin.push({ now, targets, sinceNs, before, causes });
    }
  }

  #changesOf({ host, netns }: Justification): TimedChange[] {
    return this.#changes.filter(({ event }) => event.host === host && event.netns.inode === netns.inode);
  }

  /** It goes on, and nothing was seen to be as before again: what comes after that may come of something else. */
  #isOpen(episode: Episode, timeNs: bigint): boolean {
    const restored = episode.left.some(({ asBefore, firstNs }) => asBefore && firstNs <= timeNs);
    return !restored && (this.#open.get(episode) ?? 0) > 0;
  }
}

const nobody: ReadonlySet<string> = new Set();

/** Addresses that it is about, whether they had been asked for before or not. */
export function sizeOf({ targets, fresh }: Episode): number {
  return targets.size + fresh.size;
}

function addSender({ senders }: Episode, sender: string): void {
  if (senders.size <= mostSenders) senders.add(sender);
}

function touch(episode: Episode, now: Justification, timeNs: bigint): void {
  episode.decisions++;
  if (timeNs > episode.lastNs) episode.lastNs = timeNs;
  if (isSame(episode.now, now)) episode.now = provenOf(episode.now, now);
  else episode.alsoBy.set(now.reason, (episode.alsoBy.get(now.reason) ?? 0) + 1);
}

function addMoment(moments: Map<string, Moment> | undefined, target: string, moment: Moment): void {
  if (moments && !moments.has(target) && moments.size < mostTargets) moments.set(target, moment);
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

function weigh(changes: TimedChange[], sides: Sides) {
  return changes.map((change) => ({
    ...change,
    weight: weightOf(change.event, sides),
    weights: new Map(change.event.changes.map((one) => [one, weightOfOne(one, sides)])),
  }));
}
