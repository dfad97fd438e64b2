import { closeSync } from 'node:fs';
import type { Pass } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import { IprouteNames } from '../host/names.js';
import {
  findNamespace,
  type NetnsPlace,
  namedNamespaces,
  openNamespace,
  ownNamespace,
} from '../host/netns.js';
import type { Generation } from '../kernel/generation.js';
import type { Tracer } from '../kernel/tracer.js';
import type { ChangePlace } from './changes.js';
import type { StateTap } from './tap.js';
import { WatchedNamespace } from './watched.js';

/** A namespace whose requests are this recent is read with every turn, others less often, the longer ago the less. */
const busyMs = 100;
const activeMs = 10_000;
const activeReadMs = 50;
const idleReadMs = 250;

/** Traces the same namespaces as the tracer. */
export interface Follower {
  setNetns(inodes: ReadonlySet<number>): void;
}

/**
 * The namespaces of a trace: found by name when it starts and while it runs, or by the first record from them.
 * Their generations are read again and again, because only what was seen before a request and after it proves
 * that nothing moved in between.
 */
export class Namespaces {
  readonly #tracer: Tracer;
  readonly #wanted: readonly string[] | null;
  readonly #tap: StateTap | null;
  readonly #followers: readonly Follower[];
  readonly #byInode = new Map<number, WatchedNamespace>();
  /** Those whose inode is another namespace's by now, while requests from them are still to be told. */
  readonly #gone = new Set<WatchedNamespace>();
  #nextIdleRead = 0;
  #closed = false;

  /** @param wanted names of `ip netns`, `.` for our own; null for all */
  constructor(
    tracer: Tracer,
    wanted: readonly string[] | null,
    tap: StateTap | null = null,
    followers: readonly Follower[] = [],
  ) {
    this.#tracer = tracer;
    this.#followers = followers;
    this.#tap = tap;
    this.#wanted = wanted;
    this.#discover();
  }

  /**
   * The inodes that names stand for now.
   * @throws {ArpwhyError} `unknown-namespace` for a name that is none
   */
  static resolve(wanted: readonly string[]): Set<number> {
    const named = namedNamespaces();
    return new Set(
      wanted.map((name) => {
        if (name === '.') return ownNamespace().inode;
        const found = named.find((place) => place.name === name);
        if (found) return found.inode;
        const names = named.flatMap((place) => place.name ?? []);
        throw new ArpwhyError(
          'unknown-namespace',
          `no network namespace is named ${name}: ${names.length > 0 ? `there are ${names.join(', ')}` : 'ip netns lists none'}; . is your own`,
        );
      }),
    );
  }

  /** The namespace that a pass ran in. */
  of(pass: Pick<Pass, 'netns'>): WatchedNamespace {
    const known = this.#byInode.get(pass.netns.inode);
    if (known && known.address === pass.netns.address) return known;
    const former = [...this.#gone].find(({ address }) => address === pass.netns.address);
    if (former) return former;
    return this.#add(pass.netns.inode, pass.netns.address, findNamespace(pass.netns.inode));
  }

  /** What is known of a namespace in which something changed, whether it is watched or not. */
  placeOf(inode: number): ChangePlace {
    const watched = this.#byInode.get(inode);
    const name = watched ? watched.name : (findNamespace(inode)?.name ?? null);
    const names = watched?.names ?? new IprouteNames(name, () => null);
    return {
      netns: { inode, name },
      table: (id) => names.table(id),
      protocol: (id) => names.protocol(id),
      device: (index) => names.device(index),
      link: (index, ns) => watched?.linksBefore(ns)?.get(index) ?? null,
    };
  }

  all(): WatchedNamespace[] {
    for (const one of this.#gone) if (one.queue.length === 0) this.#gone.delete(one);
    return [...this.#gone, ...this.#byInode.values()];
  }

  /** Read the generations of all namespaces that matter now; with `everything`, of the quiet ones too. */
  readGenerations(now: number, everything = false): void {
    const idle = everything || now >= this.#nextIdleRead;
    if (idle) {
      this.#nextIdleRead = now + idleReadMs;
      this.#discover();
    }
    const due = [...this.#byInode.values()].filter((one) => idle || isDue(one, now));
    const generations = this.#tracer.generations(due);
    for (const [i, watched] of due.entries()) {
      const generation = generations[i];
      watched.lastRead = now;
      if (generation) watched.history.add(generation);
      else if (watched.queue.length === 0) this.#forget(watched);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watched of this.#byInode.values()) watched.close();
    this.#byInode.clear();
  }

  #add(inode: number, address: bigint, place: NetnsPlace | null): WatchedNamespace {
    const former = this.#byInode.get(inode);
    former?.leave();
    if (former) this.#gone.add(former);
    const watched = new WatchedNamespace(place, inode, address, (self) => this.#readOne(self), this.#tap);
    this.#byInode.set(inode, watched);
    this.#readOne(watched);
    return watched;
  }

  /** Also null when all is over, for whoever was reading something meanwhile. */
  #readOne(watched: WatchedNamespace): Generation | null {
    if (this.#closed) return null;
    const generation = this.#tracer.generations([watched])[0] ?? null;
    if (generation) watched.history.add(generation);
    return generation;
  }

  #forget(watched: WatchedNamespace): void {
    watched.close();
    this.#byInode.delete(watched.inode);
  }

  /** Namespaces with a name may have come or gone; a filter by name follows them. */
  #discover(): void {
    const places = namedNamespaces();
    const wanted = this.#wanted;
    if (wanted) {
      const own = ownNamespace().inode;
      const inScope = places.filter(
        ({ name, inode }) =>
          (name !== null && wanted.includes(name)) || (wanted.includes('.') && inode === own),
      );
      const inodes = new Set(inScope.map(({ inode }) => inode));
      for (const one of [this.#tracer, ...this.#followers]) one.setNetns(inodes);
      places.splice(0, places.length, ...inScope);
    }
    for (const place of places) {
      const known = this.#byInode.get(place.inode);
      // an inode number is given anew as soon as its namespace is gone: a new name may mean a new namespace
      if (known && known.name === place.name) continue;
      const fd = openNamespace(place);
      if (fd === null) continue;
      const generation = this.#tracer.generationOf(fd);
      closeSync(fd);
      if (!generation) continue;
      if (known?.address === generation.netns.address) known.refreshPlace();
      else this.#add(place.inode, generation.netns.address, place);
    }
  }
}

function isDue({ queue, lastRequest, lastRead }: WatchedNamespace, now: number): boolean {
  if (queue.length > 0 || now - lastRequest < busyMs) return true;
  return now - lastRequest < activeMs && now - lastRead >= activeReadMs;
}
