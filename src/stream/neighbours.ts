import { formatIp } from '../decision/addresses.js';
import { type DecisionFilter, isEmpty } from '../decision/filter.js';
import { causeOfChange, causeOfRemoval, isFromQueue, isNoArp } from '../decision/neighbour/causes.js';
import { passesNeighbour } from '../decision/neighbour/filter.js';
import { entryOf, Learner } from '../decision/neighbour/learner.js';
import { isAnswer } from '../decision/neighbour/learning.js';
import {
  type AdminSeen,
  type AskedSeen,
  type EntrySeen,
  type ForPacketSeen,
  isResolved,
  type LearnedSeen,
  type NeighbourSeen,
  nud,
  type RemovedSeen,
  type TimerSeen,
} from '../decision/neighbour/record.js';
import { stateBeforeTimer } from '../decision/neighbour/timer.js';
import type {
  Kind,
  Learning,
  NeighbourCause,
  NeighbourChange,
  NeighbourEventTold,
} from '../decision/neighbour/types.js';
import type { Pass, Tier } from '../decision/types.js';
import type { NeighbourTracer } from '../kernel/neighbour-tracer.js';
import { EntryKeys, KnownEntries } from './entries.js';
import type { Namespaces } from './namespaces.js';
import { type Question, Questions } from './questions.js';
import { Solicitations } from './solicitations.js';
import { walkOf } from './walk.js';

export interface NeighbourSurroundings {
  tracer: NeighbourTracer;
  namespaces: Namespaces;
  kinds: ReadonlySet<Kind>;
  filter: DecisionFilter;
  host: string;
  /** The name of the trace, which begins every id. */
  trace: string;
  tier: Tier;
  /** So long a proof is waited for. */
  patienceMs: number;
  wallTime(ns: bigint): string;
  digits(ns: bigint): string;
  emit(event: NeighbourEventTold): void;
}

/** An entry that is set to failed by hand leaves the table right afterwards: told as one thing. */
const removalMs = 100;
/** Whoever removes an entry thus sets it to failed before (neigh_delete, arp_invalidate); others do not. */
const failsFirst: ReadonlySet<NeighbourCause> = new Set([
  'netlink',
  'ioctl',
  'address-added',
  'link-up',
  'unknown',
]);

/**
 * Makes learnings, solicitations and neighbour events of what the kernel side saw: joins who-has and answer, and keeps
 * the last known state of entries.
 */
export class Neighbours {
  readonly #around: NeighbourSurroundings;
  readonly #keys = new EntryKeys();
  readonly #entries = new KnownEntries();
  /** Cookies of namespaces by inode: an inode is given again, and what was known of it is another's then. */
  readonly #cookies = new Map<number, bigint>();
  readonly #questions: Questions;
  readonly #solicitations: Solicitations;
  readonly #learner: Learner;
  /** Set to failed by hand: the entry as it was, until it leaves the table or does not. */
  readonly #failing = new Map<number, { seen: AdminSeen; until: number }>();
  readonly #filters: boolean;
  /** Events told, and those that the filters took out. */
  delivered = 0;
  filtered = 0;

  constructor(around: NeighbourSurroundings) {
    this.#around = around;
    this.#filters = !isEmpty(around.filter);
    this.#learner = new Learner({ ...around, idOf: (id) => this.#idOf(id) });
    this.#solicitations = new Solicitations(
      around,
      (asked) => ({ schema: 'arpwhy.solicitation/1', ...this.#told(asked) }),
      (event) => this.#emit(event),
    );
    this.#questions = new Questions((question, end) => {
      if (around.kinds.has('solicitation')) this.#solicitations.add(question, end);
    });
  }

  /** Take what the ring holds. Returns whether there may be more. */
  drain(): boolean {
    const { seen, more } = this.#around.tracer.drain();
    for (const one of seen) this.#take(one);
    return more;
  }

  /** A request changed its sender's entry: that is told by its decision, and ends what was asked for it. */
  pass(pass: Pass): void {
    const last = pass.neighbours.at(-1);
    if (!last?.after || last.errno !== 0) return;
    const key = this.#keys.of(pass, pass.frame.senderIp);
    this.#entries.set(key, last.after, pass.endNs);
    const open = this.#questions.get(key);
    // the rings are read one after the other: this may have been before it was asked
    if (open && isResolved(last.after.state) && pass.endNs > open.asked.endNs) {
      this.#questions.end(open, { outcome: 'answered', mac: last.after.mac });
    }
  }

  /** Tell what has been waited for long enough. Returns whether anything still waits for a proof. */
  tick(now: number): boolean {
    this.#questions.tick(now);
    for (const [key, { seen, until }] of this.#failing) {
      if (now < until) continue;
      this.#failing.delete(key);
      this.#tellFailed(key, seen);
    }
    return this.#solicitations.tick(now);
  }

  /** The trace is over: tell what is left. */
  finish(): void {
    this.#questions.endAll({ outcome: 'pending' });
    this.tick(Number.POSITIVE_INFINITY);
    this.#solicitations.close();
  }

  #take(seen: NeighbourSeen): void {
    this.#notice(seen.netns);
    if (seen.kind === 'learned') this.#learned(seen);
    else if (seen.kind === 'asked') this.#asked(seen);
    else if (seen.kind === 'for-packet') this.#forPacket(seen);
    else if (seen.kind === 'timer') this.#timer(seen);
    else if (seen.kind === 'admin') this.#admin(seen);
    else this.#removed(seen);
  }

  #notice({ inode, cookie }: NeighbourSeen['netns']): void {
    const known = this.#cookies.get(inode);
    if (known === cookie) return;
    this.#cookies.set(inode, cookie);
    if (known === undefined) return;
    const isIts = (key: number) => this.#keys.inode(key) === inode;
    this.#questions.endAll({ outcome: 'removed' }, isIts);
    for (const map of [this.#entries, this.#failing]) {
      for (const key of map.keys()) if (isIts(key)) map.delete(key);
    }
  }

  #learned(seen: LearnedSeen): void {
    const key = this.#keys.of(seen, seen.ip);
    const exists = this.#entries.get(key) !== null;
    const { update } = seen;
    const after = update?.after ?? null;
    if (after) this.#entries.set(key, after, seen.endNs);
    const open = this.#questions.get(key);
    const event = this.#learner.learn(askedBy(open, seen), exists, this.#around.namespaces.of(seen).name);
    if (this.#around.kinds.has('learning')) this.#emit(event);
    const start = seen.startNs ?? seen.endNs;
    if (open && after !== null && isResolved(after.state) && event.verdict.action !== 'ignored') {
      const waited = update ? Math.max(update.waited, update.queued) : null;
      this.#questions.end(open, {
        outcome: 'answered',
        mac: after.mac,
        learning: event.id,
        roundTripNs: Number(start - (open.sent.at(-1)?.ns ?? start)),
        waited,
        lost: update && waited !== null ? waited - update.queued : null,
      });
    }
    this.#answerOthers(key, seen, event.id, start);
  }

  /** Whoever asked by a socket of its own, or announced an address, gets every answer: of which question it is, none can tell. */
  #answerOthers(key: number, { arp }: LearnedSeen, learning: string, start: bigint): void {
    if (!isAnswer(arp)) return;
    const answered = [...this.#questions.others(key)].filter(
      ({ asked }) => arp.targetIp === asked.arp.senderIp && start > asked.endNs,
    );
    for (const question of answered) {
      const roundTripNs = answered.length === 1 ? Number(start - question.asked.endNs) : null;
      this.#questions.end(question, { outcome: 'answered', mac: arp.senderMac, learning, roundTripNs });
    }
  }

  #asked(seen: AskedSeen): void {
    if (!isFromQueue(seen)) this.#questions.add(this.#keys.of(seen, seen.ip), seen);
  }

  #forPacket(seen: ForPacketSeen): void {
    const open = this.#questions.byId(seen.asked);
    if (!open || open.packet) return;
    open.packet = seen;
    const namespace = this.#around.namespaces.of(seen);
    namespace.lastRequest = performance.now();
    const walk = walkOf(seen);
    if (walk) namespace.prepare(walk.pass, performance.now());
  }

  #timer(seen: TimerSeen): void {
    const key = this.#keys.of(seen, seen.ip);
    const known = this.#entries.get(key);
    const { entry } = seen;
    const before = stateBeforeTimer(seen, known?.state ?? null);
    this.#entries.set(key, entry, seen.endNs);
    const open = this.#questions.get(key);
    if (open && entry.state === nud.failed) {
      this.#questions.end(open, { outcome: 'failed', waited: seen.waited, lost: seen.waited });
    } else if (open && entry.state === nud.reachable) {
      this.#questions.settled(open, { outcome: 'answered', mac: entry.mac });
    } else if (open && entry.state === nud.stale) {
      // the kernel gave up, and keeps the entry: see stateBeforeTimer
      this.#questions.settled(open, { outcome: 'failed', waited: seen.waited, lost: seen.waited });
    } else if (open) {
      open.timerState ??= entry.state;
    }
    if (before === null) return;
    const was = before === undefined ? undefined : { state: before, mac: known?.mac ?? entry.mac };
    this.#tellChange(seen, was, entry, { code: 'timer', detail: null, process: null });
  }

  #admin(seen: AdminSeen): void {
    const key = this.#keys.of(seen, seen.ip);
    if (seen.err !== 0) return;
    const failing = this.#failing.get(key);
    this.#failing.delete(key);
    if (failing) this.#tellFailed(key, failing.seen);
    if (seen.entry.state === nud.failed) {
      this.#failing.set(key, { seen, until: performance.now() + removalMs });
      return;
    }
    this.#entries.set(key, seen.entry, seen.endNs);
    const open = this.#questions.get(key);
    if (open && isResolved(seen.entry.state)) this.#questions.end(open, { outcome: 'changed' });
    this.#tellAdmin(seen);
  }

  #removed(seen: RemovedSeen): void {
    const key = this.#keys.of(seen, seen.ip);
    const cause = causeOfRemoval(seen.task);
    let before = this.#failing.get(key)?.seen ?? null;
    this.#failing.delete(key);
    if (before && !failsFirst.has(cause.code)) {
      this.#tellFailed(key, before);
      before = null;
    }
    this.#entries.delete(key);
    const open = this.#questions.get(key);
    if (open) this.#questions.end(open, { outcome: 'removed' });
    if (isNoArp(seen.entry.state)) return;
    this.#tellChange(seen, before?.before ?? seen.entry, null, cause);
  }

  /** It stayed in the table. */
  #tellFailed(key: number, seen: AdminSeen): void {
    this.#entries.set(key, seen.entry, seen.endNs);
    const open = this.#questions.get(key);
    if (open && seen.endNs > open.asked.endNs) this.#questions.end(open, { outcome: 'changed' });
    this.#tellAdmin(seen);
  }

  #tellAdmin(seen: AdminSeen): void {
    const { before, entry } = seen;
    if (before.state === entry.state && before.mac === entry.mac) return;
    const was = before.state === nud.none ? null : before;
    this.#tellChange(seen, was, seen.entry, causeOfChange(seen.task));
  }

  /** @param was undefined: it was not seen */
  #tellChange(
    seen: NeighbourSeen,
    was: EntrySeen | null | undefined,
    is: EntrySeen | null,
    cause: NeighbourChange['cause'],
  ): void {
    if (!this.#around.kinds.has('neighbour')) return;
    const unknown = was === undefined ? ['/entry/was'] : [];
    if (cause.code === 'unknown') unknown.push('/cause/code');
    this.#emit({
      schema: 'arpwhy.neighbour/1',
      ...this.#told(seen),
      entry: { ip: formatIp(seen.ip), was: was ? entryOf(was) : null, is: is && entryOf(is) },
      cause,
      unknown,
    });
  }

  #told(
    seen: NeighbourSeen,
  ): Pick<Learning, 'id' | 'host' | 'time' | 'monotonicNs' | 'tier' | 'netns' | 'device'> {
    const { host, tier, namespaces } = this.#around;
    return {
      id: this.#idOf(seen.id),
      host,
      time: this.#around.wallTime(seen.endNs),
      monotonicNs: this.#around.digits(seen.endNs),
      tier,
      netns: { inode: seen.netns.inode, name: namespaces.of(seen).name },
      device: { index: seen.device.index, name: seen.device.name },
    };
  }

  #idOf(id: number): string {
    return `${this.#around.trace}-n${id}`;
  }

  #emit(event: NeighbourEventTold): void {
    if (this.#filters && !passesNeighbour(event, this.#around.filter)) {
      this.filtered++;
      return;
    }
    this.delivered++;
    this.#around.emit(event);
  }
}

/** The last who-has may be a program's, while the entry waits for the answer to the kernel's own. */
function askedBy(open: Question | undefined, seen: LearnedSeen): LearnedSeen {
  const last = open?.sent.at(-1);
  if (!open || !last || !seen.asked?.bySocket) return seen;
  return { ...seen, asked: { id: open.asked.id, ns: last.ns, bySocket: false } };
}
