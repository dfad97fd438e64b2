import { passNames } from '../decision/pass-names.js';
import type {
  FibMatch,
  Link,
  NameTables,
  Pass,
  Proof,
  Purpose,
  Request,
  Snapshot,
} from '../decision/types.js';
import { FibAsker } from '../host/ask.js';
import { LinkMonitor } from '../host/link-monitor.js';
import { IprouteNames } from '../host/names.js';
import { findNamespace, type NetnsPlace } from '../host/netns.js';
import { takeSnapshot } from '../host/snapshot.js';
import { Turns } from '../host/turns.js';
import { bindingsOf, type Generation } from '../kernel/generation.js';
import { History } from './history.js';
import type { StateTap } from './tap.js';

/** Snapshots kept: the newest, and those that requests still in the queue may belong to. */
const keptSnapshots = 3;
/** A snapshot is retaken no sooner than this, and no sooner than five times what the last one took. */
const pauseMs = 50;
/** A table too large to dump is tried again after this. */
const largeMs = 60_000;
/** Questions for single routes that may wait at a time. */
const mostQuestions = 16;
const keptAnswers = 4096;
/** Snapshots at a time: a host may have hundreds of namespaces, and each takes processes of its own. */
const turns = new Turns(4);

/**
 * What was read between two equal generations. It is proven once they are seen to have held for some time before
 * and after: a change that was half done meanwhile shows in what was read, but not yet in the generation.
 */
interface Reading {
  from: bigint;
  to: bigint;
}

interface Held extends Reading {
  /** Empty when routes moved while it was taken. */
  key: string;
  rulesKey: string;
  snapshot: Snapshot;
  /** Of all the passes that the snapshot serves whole: one object, by which their decisions are known again. */
  proof: Proof;
  /** The same, where it serves for its rules alone. */
  withoutRoutes: Snapshot | null;
  /** What is proven for good; null until it is known. */
  routesProven: boolean | null;
  rulesProven: boolean | null;
}

interface Answer extends Reading {
  match: FibMatch | null;
}

/** A request that waits for its proof. */
export interface Waiting {
  request: Request;
  /** performance.now() when it came. */
  since: number;
}

/**
 * One namespace while it is traced: the generations it went through, snapshots that are proven for one of them,
 * answers to single questions, and the requests that wait for any of these.
 */
export class WatchedNamespace {
  readonly inode: number;
  address: bigint;
  place: NetnsPlace | null;
  readonly history = new History();
  readonly queue: Waiting[] = [];
  /** Indexes of the devices that asked, by name. */
  readonly devices = new Map<string, number>();
  names: IprouteNames;
  /** performance.now() of the last request. */
  lastRequest = 0;
  lastRead = 0;
  #snapshots: Held[] = [];
  #answers = new Map<string, Answer>();
  #asking = new Set<string>();
  #asker: FibAsker | null = null;
  /** The part of the generation that rules depend on, as it was when the snapshot that is being taken was begun. */
  #taking: string | null = null;
  /** The part of the generation under which `ip` shows rules as what they are not. */
  #unreadable: string | null = null;
  #unreadableNoticed = false;
  #nextSnapshot = 0;
  #largeUntil = 0;
  readonly #read: () => Generation | null;
  readonly #tap: StateTap | null;
  /** The generation of the state that the tap was told last. */
  #told: Generation | null = null;
  #monitor: LinkMonitor | null = null;

  /** @param read reads the generation now, and adds it to the history */
  constructor(
    place: NetnsPlace | null,
    inode: number,
    address: bigint,
    read: (self: WatchedNamespace) => Generation | null,
    tap: StateTap | null = null,
  ) {
    this.#tap = tap;
    this.inode = inode;
    this.address = address;
    this.place = place;
    this.#read = () => read(this);
    this.names = this.#makeNames();
  }

  get name(): string | null {
    return this.place?.name ?? null;
  }

  /** Nothing more can be read of it: the namespace is gone, or in no reach of ours. */
  get unreachable(): boolean {
    return this.place === null || this.#left;
  }

  /** Its inode is another namespace's by now: what waits is told with what was read before. */
  leave(): void {
    this.#left = true;
    this.close();
  }
  #left = false;

  /** Look the place up again: a namespace gets its name after it was made. */
  refreshPlace(): void {
    const place = findNamespace(this.inode);
    if (place?.name !== this.place?.name || place?.path !== this.place?.path) {
      this.place = place;
      this.#asker?.close();
      this.#asker = null;
    }
    this.names = this.#makeNames();
  }

  /**
   * What is proven for a generation that held all through the pass; null when it is not (yet).
   * Where a table is too large to dump, or changes too often, rules come from a snapshot that holds as long as the
   * rules do, and routes from questions asked under the same generation.
   */
  proofFor(pass: Pass, generation: Generation): Proof | null {
    const whole = this.#whole(generation);
    if (whole) return whole.proof;
    const rules = this.#rules(generation);
    if (!rules) return null;
    const matches: Partial<Record<Purpose, FibMatch>> = {};
    for (const { purpose, key } of this.#questions(pass, generation)) {
      const answer = this.#answers.get(key);
      if (!answer?.match) continue;
      const state = this.history.holds('key', generation.key, answer.from, answer.to);
      if (state === 'held') matches[purpose] = answer.match;
      else if (state === 'moved') this.#answers.delete(key);
    }
    if (!matches.target) return null;
    rules.withoutRoutes ??= { ...rules.snapshot, complete: false, routes: new Map() };
    return { snapshot: rules.withoutRoutes, matches };
  }

  /** Whether anything that would serve this generation can still come: nothing can be read of one that is over. */
  expects(generation: Generation): boolean {
    if (generation.rulesKey === this.#unreadable) return false;
    return this.#taking === generation.rulesKey || this.history.latest?.key === generation.key;
  }

  /** True once when rules cannot be followed, and not again before they could be. */
  noticeUnreadable(): boolean {
    const news = this.#unreadable !== null && !this.#unreadableNoticed;
    if (news) this.#unreadableNoticed = true;
    return news;
  }

  /** Begin what is needed to prove this pass, as far as the bounds allow. */
  prepare(pass: Pass, now: number): void {
    const latest = this.history.latest;
    if (!latest || this.unreachable || latest.rulesKey === this.#unreadable) return;
    if (this.#snapshots.some(({ key, routesProven }) => key === latest.key && routesProven !== false)) return;
    const large = now < this.#largeUntil;
    const rulesKnown = this.#snapshots.some(
      ({ rulesKey, rulesProven }) => rulesKey === latest.rulesKey && rulesProven !== false,
    );
    if (this.#taking === null && now >= this.#nextSnapshot && !(large && rulesKnown)) {
      void this.#takeSnapshot(latest, !large);
    }
    if (rulesKnown) this.#ask(pass, latest);
  }

  /** For a tap: read the state again when it is not the one that was told last, as far as the bounds allow. */
  follow(now: number): void {
    const latest = this.history.latest;
    if (!latest || this.unreachable || latest.rulesKey === this.#unreadable) return;
    if (this.#taking !== null || now < this.#nextSnapshot) return;
    const large = now < this.#largeUntil;
    const told = large ? this.#told?.rulesKey === latest.rulesKey : this.#told?.key === latest.key;
    // no request waits for it: it comes again, and those that requests wait for go first
    if (!told && turns.free) void this.#takeSnapshot(latest, !large);
  }

  /** Names as they were at a pass: devices may have got others since then. */
  namesAt(pass: Pass, proof: Proof | null): NameTables {
    return passNames(this.names, proof?.snapshot.links ?? this.linksAt(pass), pass);
  }

  /** The links of a snapshot that says the same of devices as was true all through a pass. */
  linksAt(pass: Pass): Map<number, Link> | null {
    const start = pass.startNs ?? pass.endNs;
    const held = this.#snapshots.find(
      ({ rulesKey, rulesProven }) =>
        rulesProven && this.history.holds('rulesKey', rulesKey, start, pass.endNs) === 'held',
    );
    return held?.snapshot.links ?? null;
  }

  /** The links that were read last before a moment. */
  linksBefore(ns: bigint): ReadonlyMap<number, Link> | null {
    return this.#snapshots.find(({ to }) => to < ns)?.snapshot.links ?? null;
  }

  #whole({ key }: Generation): Held | undefined {
    return this.#snapshots.find((held) => {
      if (held.key !== key || !held.snapshot.complete) return false;
      held.routesProven ??= this.#proven('key', held.key, held);
      return held.routesProven;
    });
  }

  #rules({ rulesKey }: Generation): Held | undefined {
    return this.#snapshots.find((held) => {
      if (held.rulesKey !== rulesKey) return false;
      held.rulesProven ??= this.#proven('rulesKey', held.rulesKey, held);
      return held.rulesProven;
    });
  }

  #proven(part: 'key' | 'rulesKey', value: string, { from, to }: Reading): boolean | null {
    const state = this.history.holds(part, value, from, to);
    return state === 'wait' ? null : state === 'held';
  }

  close(): void {
    this.#asker?.close();
    this.#monitor?.close();
  }

  async #takeSnapshot(latest: Generation, withRoutes: boolean): Promise<void> {
    this.#taking = latest.rulesKey;
    try {
      await turns.take(() => this.#takeNow(withRoutes));
    } finally {
      this.#taking = null;
    }
  }

  async #takeNow(withRoutes: boolean): Promise<void> {
    const { place } = this;
    const before = this.#read();
    if (!before || !place) return;
    if (this.#tap) this.#monitor ??= this.#watchLinks();
    // right after a change: what is read now could still be from before it
    if (this.history.holds('rulesKey', before.rulesKey, before.ns, before.ns) === 'moved') return;
    this.#taking = before.rulesKey;
    const started = performance.now();
    const snapshot = await takeSnapshot(place, withRoutes).catch(() => null);
    const after = this.#read();
    const took = performance.now() - started;
    this.#nextSnapshot = performance.now() + Math.max(pauseMs, 5 * took);
    if (!snapshot || !after) return;
    if (after.strangeRules || after.bindings !== bindingsOf(snapshot.rules)) {
      // it is the same however often it is read
      if (before.rulesKey === after.rulesKey) this.#unreadable = after.rulesKey;
      return;
    }
    this.#unreadable = null;
    this.#unreadableNoticed = false;
    if (withRoutes && !snapshot.complete) this.#largeUntil = performance.now() + largeMs;
    // Routes that moved meanwhile make the dump of no use, but not the rules beside it.
    const routesHeld = before.key === after.key;
    if (!routesHeld && before.rulesKey !== after.rulesKey) return;
    const held = routesHeld ? snapshot : { ...snapshot, complete: false, routes: new Map() };
    this.#snapshots.unshift({
      key: routesHeld ? after.key : '',
      rulesKey: after.rulesKey,
      snapshot: held,
      proof: { snapshot: held, matches: {} },
      from: before.ns,
      to: after.ns,
      routesProven: routesHeld && held.complete ? null : false,
      withoutRoutes: held.complete ? null : held,
      rulesProven: null,
    });
    this.#snapshots.length = Math.min(this.#snapshots.length, keptSnapshots);
    this.names = this.#makeNames();
    if (this.#tap && (held.complete || !withRoutes)) this.#tell(this.#tap, held, after);
  }

  #watchLinks(): LinkMonitor | null {
    const tell = this.#tap?.link;
    if (!this.place || !tell) return null;
    return LinkMonitor.start(this.place, (notice) => {
      // links are part of what a generation counts: as long as that of the state held, none had moved
      const heldNs = this.#told && this.history.lastSeen(this.#told.key);
      tell({ inode: this.inode, name: this.name }, notice, heldNs);
    });
  }

  #tell(tap: StateTap, snapshot: Snapshot, generation: Generation): void {
    const before = this.#told;
    tap.state({
      netns: { inode: this.inode, name: this.name },
      snapshot,
      names: this.names,
      readNs: generation.ns,
      moved: before && this.history.moved(before.key, generation.key),
    });
    this.#told = generation;
  }

  #ask(pass: Pass, generation: Generation): void {
    if (!this.place) return;
    for (const { key, purpose } of this.#questions(pass, generation)) {
      if (this.#answers.has(key) || this.#asking.has(key) || this.#asking.size >= mostQuestions) continue;
      const lookup = pass.lookups.find((one) => roleOf(pass, one) === purpose);
      const device = this.#snapshots[0]?.snapshot.links.get(lookup?.iif ?? 0)?.name;
      if (!lookup || device === undefined) continue;
      this.#asker ??= new FibAsker(
        this.place,
        () =>
          new Map(
            [...(this.#snapshots[0]?.snapshot.links.values() ?? [])].map((link) => [link.name, link.index]),
          ),
      );
      const before = this.#read();
      if (before?.key !== generation.key) return;
      if (this.history.holds('key', before.key, before.ns, before.ns) === 'moved') return;
      this.#asking.add(key);
      const question = { target: lookup.daddr, sender: lookup.saddr, device, mark: lookup.mark };
      void this.#asker.ask(question).then((match) => {
        this.#asking.delete(key);
        const after = this.#read();
        if (after?.key !== generation.key) return;
        if (this.#answers.size >= keptAnswers) this.#answers.clear();
        this.#answers.set(key, { match, from: before.ns, to: after.ns });
      });
    }
  }

  /** The lookups of a pass that a single question can answer, keyed by flow and generation. */
  #questions(pass: Pass, generation: Generation): { purpose: Purpose; key: string }[] {
    const questions: { purpose: Purpose; key: string }[] = [];
    for (const purpose of ['target', 'source'] as const) {
      const lookup = pass.lookups.findLast((one) => roleOf(pass, one) === purpose);
      // what came in on lo is refused, and a lookup that failed has no route to ask for
      if (lookup?.errno !== 0 || lookup.iif <= 1) continue;
      questions.push({
        purpose,
        key: `${generation.key}|${lookup.daddr}|${lookup.saddr}|${lookup.iif}|${lookup.mark}`,
      });
    }
    return questions;
  }

  #makeNames(): IprouteNames {
    const links = this.#snapshots[0]?.snapshot.links;
    return new IprouteNames(this.name, (index) => links?.get(index)?.name ?? null);
  }
}

function roleOf(pass: Pass, lookup: Pass['lookups'][number]): 'target' | 'source' | null {
  const { senderIp, targetIp } = pass.frame;
  if (lookup.saddr === senderIp && lookup.daddr === targetIp && lookup.iif === pass.device.index)
    return 'target';
  return lookup.saddr === targetIp && lookup.daddr === senderIp ? 'source' : null;
}
