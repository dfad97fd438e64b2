import { mask, parseIp } from '../decision/addresses.js';
import type { Prefix } from '../decision/types.js';
import { ipBatch } from './ip.js';
import { findNamespace } from './netns.js';

/** Addresses of a namespace are read anew after so long, when somebody asks. */
const freshMs = 30_000;
const mostBytes = 4 << 20;

interface Known {
  readMs: number;
  /** By index of the device. */
  subnets: Map<number, Prefix[]>;
}

/** Namespaces come and go: of more than so many, those that were read longest ago are forgotten. */
const mostKnown = 4096;

/** The subnets of devices, read in the background: whoever asks gets what is known by then. */
export class DeviceSubnets {
  readonly #readLinks: typeof readLinks;
  /** The one that was read longest ago first. */
  readonly #known = new Map<number, Known>();
  readonly #wanted = new Set<number>();
  #reading = false;

  constructor(read = readLinks) {
    this.#readLinks = read;
  }

  /** Those of a device in a namespace; null when nothing is known of it (yet). */
  of(netns: number, device: number): readonly Prefix[] | null {
    const known = this.#known.get(netns);
    if (!known || performance.now() - known.readMs > freshMs) {
      this.#wanted.add(netns);
      if (!this.#reading) void this.#readWanted();
    }
    return known?.subnets.get(device) ?? null;
  }

  /** One namespace at a time, each that was asked for: with many of them the last ones have their turn too. */
  async #readWanted(): Promise<void> {
    this.#reading = true;
    try {
      for (let netns = this.#next(); netns !== undefined; netns = this.#next()) {
        const subnets = subnetsOf(await this.#readLinks(netns));
        this.#known.delete(netns);
        this.#known.set(netns, { readMs: performance.now(), subnets });
        this.#wanted.delete(netns);
        const [oldest] = this.#known.keys();
        if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
      }
    } finally {
      this.#reading = false;
    }
  }

  /** One of which nothing is known comes before those that are only to be read anew. */
  #next(): number | undefined {
    let first: number | undefined;
    for (const netns of this.#wanted) {
      if (!this.#known.has(netns)) return netns;
      first ??= netns;
    }
    return first;
  }
}

async function readLinks(netns: number): Promise<AddressJson[]> {
  const place = findNamespace(netns);
  const batch = place && (await ipBatch(place, ['address show'], mostBytes));
  return (batch?.answers[0] ?? []) as AddressJson[];
}

interface AddressJson {
  ifindex?: number;
  addr_info?: { local?: string; address?: string; prefixlen?: number }[];
}

/** From what `ip -j address` prints. The prefix of a point-to-point address is that of its far end. */
export function subnetsOf(links: readonly AddressJson[]): Map<number, Prefix[]> {
  const subnets = new Map<number, Prefix[]>();
  for (const { ifindex, addr_info } of links) {
    if (ifindex === undefined) continue;
    const all = (addr_info ?? []).flatMap(({ local, address, prefixlen = 32 }) => {
      const ip = parseIp(address ?? local ?? '');
      return ip === null ? [] : [{ ip: (ip & mask(prefixlen)) >>> 0, length: prefixlen }];
    });
    subnets.set(ifindex, all);
  }
  return subnets;
}
