/** The middle of some measurements, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** null when nothing was measured. */
export function spread(values: readonly number[]): Spread | null {
  const [min, ...rest] = [...values].sort((a, b) => a - b);
  if (min === undefined) return null;
  const sorted = [min, ...rest];
  const at = (index: number) => sorted[index] ?? min;
  const half = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(half)) + at(Math.ceil(half))) / 2,
    min,
    max: at(sorted.length - 1),
  };
}
