import type { Clock } from './change-words.js';
import type { CloseEvent, RecordingHead } from './events-from-json.js';

/** A stretch of time of which the recordings of a host tell nothing, or tell twice. */
export interface Gap {
  fromNs: bigint;
  toNs: bigint;
  text(clock: Clock): string;
}

interface Known {
  trace: string;
  segment: number;
  /** When its file ended; null while it goes on. */
  closedNs: bigint | null;
}

/** Finds what lies between the files that are read: those of one recording are numbered, and each knows when it ended. */
export class Gaps {
  readonly all: Gap[] = [];
  readonly #hosts = new Map<string, Known>();

  /** A file begins. */
  head({ host, trace, segment }: RecordingHead, timeNs: bigint): void {
    const known = this.#hosts.get(host);
    this.#hosts.set(host, { trace, segment, closedNs: null });
    if (known?.trace === trace) {
      const missing = segment - known.segment - 1;
      if (missing > 0) this.#add(known.closedNs ?? timeNs, timeNs, missingText(missing, host));
      return;
    }
    if (segment > 1) this.#add(null, timeNs, firstMissingText(segment - 1, host));
    if (!known) return;
    if (known.closedNs === null || known.closedNs > timeNs)
      this.#add(timeNs, timeNs, () => `Two recordings of ${host} overlap: what both hold is counted twice.`);
    else this.#add(known.closedNs, timeNs, betweenText(host));
  }

  close({ host }: CloseEvent, timeNs: bigint): void {
    const known = this.#hosts.get(host);
    if (known) known.closedNs = timeNs;
  }

  #add(fromNs: bigint | null, toNs: bigint, words: (between: string) => string): void {
    const from = fromNs ?? 0n;
    const between = (clock: Clock) =>
      fromNs === null ? `before ${clock(toNs)}` : `between ${clock(from)} and ${clock(toNs)}`;
    this.all.push({ fromNs: from, toNs, text: (clock) => words(between(clock)) });
  }
}

const files = (count: number) => (count === 1 ? '1 file' : `${count} files`);

const missingText = (count: number, host: string) => (between: string) =>
  `${files(count)} of the recording of ${host} ${count === 1 ? 'is' : 'are'} missing: nothing is known of what was ${between}.`;

const firstMissingText = (count: number, host: string) => (between: string) =>
  `The first ${files(count)} of the recording of ${host} ${count === 1 ? 'is' : 'are'} missing: nothing is known of what was ${between}.`;

const betweenText = (host: string) => (between: string) => `Nothing was recorded of ${host} ${between}.`;
