import type { FibMatch, NameTables, Pass, Proof, Purpose, Request, Snapshot } from '../decision/types.js';
import { FibAsker } from '../host/ask.js';
import { IprouteNames } from '../host/names.js';
import { findNamespace, type NetnsPlace } from '../host/netns.js';
import { takeSnapshot } from '../host/snapshot.js';
import type { Generation } from '../kernel/generation.js';
import { History } from './history.js';

/** Snapshots kept: the newest, and those that requests still in the queue may belong to. */
const keptSnapshots = 3;
/** A snapshot is retaken no sooner than this, and no sooner than five times what the last one took. */
const pauseMs = 50;
/** A table too large to dump is tried again after this. */
const largeMs = 60_000;
/** Questions for single routes that may wait at a time. */
const mostQuestions = 16;
const keptAnswers = 4096;

interface Held {
  key: string;
  rulesKey: string;
  snapshot: Snapshot;
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
  names: NameTables;
  /** performance.now() of the last request. */
  lastRequest = 0;
  #snapshots: Held[] = [];
  #answers = new Map<string, FibMatch | null>();
  #asking = new Set<string>();
  #asker: FibAsker | null = null;
  #taking = false;
  #nextSnapshot = 0;
  #largeUntil = 0;
  readonly #read: () => Generation | null;

  /** @param read reads the generation now, and adds it to the history */
  constructor(
    place: NetnsPlace | null,
    inode: number,
    address: bigint,
    read: (self: WatchedNamespace) => Generation | null,
  ) {
    this.inode = inode;
    this.address = address;
    this.place = place;
    this.#read = () => read(this);
    this.names = this.#makeNames();
  }

  get name(): string | null {
    return this.place?.name ?? null;
  }

  /** Whether the place was looked up and there is none: the namespace is gone, or in no reach of ours. */
  get unreachable(): boolean {
    return this.place === null;
  }

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
    const whole = this.#snapshots.find(({ key, snapshot }) => key === generation.key && snapshot.complete);
    if (whole) return { snapshot: whole.snapshot, matches: {} };
    const rules = this.#snapshots.find(({ rulesKey }) => rulesKey === generation.rulesKey);
    if (!rules) return null;
    const matches: Partial<Record<Purpose, FibMatch>> = {};
    for (const { purpose, key } of this.#questions(pass, generation)) {
      const answer = this.#answers.get(key);
      if (answer) matches[purpose] = answer;
    }
    if (!matches.target) return null;
    return { snapshot: { ...rules.snapshot, complete: false, routes: new Map() }, matches };
  }

  /** Whether anything that would serve this generation is on its way. */
  expects(generation: Generation): boolean {
    return this.#taking || this.#asking.size > 0 || this.history.latest?.key === generation.key;
  }

  /** Begin what is needed to prove this pass, as far as the bounds allow. */
  prepare(pass: Pass, now: number): void {
    const latest = this.history.latest;
    if (!latest || !this.place) return;
    const whole = this.#snapshots.some(({ key, snapshot }) => key === latest.key && snapshot.complete);
    if (whole) return;
    const large = now < this.#largeUntil;
    const rulesKnown = this.#snapshots.some(({ rulesKey }) => rulesKey === latest.rulesKey);
    if (!this.#taking && now >= this.#nextSnapshot && !(large && rulesKnown)) void this.#takeSnapshot(!large);
    if (rulesKnown) this.#ask(pass, latest);
  }

  close(): void {
    this.#asker?.close();
  }

  async #takeSnapshot(withRoutes: boolean): Promise<void> {
    const { place } = this;
    const before = this.#read();
    if (!before || !place) return;
    this.#taking = true;
    const started = performance.now();
    const snapshot = await takeSnapshot(place, withRoutes).catch(() => null);
    const after = this.#read();
    const took = performance.now() - started;
    this.#taking = false;
    this.#nextSnapshot = performance.now() + Math.max(pauseMs, 5 * took);
    if (!snapshot || !after) return;
    if (withRoutes && !snapshot.complete) this.#largeUntil = performance.now() + largeMs;
    // Routes that moved meanwhile make the dump of no use, but not the rules beside it.
    const routesHeld = before.key === after.key;
    if (!routesHeld && before.rulesKey !== after.rulesKey) return;
    const held = routesHeld ? snapshot : { ...snapshot, complete: false, routes: new Map() };
    this.#snapshots.unshift({ key: routesHeld ? after.key : '', rulesKey: after.rulesKey, snapshot: held });
    this.#snapshots.length = Math.min(this.#snapshots.length, keptSnapshots);
    this.names = this.#makeNames();
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
      this.#asking.add(key);
      const question = { target: lookup.daddr, sender: lookup.saddr, device, mark: lookup.mark };
      void this.#asker.ask(question).then((match) => {
        this.#asking.delete(key);
        if (this.#read()?.key !== generation.key) return;
        if (this.#answers.size >= keptAnswers) this.#answers.clear();
        this.#answers.set(key, match);
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

  #makeNames(): NameTables {
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
