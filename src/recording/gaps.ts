import type { Clock } from './change-words.js';
import type { CloseEvent, RecordingHead } from './events-from-json.js';

/** A stretch of time of which the files of a host tell nothing. */
export interface Gap {
  host: string;
  fromNs: bigint;
  toNs: bigint;
  text(clock: Clock): string;
}

/** The files of one recording: they are numbered. */
interface Trace {
  trace: string;
  segment: number;
  firstNs: bigint;
  /** The last that is known of it. */
  lastNs: bigint;
  /** Before its file, until its first decision: that may have begun before the file did. */
  gap: Gap | null;
}

/** Finds what lies between the files that are read, and where two recordings of a host overlap. */
export class Gaps {
  readonly all: Gap[] = [];
  readonly #hosts = new Map<string, Trace[]>();

  /** A file begins. */
  head({ host, trace, segment }: RecordingHead, timeNs: bigint): void {
    const traces = this.#hosts.get(host) ?? [];
    this.#hosts.set(host, traces);
    const known = traces.find((one) => one.trace === trace);
    const missing = segment - (known?.segment ?? 0) - 1;
    const words = missingText(missing, host, known !== undefined);
    const gap = missing > 0 ? this.#add(host, known?.lastNs ?? null, timeNs, words) : null;
    if (!known) traces.push({ trace, segment, firstNs: timeNs, lastNs: timeNs, gap });
    else {
      known.segment = segment;
      known.gap = gap;
      if (timeNs > known.lastNs) known.lastNs = timeNs;
    }
  }

  /** @param trace the recording of a decision; absent where its head was cut away */
  decision(host: string, trace: string | undefined, timeNs: bigint): void {
    const one = this.#hosts.get(host)?.find((known) => known.trace === trace);
    if (!one) return;
    if (timeNs > one.lastNs) one.lastNs = timeNs;
    if (one.gap && timeNs < one.gap.toNs && timeNs > one.gap.fromNs) one.gap.toNs = timeNs;
    one.gap = null;
  }

  close({ host, trace }: CloseEvent, timeNs: bigint): void {
    const known = this.#hosts.get(host)?.find((one) => one.trace === trace);
    if (known && timeNs > known.lastNs) known.lastNs = timeNs;
  }

  /** Once all was read: the gaps between recordings. Returns the hosts of which two overlap. */
  finish(): string[] {
    const overlaps: string[] = [];
    for (const [host, traces] of this.#hosts) {
      const sorted = [...traces].sort((a, b) => Number(a.firstNs - b.firstNs));
      let last: Trace | null = null;
      for (const one of sorted) {
        if (last && one.firstNs < last.lastNs) overlaps.push(host);
        else if (last) this.#add(host, last.lastNs, one.firstNs, betweenText(host));
        if (!last || one.lastNs > last.lastNs) last = one;
      }
    }
    return [...new Set(overlaps)];
  }

  #add(host: string, fromNs: bigint | null, toNs: bigint, words: (between: string) => string): Gap {
    const from = fromNs ?? 0n;
    const gap: Gap = {
      ...{ host, fromNs: from, toNs },
      text(clock) {
        const until = clock(gap.toNs);
        return words(fromNs === null ? `before ${until}` : `between ${clock(from)} and ${until}`);
      },
    };
    this.all.push(gap);
    return gap;
  }
}

const missingText = (count: number, host: string, within: boolean) => (between: string) => {
  const which = count === 1 ? '1 file' : `${count} files`;
  return `${which}${within ? '' : ' at the begin'} of the recording of ${host} ${count === 1 ? 'is' : 'are'} missing: nothing is known of what was ${between}.`;
};

const betweenText = (host: string) => (between: string) => `Nothing was recorded of ${host} ${between}.`;
