import { isNeighbourEvent, type NeighbourEventTold } from '../neighbour/types.js';
import type { Decision, DeviceName } from '../types.js';

/** Who holds an address on a device, as the namespace there believes. */
export interface NeighbourRow {
  netns: Decision['netns'];
  device: DeviceName;
  ip: string;
  /** Null while no MAC is known. */
  mac: string | null;
  state: string | null;
  /** When this MAC took it, or the entry was seen first; nanoseconds since 1970 as text of RFC 3339. */
  since: string;
  last: string;
  /** How often it went from one MAC to another. */
  moves: number;
  /** The MAC before. */
  before: string | null;
  /** Claims by another MAC that were ignored. */
  disputed: number;
}

const mostRows = 10_000;

/** Counts what is learned by neighbour, in bounded memory: the one that was not heard of longest goes first. */
export class NeighbourTally {
  readonly #rows = new Map<string, NeighbourRow>();
  /** Rows that were given up for others. */
  dropped = 0;

  take(event: Decision | NeighbourEventTold): void {
    if (!isNeighbourEvent(event)) {
      for (const { ip, mac, state } of event.neighbours) {
        if (mac !== null) this.#holds(this.#row(event, ip), mac, state, event.time);
      }
      return;
    }
    if (event.schema === 'arpwhy.learning/1') {
      const { claim, entry, verdict } = event;
      if (!entry.met && !entry.left) return;
      const row = this.#row(event, claim.ip);
      const { left, met } = entry;
      if (met?.mac && row.mac === null) row.mac = met.mac;
      if (left?.mac) this.#holds(row, left.mac, left.state, event.time);
      if (verdict.action === 'ignored' && row.mac !== null && row.mac !== claim.mac) row.disputed++;
    } else if (event.schema === 'arpwhy.neighbour/1') {
      const { ip, is, was } = event.entry;
      const row = this.#row(event, ip);
      if (was?.mac && row.mac === null) row.mac = was.mac;
      if (is?.mac) this.#holds(row, is.mac, is.state, event.time);
      else row.state = is?.state ?? 'gone';
    } else if (event.end.outcome === 'failed') {
      this.#row(event, event.request.target.ip).state = 'failed';
    }
  }

  /** Those that moved or are disputed first, then the newest. */
  rows(): NeighbourRow[] {
    return [...this.#rows.values()].sort(
      (a, b) => b.moves - a.moves || b.disputed - a.disputed || b.last.localeCompare(a.last),
    );
  }

  #row({ netns, device, time }: Pick<Decision, 'netns' | 'device' | 'time'>, ip: string): NeighbourRow {
    const key = `${netns.inode} ${device.index} ${ip}`;
    const known = this.#rows.get(key);
    const row = known ?? {
      netns,
      device,
      ip,
      mac: null,
      state: null,
      since: time,
      last: time,
      moves: 0,
      before: null,
      disputed: 0,
    };
    row.last = time;
    this.#rows.delete(key);
    this.#rows.set(key, row);
    if (this.#rows.size > mostRows) {
      this.#rows.delete(this.#rows.keys().next().value as string);
      this.dropped++;
    }
    return row;
  }

  #holds(row: NeighbourRow, mac: string, state: string, time: string): void {
    row.state = state;
    if (row.mac === mac) return;
    if (row.mac !== null) {
      row.before = row.mac;
      row.moves++;
    }
    row.mac = mac;
    row.since = time;
  }
}
