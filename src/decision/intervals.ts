import type { Ipv4, Prefix, Snapshot } from './types.js';

/** A state with more prefixes than this is not cut up: it would take too long. */
const mostPrefixes = 50_000;

/**
 * The addresses, cut at every prefix that a decision asks about: those of routes, rules, devices and proxy neighbours
 * in a state, and those that have a meaning of their own. Two addresses of one interval lie in the same prefixes, so
 * whatever is decided by prefixes alone is decided alike for both.
 */
export class Intervals {
  /** Where intervals begin, in order. Null: each address is one of its own. */
  readonly #starts: Float64Array | null;

  /** @param snapshot null where nothing is known but what every host has */
  constructor(snapshot: Snapshot | null) {
    this.#starts = startsOf(snapshot);
  }

  /** The number of the interval that an address lies in, below 2^32. */
  of(ip: Ipv4): number {
    const starts = this.#starts;
    if (starts === null) return ip;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= ip) low = middle;
      else high = middle;
    }
    return low;
  }
}

function startsOf(snapshot: Snapshot | null): Float64Array | null {
  const starts = new Set<number>([0]);
  const cut = ({ ip, length }: Prefix) => {
    const first = length === 0 ? 0 : (ip & (-1 << (32 - length))) >>> 0;
    starts.add(first);
    starts.add(first + 2 ** (32 - length));
  };
  for (const prefix of ownMeaning) cut(prefix);
  if (snapshot !== null) {
    const { routes, rules, addresses, proxyNeighbours } = snapshot;
    let count = 0;
    for (const table of routes.values()) count += table.length;
    if (count > mostPrefixes) return null;
    for (const table of routes.values()) for (const { prefix } of table) cut(prefix);
    for (const { from, to } of rules) {
      if (from) cut(from);
      if (to) cut(to);
    }
    for (const { ip, peer, prefixLength } of addresses) {
      cut({ ip, length: 32 });
      cut({ ip: peer ?? ip, length: prefixLength });
    }
    for (const { ip } of proxyNeighbours) cut({ ip, length: 32 });
  }
  return Float64Array.from(starts).sort();
}

/** What the kernel and the verdicts know by heart (include/linux/in.h): zero, loopback, multicast, limited broadcast. */
const ownMeaning: Prefix[] = [
  { ip: 0, length: 32 },
  { ip: 0, length: 8 },
  { ip: 0x7f000000, length: 8 },
  { ip: 0xe0000000, length: 4 },
  { ip: 0xf0000000, length: 4 },
  { ip: 0xffffffff, length: 32 },
];
