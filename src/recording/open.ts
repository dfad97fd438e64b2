import { type DecisionFilter, noFilter } from '../decision/filter.js';
import type { RecordedEvent } from './events-from-json.js';
import { MergedReader } from './merge.js';

export interface OpenOptions {
  /** Only these decisions; what is left out asks for nothing. */
  filter?: Partial<DecisionFilter>;
  /** Wall clock, nanoseconds since 1970: from the first moment on, and before the second one. */
  fromNs?: bigint;
  toNs?: bigint;
  /** Also tell states of namespaces (`arpwhy.snapshot/1`) and names (`arpwhy.names/1`). */
  states?: boolean;
}

/** Recordings as a stream of typed events, in bounded memory. It can be read once. Parts of events are shared, and frozen. */
export class OpenRecording implements AsyncIterable<RecordedEvent> {
  readonly #reader: MergedReader;

  constructor(files: readonly string[], options: OpenOptions) {
    const { filter, ...rest } = options;
    this.#reader = new MergedReader(files, {
      ...rest,
      ...(filter ? { filter: { ...noFilter, ...filter } } : {}),
    });
  }

  /** @throws {ArpwhyError} `recording` for a file that cannot be opened, is none, or is of a later format */
  async *[Symbol.asyncIterator](): AsyncIterator<RecordedEvent> {
    for await (const batch of this.#reader.batches()) for (const { event } of batch) yield event;
  }

  /** What was damaged or cut off, a line for each file: known once everything was read. */
  problems(): string[] {
    return this.#reader.problems();
  }
}

/**
 * Open one recording, or several that are merged by wall clock; `-` is standard input. Nothing is read before it is
 * iterated.
 *
 *     for await (const event of openRecording('incident.pcapng')) {
 *       if (event.schema === 'arpwhy.decision/1') console.log(event.verdict.reason);
 *     }
 */
export function openRecording(files: string | readonly string[], options: OpenOptions = {}): OpenRecording {
  return new OpenRecording(typeof files === 'string' ? [files] : files, options);
}
