/** Writes nanoseconds of CLOCK_MONOTONIC as text, second by second: {@link text}, nine digits, {@link end}. */
export interface SecondsText {
  /** Of the second that {@link within} was last asked for. */
  readonly text: string;
  readonly end: string;
  /** Nanoseconds since that second began; negative for a time that is not told with nine digits. */
  within(ns: bigint): number;
}

/** The whole text. */
export function textOf(seconds: SecondsText, ns: bigint): string {
  const within = seconds.within(ns);
  if (within < 0) return String(ns);
  return seconds.text + String(1e9 + within).slice(1) + seconds.end;
}
