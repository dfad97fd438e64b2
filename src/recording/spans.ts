/** Stretches of time, to find whether one of them covers another. */
export class Spans {
  /** By their beginnings; the latest end of each and all before it. */
  readonly #firsts: bigint[] = [];
  readonly #ends: bigint[] = [];

  constructor(spans: readonly { firstNs: bigint; lastNs: bigint }[]) {
    let end = 0n;
    for (const { firstNs, lastNs } of [...spans].sort((a, b) => Number(a.firstNs - b.firstNs))) {
      if (lastNs > end) end = lastNs;
      this.#firsts.push(firstNs);
      this.#ends.push(end);
    }
  }

  cover(from: bigint, to: bigint): boolean {
    let [low, high] = [0, this.#firsts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#firsts[middle] as bigint) <= from) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (this.#ends[low - 1] as bigint) >= to;
  }
}
