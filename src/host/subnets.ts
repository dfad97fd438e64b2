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

/** The subnets of devices, read in the background: whoever asks gets what is known by then. */
export class DeviceSubnets {
  readonly #known = new Map<number, Known>();
  #reading = false;

  /** Those of a device in a namespace; null when nothing is known of it (yet). */
  of(netns: number, device: number): readonly Prefix[] | null {
    const known = this.#known.get(netns);
    if (!known || performance.now() - known.readMs > freshMs) void this.#read(netns);
    return known?.subnets.get(device) ?? null;
  }

  /** One namespace at a time: who could not be read now is asked for again. */
  async #read(netns: number): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const place = findNamespace(netns);
      const batch = place && (await ipBatch(place, ['address show'], mostBytes));
      const links = (batch?.answers[0] ?? []) as AddressJson[];
      this.#known.set(netns, { readMs: performance.now(), subnets: subnetsOf(links) });
    } finally {
      this.#reading = false;
    }
  }
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
