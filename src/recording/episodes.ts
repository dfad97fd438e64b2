import type { Decision, Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import { type Sides, settingsMoved } from './causes.js';
import {
  askedKey,
  type Episode,
  type Moment,
  mostTargets,
  type Question,
  sizeOf,
  type ThinEpisode,
  type TimedChange,
} from './episode.js';
import type { Count } from './episode-causes.js';
import { finishEpisodes } from './episode-finish.js';
import { isSame, type Justification, placeOf, provenOf } from './justification.js';
import { Spans } from './spans.js';
import { thinEpisode } from './thin.js';
import { Trials } from './trial.js';

const mostQuestions = 200_000;
const mostEpisodes = 200;
const mostChanges = 5000;
const mostDevices = 10_000;
const mostSenders = 4;
const mostLeavings = 500;
const mostClaims = 4;
/** Decisions of several CPUs that are this close may be told in either order. */
const racingNs = 100_000_000n;
/** Reasons that come of load or of a single frame, not of how the host is set up. */
const passing = new Set([
  'proxy-queue-full',
  'proxy-queue-purged',
  'neighbour-table-full',
  'not-for-us',
  'malformed',
  'unknown',
]);

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
  readonly #early = new Map<Episode, Question[]>();
  /** By address, and who asked. */
  readonly #counts = new Map<Episode, Map<string, Count>>();
  readonly #trials = new Trials();
  /** Decisions that come of load or of a single frame; and for what, by place and target. */
  passed = 0;
  readonly #passed = new Set<string>();
  /** Questions that were too many to be followed. */
  unfollowed = 0;
  /** Episodes that were too many. */
  more = 0;
  /** Changes that were too many. */
  moreChanges = 0;

  /** @param timeNs when it was first seen, on the wall clock */
  change(event: ChangeEvent, timeNs: bigint): TimedChange | null {
    if (this.#changes.length >= mostChanges) {
      this.moreChanges++;
      return null;
    }
    const lastedNs = BigInt(event.monotonicNs) - BigInt(event.fromNs);
    const change: TimedChange = { event, fromNs: timeNs - lastedNs, toNs: timeNs };
    this.#changes.push(change);
    return change;
  }

  decision(decision: Decision, now: Justification, timeNs: bigint): void {
    const { verdict, request, settings } = decision;
    if (verdict.action === 'deferred') return;
    const target = request.target.ip;
    const place = placeOf(decision);
    if (passing.has(verdict.reason)) {
      this.passed++;
      if (target !== null && this.#passed.size < mostQuestions) this.#passed.add(`${place}|${target}`);
      return;
    }
    if (target === null) return;
    if (!this.#devices.has(place) && this.#devices.size < mostDevices) this.#devices.set(place, timeNs);
    const sender = request.sender.ip ?? '?';
    const key = `${place}|${target}|${sender}`;
    const question = this.#questions.get(key);
    if (!question) {
      const asked = this.#ask(key, { place, target, sender, settings }, now, timeNs);
      if (asked) this.#note(asked, decision, now);
      return;
    }
    const { episode } = question;
    // told after what came later: it moves nothing, and counts where it is the same
    const isLate = timeNs < question.lastNs;
    if (isLate || isSame(question.justification, now)) {
      if (isLate && !isSame(question.justification, now)) return;
      if (question.episode) this.#touch(question.episode, question, now, timeNs);
      question.justification = provenOf(question.justification, now);
      question.asked++;
    } else if (episode?.kind === 'stopped' && now.action !== 'replied') {
      // by whatever: it is still not answered
      this.#touch(episode, question, now, timeNs);
      question.justification = now;
      question.asked++;
    } else {
      const ended = this.#leave(question, now, settings, timeNs);
      if (!question.episode) this.#fresh.get(question.justification.key)?.delete(question);
      const first = question.episode ? question.first : question.justification;
      const again = ended ? this.#backIn(question, now, timeNs) : null;
      question.episode = ended ? again : this.#move(question, now, settings, timeNs);
      question.first = question.episode ? first : null;
      if (question.episode && !again) question.been.push(question.episode);
      question.justification = now;
      question.asked = 1;
      question.unproven = 0;
      question.macs = [];
    }
    if (!isLate) question.settings = settings;
    this.#note(question, decision, now);
    if (!isLate) question.lastNs = timeNs;
  }

  /** Some answers that moved were not tried on the states. */
  get untried(): boolean {
    return this.#trials.gaveUp;
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
    finishEpisodes({
      all: this.all,
      questions: () => this.#questions.values(),
      askers: (place, target) => this.#byTarget.get(`${place}|${target}`) ?? [],
      changesOf: (one) => this.#changesOf(one),
      of: (episode) => ({
        moments: this.#moments.get(episode) ?? new Map(),
        settings: this.#sides.get(episode) ?? null,
        early: this.#early.get(episode) ?? [],
        counts: this.#counts.get(episode) ?? new Map(),
      }),
      trials: this.#trials,
    });
    for (const fresh of this.#fresh.values()) {
      const now = [...fresh][0]?.justification;
      if (now?.action !== 'replied' || this.all.some((one) => isSame(one.now, now))) continue;
      const seenNs = (place: string) => this.#devices.get(place) ?? null;
      const thin = thinEpisode([...fresh], now, this.#changesOf(now), seenNs, this.#trials);
      if (thin) this.thin.push(thin);
    }
    this.#trials.forget();
    return this.all;
  }

  #ask(
    key: string,
    { place, target, sender, settings }: Pick<Question, 'place' | 'target' | 'sender' | 'settings'>,
    now: Justification,
    timeNs: bigint,
  ): Question | null {
    if (this.#questions.size >= mostQuestions) {
      this.unfollowed++;
      return null;
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
      ...{ asked: 1, unproven: 0, macs: [] },
      been: episode ? [episode] : [],
      first: null,
      passed: this.#passed.has(`${place}|${target}`),
      othersWas: others?.at(-1)?.justification ?? null,
      othersWasNs: others?.at(-1)?.lastNs ?? null,
    };
    this.#questions.set(key, question);
    if (others) others.push(question);
    else this.#byTarget.set(`${place}|${target}`, [question]);
    if (episode) {
      addTo(episode.askers, sender);
      this.#enter(episode, question, timeNs);
      return question;
    }
    const fresh = this.#fresh.get(now.key);
    if (fresh) fresh.add(question);
    else if (this.#fresh.size < mostDevices) this.#fresh.set(now.key, new Set([question]));
    return question;
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
      addMoment(this.#moments.get(open), question, { lastNs: lastWasNs, firstNs: timeNs });
      addTo(open.senders, question.sender);
      addTo(open.askers, question.sender);
      this.#enter(open, { ...question, asked: 1, unproven: 0, macs: [] }, timeNs);
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
      askers: new Set([question.sender]),
      othersApart: false,
      claimed: new Set(),
      passedBefore: false,
      lastWasNs,
      firstNs: timeNs,
      sinceNs: timeNs,
      lastNs: timeNs,
      decisions: 0,
      unproven: 0,
      settings: settingsMoved({ was, now, targets: nobody, senders: nobody, tried: null, settings: sides }),
      left: [],
      staying: 0,
      ended: 0,
      still: 0,
      stillNs: null,
      causes: [],
      others: [],
      apart: [],
      unlooked: 0,
      moreNs: null,
      alsoBy: new Map(),
      freshLeft: 0,
      freshLeftNs: null,
      restoredForOthers: 0,
      restoredNs: null,
    };
    this.all.push(episode);
    const moments = new Map<string, Moment>();
    addMoment(moments, question, { lastNs: lastWasNs, firstNs: timeNs });
    this.#moments.set(episode, moments);
    this.#sides.set(episode, sides);
    this.#enter(episode, { ...question, asked: 1, unproven: 0, macs: [] }, timeNs);
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
        const early = this.#early.get(episode) ?? [];
        this.#early.set(episode, early);
        early.push(question);
        addTo(episode.askers, question.sender);
        this.#enter(episode, question, question.lastNs);
        if (question.firstNs < episode.sinceNs) episode.sinceNs = question.firstNs;
        episode.now = provenOf(episode.now, question.justification);
      }
    }
  }

  #enter(episode: Episode, question: Question, timeNs: bigint): void {
    const { target, asked, othersWas, passed } = question;
    this.#open.set(episode, (this.#open.get(episode) ?? 0) + 1);
    this.#count(episode, question, asked, timeNs);
    if (episode.targets.has(target) || episode.fresh.has(target)) return;
    // what others had asked for before is not new, whoever asks for it now
    if (othersWas !== null) return;
    if (passed) episode.passedBefore = true;
    if (sizeOf(episode) < mostTargets) episode.fresh.add(target);
    else episode.moreTargets = true;
  }

  /** What went on to something else, and is back at what an earlier episode began with, is in that one again. */
  #backIn(question: Question, now: Justification, timeNs: bigint): Episode | null {
    const { first, been } = question;
    if (first === null || isSame(first, now)) return null;
    const earlier = been.findLast((one) => one !== question.episode && isSame(one.now, now));
    if (!earlier) return null;
    this.#open.set(earlier, (this.#open.get(earlier) ?? 0) + 1);
    this.#count(earlier, question, 1, timeNs);
    return earlier;
  }

  /** What one decision says beside its verdict, for its episode, or for one that may take it in later. */
  #note(question: Question, { reply }: Decision, now: Justification): void {
    const { episode } = question;
    const count = episode ? this.#counts.get(episode)?.get(askedKey(question)) : question;
    if (!count) return;
    const { macs } = count;
    if (reply && macs.length < mostClaims && !macs.includes(reply.mac)) macs.push(reply.mac);
    if (now.prefix === null && now.outcome === 'match') count.unproven++;
  }

  #count(episode: Episode, question: Question, asked: number, timeNs: bigint): void {
    const counts = this.#counts.get(episode) ?? new Map<string, Count>();
    this.#counts.set(episode, counts);
    const { target } = question;
    const key = askedKey(question);
    const known = counts.get(key);
    if (known) {
      known.decisions += asked;
      if (timeNs > known.lastNs) known.lastNs = timeNs;
    } else if (counts.size < mostTargets)
      counts.set(key, {
        ...{ target, decisions: asked, lastNs: timeNs },
        ...{ unproven: question.unproven, macs: [...question.macs] },
      });
    else {
      episode.decisions += asked;
      if (episode.moreNs === null || timeNs > episode.moreNs) episode.moreNs = timeNs;
    }
    if (timeNs > episode.lastNs) episode.lastNs = timeNs;
  }

  #touch(episode: Episode, question: Question, now: Justification, timeNs: bigint): void {
    this.#count(episode, question, 1, timeNs);
    if (isSame(episode.now, now)) episode.now = provenOf(episode.now, now);
    else {
      const why = now.reason === episode.now.reason ? `${now.reason} by another route` : now.reason;
      episode.alsoBy.set(why, (episode.alsoBy.get(why) ?? 0) + 1);
    }
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
    // it went from one to another, and now to what it was before all of them
    const asFirst = question.first !== null && isSame(question.first, by);
    // what was still decided so when others had left already leaves by something else
    const many = episode.left.length >= mostLeavings;
    const known = episode.left.findLast(
      (one) => isSame(one.by, by) && one.asFirst === asFirst && (many || lastNs <= one.firstNs + racingNs),
    );
    if (known) {
      known.targets.add(target);
      addMoment(known.moments, question, { lastNs, firstNs: timeNs });
      known.by = provenOf(known.by, by);
      if (timeNs < known.firstNs) known.firstNs = timeNs;
      if (lastNs > known.lastNs && lastNs < known.firstNs) known.lastNs = lastNs;
    } else {
      const sides = { was: question.settings, now: settings };
      episode.left.push({
        ...{ by, asBefore, asFirst, sides, lastNs, was: question.justification },
        targets: new Set([target]),
        some: new Set(),
        firstNs: timeNs,
        settings: settingsMoved({
          was: question.justification,
          now: by,
          targets: nobody,
          senders: nobody,
          tried: null,
          settings: sides,
        }),
        changes: [],
        others: 0,
        moments: new Map([
          [askedKey(question), { target, sender: question.sender, lastNs, firstNs: timeNs }],
        ]),
        apart: [],
      });
    }
    // what is answered again, but by something else than before, is another matter
    return asBefore || asFirst || (episode.kind !== 'stopped' && by.action !== 'replied');
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

function addTo(senders: Set<string>, sender: string): void {
  if (senders.size <= mostSenders) senders.add(sender);
}

function addMoment(
  moments: Map<string, Moment> | undefined,
  question: Question,
  moment: Pick<Moment, 'lastNs' | 'firstNs'>,
): void {
  const { target, sender } = question;
  const key = askedKey(question);
  if (moments && !moments.has(key) && moments.size < mostTargets)
    moments.set(key, { target, sender, ...moment });
}
