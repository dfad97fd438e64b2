import {
  addressChange,
  type ChangeSeen,
  flushedChange,
  linkChange,
  routeChange,
  ruleChange,
  type SeenNames,
} from '../decision/change-seen.js';
import type { Change } from '../decision/changes.js';
import type { Link } from '../decision/types.js';
import type { ChangeEvent } from './events.js';

/** A change names so many things at most, and counts the rest. */
export const mostChanges = 200;
/** What the same process did for the same cause is one event, until it rests for so long, */
const restNs = 20_000_000n;
/** or has gone on for so long; in the middle of a flush it is waited for longer. */
const longestNs = 250_000_000n;
const flushNs = 2_000_000_000n;

/** What is known of the namespace of a change. */
export interface ChangePlace extends SeenNames {
  netns: { inode: number; name: string | null };
  /** As it was read before this moment; null when it was not. */
  link(index: number, ns: bigint): Link | null;
}

interface Open {
  key: string;
  first: ChangeSeen;
  lastNs: bigint;
  place: ChangePlace;
  changes: Change[];
  more: number;
  flushed: { table: number; routes: number }[];
  /** Routes of a flush that is going on that were told one by one. */
  members: number;
}

type Told = Omit<ChangeEvent, 'schema' | 'id' | 'host' | 'time'>;

/**
 * Puts what hooks saw into events: what one process did for one cause, as long as nothing else happens in that
 * namespace in between, so that events come in the order of what they tell.
 */
export class ChangeGroups {
  readonly #open = new Map<number, Open>();
  /** Links as they were told last, by namespace and index. */
  readonly #links = new Map<string, Link>();
  readonly #place: (inode: number) => ChangePlace;
  readonly #tell: (event: Told) => void;
  #lost = 0;

  /**
   * @param place what is known of a namespace now
   * @param tell called with each event when it is over
   */
  constructor(place: (inode: number) => ChangePlace, tell: (event: Told) => void) {
    this.#place = place;
    this.#tell = tell;
  }

  add(all: readonly ChangeSeen[]): void {
    for (const seen of all) this.#add(seen);
  }

  /** So many could not be handed over: the next event bears it. */
  lose(count: number): void {
    this.#lost += count;
  }

  /** Tell what has come to rest by now; with `everything`, the rest too. True while something is still to come. */
  close(nowNs: bigint, everything = false): boolean {
    for (const [inode, open] of this.#open) {
      const rested = nowNs - open.lastNs > (open.members > 0 ? flushNs : restNs);
      const over = rested || (open.members === 0 && nowNs - open.first.ns > longestNs);
      if (everything || over) this.#end(inode, open);
    }
    return this.#open.size > 0;
  }

  #add(seen: ChangeSeen): void {
    const key = keyOf(seen);
    let open = this.#open.get(seen.netns);
    // a link that moves is where something begins, even if it moved for the same process a moment ago
    const long = open !== undefined && open.members === 0 && seen.ns - open.first.ns > longestNs;
    const begins = seen.what === 'link' || open?.key !== key || long;
    if (open && begins) {
      this.#end(seen.netns, open);
      open = undefined;
    }
    if (!open) {
      open = {
        key,
        first: seen,
        lastNs: seen.ns,
        place: this.#place(seen.netns),
        changes: [],
        more: 0,
        flushed: [],
        members: 0,
      };
      if (!this.#take(open, seen)) return;
      this.#open.set(seen.netns, open);
      return;
    }
    this.#take(open, seen);
    open.lastNs = seen.ns;
  }

  /** False where nothing changed after all. */
  #take(open: Open, seen: ChangeSeen): boolean {
    if (seen.what === 'flush') {
      open.flushed.push({ table: seen.table, routes: seen.count });
      const left = seen.count - open.members;
      if (open.members > 0) open.more += Math.max(0, left);
      else this.#push(open, () => flushedChange(seen.table, seen.count, open.place));
      open.members = 0;
      return true;
    }
    if (seen.what === 'link') {
      const change = this.#linkChange(open.place, seen);
      if (change) open.changes.push(change);
      return change !== null;
    }
    if (seen.what === 'route' && seen.ofFlush) open.members++;
    this.#push(open, () => changeOf(seen, open.place));
    return true;
  }

  #push(open: Open, make: () => Change): void {
    if (open.changes.length < mostChanges) open.changes.push(make());
    else open.more++;
  }

  #linkChange(place: ChangePlace, seen: ChangeSeen & { what: 'link' }): Change | null {
    const { device, up, carrier, netns, cause } = seen;
    const id = `${netns}/${device.index}`;
    const known = this.#links.get(id) ?? place.link(device.index, seen.ns);
    const now: Link = { ...(known ?? plainLink), index: device.index, name: device.name, up, carrier };
    if (cause?.kind === 'link-removed') {
      this.#links.delete(id);
      return linkChange(known ?? now, null, 'removed');
    }
    this.#links.set(id, now);
    // the kernel announces more than carriers by this, and what was not known before need not have moved
    const moved = known ? known.up !== up || known.carrier !== carrier : !carrier;
    if (cause?.kind === 'link-up') return linkChange(now, { ...now, up: false }, 'changed');
    if (cause?.kind === 'link-down') return linkChange(now, { ...now, carrier: true, up: true }, 'changed');
    return up && moved ? linkChange(now, known, 'changed') : null;
  }

  #end(inode: number, { first, lastNs, place, changes, more, flushed }: Open): void {
    this.#open.delete(inode);
    this.#tell({
      monotonicNs: lastNs.toString(),
      fromNs: first.ns.toString(),
      netns: place.netns,
      evidence: 'observed',
      cause: first.cause,
      process: first.actor.process,
      kernelThread: first.actor.kernelThread,
      changes,
      more,
      flushed: flushed.map(({ table, routes }) => ({
        table: { id: table, name: place.table(table) },
        routes,
      })),
      lost: this.#lost,
    });
    this.#lost = 0;
  }
}

const plainLink = { group: 0, ignoreLinkdown: false };

function changeOf(seen: Exclude<ChangeSeen, { what: 'link' | 'flush' }>, place: ChangePlace): Change {
  switch (seen.what) {
    case 'route':
      return routeChange(seen.change, seen.route, place);
    case 'rule':
      return ruleChange(seen.change, seen.rule, place);
    case 'address':
      return addressChange(seen.change, seen.address, seen.device);
  }
}

function keyOf({ cause, actor }: ChangeSeen): string {
  const { process, kernelThread } = actor;
  return `${cause?.kind}|${cause?.device?.index}|${process?.pid}|${process?.name}|${kernelThread}`;
}
