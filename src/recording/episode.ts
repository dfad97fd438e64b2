import type { Change } from '../decision/changes.js';
import type { Settings, Snapshot } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { SettingMoved, Sides } from './causes.js';
import type { Justification } from './justification.js';

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
  /** Who asked for any address that it is about; a few. */
  askers: Set<string>;
  /** Others asked for the same addresses in this time, and it did not move for them. */
  othersApart: boolean;
  /** MACs that were claimed by its replies; a few. */
  claimed: Set<string>;
  /** Of some that had no before, earlier requests met a full queue, or are unknown. */
  passedBefore: boolean;
  /** The latest decision by `was` before the first one by `now`, for addresses that moved. */
  lastWasNs: bigint;
  firstNs: bigint;
  /** The first and the last of its decisions, of which some may be about addresses that did not move. */
  sinceNs: bigint;
  lastNs: bigint;
  decisions: number;
  /** Those whose prefix was not proven, though they went by a route. */
  unproven: number;
  /** Settings that the decisions before and after were made with, where they are not the same. */
  settings: SettingMoved[];
  /** Where some, or all, were decided otherwise again: the earliest first. */
  left: Leaving[];
  /** Of those that moved, addresses of which no later decision says otherwise. */
  staying: number;
  /** Of those that moved, addresses that are as before, or no longer wrong. */
  ended: number;
  /** Those of them that were decided so after others had left, and the last decision about them. */
  still: number;
  stillNs: bigint | null;
  /** Changes that lie between, and fit: they touch what decided before, or decides now. */
  causes: TimedChange[];
  /** Changes that lie between, and do not fit. */
  others: TimedChange[];
  /** Addresses that moved by changes of their own; and questions for which such were not looked for. */
  apart: Apart[];
  unlooked: number;
  /** The last decision of those that were too many to be told apart. */
  moreNs: bigint | null;
  /** Of what stopped: requests that were silent by something else in this time, by reason. */
  alsoBy: Map<string, number>;
  /** Addresses that had no before, and were decided otherwise in the end; the first time. */
  freshLeft: number;
  freshLeftNs: bigint | null;
  /** Others asked later for addresses that were not seen to leave, and were told as before: how many, and when last. */
  restoredForOthers: number;
  restoredNs: bigint | null;
}

/** Addresses whose answer moved with others, at a time when a change of their own came. */
export interface Apart {
  targets: Set<string>;
  /** Who asked for them. */
  senders: Set<string>;
  firstNs: bigint;
  changes: TimedChange[];
}

/** Of one address, the last decision before and the first one after, for one who asked. */
export interface Moment {
  target: string;
  sender: string;
  lastNs: bigint;
  firstNs: bigint;
}

/** Addresses of an episode that came to be decided otherwise, by the same and at the same time. */
export interface Leaving {
  by: Justification;
  /** What decided last before that: of what stopped, it may be another silence than the first. */
  was: Justification;
  /** It is what decided before the episode. */
  asBefore: boolean;
  /** It is what decided before the first of several that it was in, one after another. */
  asFirst: boolean;
  targets: Set<string>;
  /** Addresses for which it ended for who asked, while others who ask for them are still told so. */
  some: Set<string>;
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
  /** By address, and who asked. */
  moments: Map<string, Moment>;
  apart: Apart[];
}

/** A change, with the stretch of the wall clock in which it came about. */
export interface TimedChange {
  event: ChangeEvent;
  fromNs: bigint;
  toNs: bigint;
  /** The states around it; absent where they were not recorded whole, or are too many. */
  states?: States;
  /** How well it fits what it is told for: see {@link weightOf}; and each of its changes by itself. */
  weight?: number;
  weights?: ReadonlyMap<Change, number>;
}

/** Several changes that hooks saw may lie between the same two. */
export interface States {
  before: Snapshot;
  after: Snapshot;
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

/** Who asks for what, on which device. */
export interface Question {
  place: string;
  target: string;
  sender: string;
  justification: Justification;
  settings: Settings;
  firstNs: bigint;
  lastNs: bigint;
  /** Decisions since it was decided so. */
  asked: number;
  /** Those of them that went by a route whose prefix was not proven, and MACs that were claimed by them; a few. */
  unproven: number;
  macs: string[];
  episode: Episode | null;
  /** Those that it was in, this one too. */
  been: Episode[];
  /** What decided before the first of those that it is in without an end between them; null where it is in none. */
  first: Justification | null;
  /** An earlier request for the address met a full queue, or is unknown. */
  passed: boolean;
  /** How the address was decided for another sender when this one asked for it first. */
  othersWas: Justification | null;
  /** When that was last so. */
  othersWasNs: bigint | null;
}

export const mostTargets = 65_536;
/** The first of them, which are told in words. */
export const toldLeavings = 2;

/** Addresses that it is about, whether they had been asked for before or not. */
export function sizeOf({ targets, fresh }: Episode): number {
  return targets.size + fresh.size;
}

/** What is counted apart: an address, and who asks for it. */
export function askedKey({ target, sender }: Pick<Question, 'target' | 'sender'>): string {
  return `${target} ${sender}`;
}
