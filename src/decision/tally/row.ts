import type { Grouped } from '../groups.js';
import type { Decision, Ipv4 } from '../types.js';
import type { AddressTable } from './address-table.js';
import { type Mark, suspicions } from './marks.js';

/** Of each row so many decisions are kept, to be read in full. */
const mostRecent = 8;
/** In a storm they are this far apart, or the last ones would all be of the same moment. */
const recentMs = 200;

/** What comes in on one device: whoever asks there can hear who else answers. */
export interface Segment {
  /** When something was first seen on it, in the caller's milliseconds. */
  firstMs: number;
  rows: Set<Row>;
  /** The MAC addresses of those who asked. */
  owners: Map<Ipv4, string>;
}

interface RowParts {
  serial: number;
  targets: AddressTable;
  senders: AddressTable;
  /** How many ticks there were before it, as far as they are remembered. */
  ticks: number;
}

export interface Claim {
  row: Row | null;
  mac: string | null;
}

/** Decisions of one group, counted. All times in milliseconds are the caller's. */
export class Row implements Grouped {
  /** In the order in which rows appeared. */
  readonly serial: number;
  readonly first: Decision;
  readonly segment: Segment;
  readonly targets: AddressTable;
  readonly senders: AddressTable;
  readonly firstMs: number;
  /** Counts at the last ticks, the oldest first. */
  readonly history: number[];
  readonly recent: Decision[] = [];
  /** The marks that its justification bears by itself. */
  readonly suspicions: readonly Mark[];
  /** Requests that were deferred before they were decided. */
  readonly deferral = { count: 0, minNs: Number.POSITIVE_INFINITY, maxNs: 0 };
  /** Addresses that this row answers for, and another MAC that has them or answers for them too. */
  readonly rivals = new Map<Ipv4, string>();
  /** The first decisions of rows that decided otherwise about addresses of this one, for the same sender; how many. */
  readonly turned = new Map<Decision, number>();
  /** Stands for this row where it is remembered for long: it lets go of a row that went up in another one. */
  readonly claim: Claim;
  /** How many rows went up in this one: then it has no justification of its own. 0 for a row as any other. */
  merged = 0;
  last: Decision;
  lastMs: number;
  count = 0;
  #spacedMs = Number.NEGATIVE_INFINITY;

  constructor(first: Decision, segment: Segment, now: number, { serial, targets, senders, ticks }: RowParts) {
    this.serial = serial;
    this.first = first;
    this.suspicions = suspicions(first);
    this.last = first;
    this.segment = segment;
    this.targets = targets;
    this.senders = senders;
    this.firstMs = now;
    this.lastMs = now;
    this.history = Array(ticks).fill(0);
    this.claim = { row: this, mac: first.reply?.mac ?? null };
  }

  /** Count one more; its addresses are counted by the caller. */
  take(decision: Decision, now: number): void {
    this.count++;
    this.last = decision;
    this.lastMs = now;
    const { deferredNs } = decision.verdict;
    if (deferredNs !== null) this.#deferred(deferredNs);
    const { recent } = this;
    if (recent.length < mostRecent) {
      recent.push(decision);
    } else if (now - this.#spacedMs < recentMs) {
      recent[mostRecent - 1] = decision;
    } else {
      recent.shift();
      recent.push(decision);
      this.#spacedMs = now;
    }
  }

  /** Take over what another row counted: from now on this one stands for both. */
  takeAll(other: Row): void {
    this.merged += Math.max(1, other.merged);
    this.count += other.count;
    this.targets.addAll(other.targets);
    this.senders.addAll(other.senders);
    for (const [i, count] of other.history.entries()) this.history[i] = (this.history[i] ?? 0) + count;
    if (other.lastMs < this.lastMs) return;
    this.last = other.last;
    this.lastMs = other.lastMs;
  }

  #deferred(ns: number): void {
    const { deferral } = this;
    deferral.count++;
    deferral.minNs = Math.min(deferral.minNs, ns);
    deferral.maxNs = Math.max(deferral.maxNs, ns);
  }
}
