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

const smallest = 8;
/** A table grows before it is fuller than this. */
const mostFull = 0.75;

/**
 * Counts by address, exact up to a limit; beyond it, addresses that are new are not kept apart any more, and it says
 * so. Open addressing over typed arrays: 32 bytes a slot, nothing for the garbage collector.
 */
export class AddressTable {
  readonly #limit: number;
  readonly #budget: Budget;
  #ips = new Uint32Array(smallest);
  #counts = new Float64Array(smallest);
  #firsts = new Float64Array(smallest);
  #lasts = new Float64Array(smallest);
  #peers = new Uint32Array(smallest);
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
    const slot = this.#slotOf(ip);
    if (this.#counts[slot] !== 0) {
      (this.#counts[slot] as number) += count;
      if (firstMs < (this.#firsts[slot] as number)) this.#firsts[slot] = firstMs;
      if (now >= (this.#lasts[slot] as number)) {
        this.#lasts[slot] = now;
        this.#peers[slot] = peer;
      }
      return false;
    }
    if (this.#size >= this.#limit || this.#budget.left <= 0) {
      this.#complete = false;
      return false;
    }
    this.#put(slot, { ip, count, firstMs, lastMs: now, peer });
    this.#size++;
    this.#budget.left--;
    if (this.#size > this.#ips.length * mostFull) this.#grow();
    return true;
  }

  get(ip: Ipv4): Counted | null {
    const slot = this.#slotOf(ip);
    return this.#counts[slot] === 0 ? null : this.#at(slot);
  }

  has(ip: Ipv4): boolean {
    return this.#counts[this.#slotOf(ip)] !== 0;
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<Counted> {
    for (let slot = 0; slot < this.#ips.length; slot++) if (this.#counts[slot] !== 0) yield this.#at(slot);
  }

  /** Take over what another table counted. */
  addAll(other: AddressTable): void {
    for (const { ip, count, firstMs, lastMs, peer } of other) this.add(ip, peer, lastMs, count, firstMs);
    if (!other.complete) this.#complete = false;
  }

  /** Give back its share of the budget: it is not used any more. */
  release(): void {
    this.#budget.left += this.#size;
    this.#size = 0;
  }

  /** Where the address stands, or would stand. */
  #slotOf(ip: Ipv4): number {
    const mask = this.#ips.length - 1;
    let slot = (Math.imul(ip, 0x9e3779b1) >>> 8) & mask;
    while (this.#counts[slot] !== 0 && this.#ips[slot] !== ip) slot = (slot + 1) & mask;
    return slot;
  }

  #at(slot: number): Counted {
    return {
      ip: this.#ips[slot] as number,
      count: this.#counts[slot] as number,
      firstMs: this.#firsts[slot] as number,
      lastMs: this.#lasts[slot] as number,
      peer: this.#peers[slot] as number,
    };
  }

  #put(slot: number, { ip, count, firstMs, lastMs, peer }: Counted): void {
    this.#ips[slot] = ip;
    this.#counts[slot] = count;
    this.#firsts[slot] = firstMs;
    this.#lasts[slot] = lastMs;
    this.#peers[slot] = peer;
  }

  #grow(): void {
    const all = [...this];
    const slots = this.#ips.length * 2;
    this.#ips = new Uint32Array(slots);
    this.#counts = new Float64Array(slots);
    this.#firsts = new Float64Array(slots);
    this.#lasts = new Float64Array(slots);
    this.#peers = new Uint32Array(slots);
    for (const one of all) this.#put(this.#slotOf(one.ip), one);
  }
}
