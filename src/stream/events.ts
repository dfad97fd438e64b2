import type { Actor, Cause } from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import type { Fold } from '../decision/fold.js';
import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision, Evidence, Tier } from '../decision/types.js';

/** The first event of a stream. Later versions only add fields. */
export interface StartEvent {
  schema: 'arpwhy.start/1';
  version: string;
  host: string;
  hostname: string;
  bootId: string;
  kernel: string;
  time: string;
  monotonicNs: string;
  /** Add it to a CLOCK_MONOTONIC time to get nanoseconds since 1970. */
  clockOffsetNs: string;
  tier: Tier;
  hooks: { attached: string[]; missing: { name: string; why: string; cost: string }[] };
}

/** Records that were lost, and where. */
export interface LostEvent {
  schema: 'arpwhy.lost/1';
  host: string;
  /** `neighbours`: the ring of what a host learns and asks. */
  where: 'ring' | 'neighbours';
  /** Requests, or records of neighbours. */
  count: number;
  /** Between these two moments, CLOCK_MONOTONIC. */
  fromNs: string;
  toNs: string;
}

/**
 * seen = delivered + folded + filtered + pending + abandoned + lost, to the unit. Requests, each counted once,
 * where it opens.
 */
export interface Accounts {
  seen: number;
  delivered: number;
  folded: number;
  filtered: number;
  /** Deferred, and the second pass had not come. */
  pending: number;
  /** Ended unseen, or after the trace had what it was asked for. */
  abandoned: number;
  lost: number;
}

/** Of one hook, by its name; the count is not 0. */
export interface Missed {
  name: string;
  count: number;
}

export interface EndEvent {
  schema: 'arpwhy.end/1';
  host: string;
  time: string;
  monotonicNs: string;
  durationNs: number;
  why: 'duration' | 'count' | 'signal' | 'closed' | 'error';
  accounts: Accounts;
  /** Lookups that did not fit into a record. */
  cut: number;
  /** Deferrals that could not be remembered: their second pass stands for them. */
  untracked: number;
  /** ARP frames seen coming in, before any filter. */
  frames: number;
  /** Changes of routes, rules, links and addresses that were too many to be told. */
  changesLost: number;
  /**
   * Events that the kernel did not show to a program, because they came on top of that program itself: it runs none
   * twice on one CPU. Mostly of other packets; a request whose end is among them is in no account. Absent in older
   * recordings.
   */
  missed?: Missed[];
  /** What was told of neighbours; absent when nothing of it was asked for. Records: several make one event. */
  neighbours?: { records: number; lost: number; delivered: number; filtered: number };
}

/**
 * What moved in a namespace: `observed` by hooks on the functions that change routes, with their cause; or `inferred`,
 * as two snapshots of it differ, which recordings bear.
 */
export interface ChangeEvent {
  schema: 'arpwhy.change/1';
  /** Unique in this trace: "7f3a-c2". */
  id: string;
  host: string;
  /** When it had happened: of what was observed the last moment; else the first at which it was seen like this. */
  time: string;
  monotonicNs: string;
  /** It had not happened before this moment, CLOCK_MONOTONIC. */
  fromNs: string;
  netns: { inode: number; name: string | null };
  evidence: Evidence;
  /** Why; null where no hook saw it. */
  cause: Cause | null;
  /** In whose context the kernel did it; null where it was in none, or nobody saw. */
  process: Actor['process'];
  /** The thread of the kernel that did it; null where none did, or nobody saw. */
  kernelThread: string | null;
  /** At most 200 of them. */
  changes: Change[];
  /** Changes that are not listed. */
  more: number;
  /** Tables that the kernel flushed of routes that had become useless, and of how many. */
  flushed: { table: { id: number; name: string | null }; routes: number }[];
  /** Changes before this one, in any namespace, that were too many to be told. */
  lost: number;
}

export type StreamEvent =
  | StartEvent
  | Decision
  | NeighbourEventTold
  | ChangeEvent
  | Fold
  | LostEvent
  | EndEvent;
