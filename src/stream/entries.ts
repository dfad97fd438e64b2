import type { EntrySeen } from '../decision/neighbour/record.js';
import type { Ipv4 } from '../decision/types.js';

/** Where an entry is: namespace and device, by which and the address it is known. */
export interface EntryPlace {
  netns: { inode: number };
  device: { index: number };
}

/** Entries remembered. */
const most = 65536;
/** Devices are numbered, so that a key is a number. */
const addresses = 2 ** 32;

/** Gives each entry of each neighbour table a number. */
export class EntryKeys {
  /** Records of a storm share their device. */
  readonly #byDevice = new WeakMap<object, number>();
  readonly #byName = new Map<string, number>();
  readonly #inodes: number[] = [];

  of({ netns, device }: EntryPlace, ip: Ipv4): number {
    let place = this.#byDevice.get(device);
    if (place === undefined) {
      const name = `${netns.inode}/${device.index}`;
      place = this.#byName.get(name);
      if (place === undefined) {
        place = this.#inodes.push(netns.inode) - 1;
        this.#byName.set(name, place);
      }
      this.#byDevice.set(device, place);
    }
    return place * addresses + ip;
  }

  /** The namespace that a key is of. */
  inode(key: number): number {
    return this.#inodes[Math.floor(key / addresses)] as number;
  }
}

/** The last known state of entries, by {@link EntryKeys}, in bounded memory. */
export class KnownEntries {
  readonly #entries = new Map<number, { entry: EntrySeen; ns: bigint }>();

  get(key: number): EntrySeen | null {
    return this.#entries.get(key)?.entry ?? null;
  }

  /** @param ns when it was so: what was told by another ring may come late */
  set(key: number, entry: EntrySeen, ns: bigint): void {
    const known = this.#entries.get(key);
    if (known && known.ns > ns) return;
    this.#entries.delete(key);
    this.#entries.set(key, { entry, ns });
    if (this.#entries.size > most) this.#entries.delete(this.#entries.keys().next().value as number);
  }

  delete(key: number): void {
    this.#entries.delete(key);
  }

  keys(): Iterable<number> {
    return this.#entries.keys();
  }
}
