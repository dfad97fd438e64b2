/** Bars at most; with more, two become one. */
const mostBars = 240;

/** Counts by kind over time, in bars that grow wider as the time does: bounded, however long a recording is. */
export class Timeline {
  /** Width of a bar. */
  widthNs = 100_000_000n;
  /** Where the first bar begins. */
  startNs: bigint | null = null;
  readonly bars: Map<string, number>[] = [];

  add(kind: string, timeNs: bigint): void {
    this.startNs ??= timeNs;
    while (timeNs < this.startNs) {
      // a merge may bring something a little earlier
      this.startNs -= this.widthNs;
      this.bars.unshift(new Map());
      this.#widen();
    }
    let bar = Number((timeNs - this.startNs) / this.widthNs);
    while (bar >= mostBars) {
      this.#halve();
      bar = Number((timeNs - this.startNs) / this.widthNs);
    }
    while (this.bars.length <= bar) this.bars.push(new Map());
    const counts = this.bars[bar] as Map<string, number>;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }

  #widen(): void {
    while (this.bars.length > mostBars) this.#halve();
  }

  #halve(): void {
    for (let i = 0; 2 * i < this.bars.length; i++) {
      const both = new Map(this.bars[2 * i]);
      for (const [kind, count] of this.bars[2 * i + 1] ?? []) both.set(kind, (both.get(kind) ?? 0) + count);
      this.bars[i] = both;
    }
    this.bars.length = Math.ceil(this.bars.length / 2);
    this.widthNs *= 2n;
  }
}
