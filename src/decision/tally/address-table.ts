import type { Ipv4 } from '../types.js';

/** How many addresses may be kept apart, in all tables together. */
export class Budget {
  left: number;

  constructor(addresses: number) {
    this.left = addresses;
  }
}

/** One address of a table, and what was counted of it. */
export interface Counted {
  ip: Ipv4;
  count: number;
  /** The caller's milliseconds. */
  firstMs: number;
  lastMs: number;
  /** Who stood on the other side of the last request: for a target the sender, for a sender the target. */
  peer: Ipv4;
}

/** Slots of a table that is new. */
const smallest = 4;
/** A table grows before it is fuller than this. */
const mostFull = 0.75;
/** A slot is so many numbers: address, count, first, last, peer. A count of 0 is an empty slot. */
const [width, countAt, firstAt, lastAt, peerAt] = [5, 1, 2, 3, 4] as const;

/**
 * Counts by address, exact up to a limit; beyond it, addresses that are new are not kept apart any more, and it says
 * so. Open addressing over one typed array: 40 bytes a slot, nothing for the garbage collector to walk.
 */
export class AddressTable {
  readonly #limit: number;
  readonly #budget: Budget;
  #slots = new Float64Array(smallest * width);
  #size = 0;
  #complete = true;

  constructor(limit: number, budget: Budget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Different addresses; there were more of them when it is not {@link complete}. */
  get size(): number {
    return this.#size;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** @returns true when the address is new, false when it is not, or not kept apart */
  add(ip: Ipv4, peer: Ipv4, now: number, count = 1, firstMs = now): boolean {
    const slots = this.#slots;
    const at = this.#find(ip);
    const known = slots[at + countAt] as number;
    if (known > 0) {
      slots[at + countAt] = known + count;
      if (firstMs < (slots[at + firstAt] as number)) slots[at + firstAt] = firstMs;
      if (now >= (slots[at + lastAt] as number)) {
        slots[at + lastAt] = now;
        slots[at + peerAt] = peer;
      }
      return false;
    }
    if (this.#size >= this.#limit || this.#budget.left <= 0) {
      this.#complete = false;
      return false;
    }
    this.#put(at, { ip, count, firstMs, lastMs: now, peer });
    this.#size++;
    this.#budget.left--;
    if (this.#size * width > slots.length * mostFull) this.#grow();
    return true;
  }

  get(ip: Ipv4): Counted | null {
    const at = this.#find(ip);
    return this.#slots[at + countAt] === 0 ? null : this.#at(at);
  }

  has(ip: Ipv4): boolean {
    return this.#slots[this.#find(ip) + countAt] !== 0;
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<Counted> {
    for (let at = 0; at < this.#slots.length; at += width) {
      if (this.#slots[at + countAt] !== 0) yield this.#at(at);
    }
  }

  /** Take over what another table counted. */
  addAll(other: AddressTable): void {
    for (const { ip, count, firstMs, lastMs, peer } of other) this.add(ip, peer, lastMs, count, firstMs);
    if (!other.complete) this.#complete = false;
  }

  /** Give back its share of the budget: nothing is added to it any more. */
  release(): void {
    this.#budget.left += this.#size;
    this.#size = 0;
  }

  /** Where the slot begins in which the address stands, or would stand. */
  #find(ip: Ipv4): number {
    const slots = this.#slots;
    const mask = slots.length / width - 1;
    let slot = (Math.imul(ip, 0x9e3779b1) >>> 8) & mask;
    while (slots[slot * width + countAt] !== 0 && slots[slot * width] !== ip) slot = (slot + 1) & mask;
    return slot * width;
  }

  #at(at: number): Counted {
    const slots = this.#slots;
    return {
      ip: slots[at] as number,
      count: slots[at + countAt] as number,
      firstMs: slots[at + firstAt] as number,
      lastMs: slots[at + lastAt] as number,
      peer: slots[at + peerAt] as number,
    };
  }

  #put(at: number, { ip, count, firstMs, lastMs, peer }: Counted): void {
    const slots = this.#slots;
    slots[at] = ip;
    slots[at + countAt] = count;
    slots[at + firstAt] = firstMs;
    slots[at + lastAt] = lastMs;
    slots[at + peerAt] = peer;
  }

  #grow(): void {
    const all = [...this];
    this.#slots = new Float64Array(this.#slots.length * 2);
    for (const one of all) this.#put(this.#find(one.ip), one);
  }
}
