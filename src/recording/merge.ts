import { ArpwhyError } from '../errors.js';
import { type Entry, FileReader, type ReadOptions } from './reader.js';

/** The files of one recording, one after another, or one file. */
class Chain {
  readonly #readers: FileReader[];
  #entries: AsyncGenerator<Entry[]>;
  #batch: Entry[] = [];
  #next = 0;
  /** Of the entry that comes next. Decisions come as they were made, which is not quite by their times. */
  timeNs = 0n;

  constructor(readers: FileReader[]) {
    this.#readers = readers;
    this.#entries = this.#read();
  }

  get head(): Entry | undefined {
    return this.#batch[this.#next];
  }

  /** All that was read but not taken. */
  rest(): Entry[] {
    const rest = this.#next === 0 ? this.#batch : this.#batch.slice(this.#next);
    this.#batch = [];
    this.#next = 0;
    return rest;
  }

  take(): Entry {
    return this.#batch[this.#next++] as Entry;
  }

  /** Make {@link head} the next entry; false at the end. */
  async fill(): Promise<boolean> {
    while (this.#next >= this.#batch.length) {
      const { value, done } = await this.#entries.next();
      if (done) return false;
      this.#batch = value;
      this.#next = 0;
    }
    const { timeNs } = this.#batch[this.#next] as Entry;
    if (timeNs > this.timeNs) this.timeNs = timeNs;
    return true;
  }

  close(): Promise<unknown> {
    return this.#entries.return(undefined);
  }

  async *#read(): AsyncGenerator<Entry[]> {
    for (const reader of this.#readers) yield* reader.batches();
  }
}

/**
 * Reads several files as one stream. The files of one recording follow each other; recordings of several hosts, or
 * several times, are merged by wall clock.
 */
export class MergedReader {
  readonly #readers: FileReader[];
  readonly #options: ReadOptions;

  /** @throws {ArpwhyError} `usage` when a file is named twice, or standard input beside others of one recording */
  constructor(paths: readonly string[], options: ReadOptions = {}) {
    const twice = paths.find((path, i) => paths.indexOf(path) !== i);
    if (twice !== undefined) throw new ArpwhyError('usage', `${twice} is named twice`);
    this.#options = options;
    this.#readers = paths.map((path) => new FileReader(path, options));
  }

  /** Decisions in all files, whether they were asked for or not. */
  get decisions(): number {
    return this.#readers.reduce((sum, { decisions }) => sum + decisions, 0);
  }

  /** Namespaces and devices of all files, where a filter was given. */
  names(): { namespaces: string[]; devices: string[] } {
    const all = this.#readers.map((reader) => reader.names());
    return {
      namespaces: [...new Set(all.flatMap(({ namespaces }) => namespaces))],
      devices: [...new Set(all.flatMap(({ devices }) => devices))],
    };
  }

  /** What could not be read, a line for each file, or is missing between them. Known once all batches were read. */
  problems(): string[] {
    const found = this.#readers.map((reader) => reader.problem()).filter((problem) => problem !== null);
    return [...found, ...this.#missing];
  }
  #missing: string[] = [];

  /** @throws {ArpwhyError} as {@link FileReader.batches} does, and `usage` where two are the same file */
  async *batches(): AsyncGenerator<Entry[]> {
    const chains = await this.#chains();
    const seen = new Set<string>();
    const fresh = (entry: Entry) => !isRepeated(entry, seen);
    try {
      let active: Chain[] = [];
      for (const chain of chains) if (await chain.fill()) active.push(chain);
      while (active.length > 1) {
        const batch: Entry[] = [];
        let first = earliest(active);
        // one turn takes what is there, up to the first that has to be read
        while (first.head && batch.length < 4096) {
          const entry = first.take();
          if (fresh(entry)) batch.push(entry);
          if (!first.head) break;
          await first.fill();
          first = earliest(active);
        }
        if (batch.length > 0) yield batch;
        if (!first.head && !(await first.fill())) active = active.filter((chain) => chain !== first);
      }
      const [last] = active;
      while (last) {
        yield last.rest().filter(fresh);
        if (!(await last.fill())) break;
      }
    } finally {
      for (const chain of chains) await chain.close();
    }
  }

  async #chains(): Promise<Chain[]> {
    if (this.#readers.length === 1) return [new Chain(this.#readers)];
    const groups = new Map<string, Segment[]>();
    for (const reader of this.#readers) {
      const head = await headOf(reader, this.#options);
      const key = head ? `${head.host} ${head.trace}` : reader.path;
      const group = groups.get(key) ?? [];
      group.push({ segment: head?.segment ?? 0, reader });
      groups.set(key, group);
    }
    return [...groups.values()].map((group) => {
      const sorted = group.sort((a, b) => a.segment - b.segment);
      for (const [i, one] of sorted.slice(1).entries()) this.#follows(sorted[i] as Segment, one);
      return new Chain(sorted.map(({ reader }) => reader));
    });
  }

  /** Files of one recording are numbered. */
  #follows(before: Segment, { segment, reader }: Segment): void {
    if (segment === before.segment) {
      const what = `${reader.path} and ${before.reader.path} are the same file of one recording`;
      throw new ArpwhyError('usage', `${what}: name it once`);
    }
    const count = segment - before.segment - 1;
    if (count === 0) return;
    this.#missing.push(
      `${count === 1 ? 'a file' : `${count} files`} of the recording ${count === 1 ? 'is' : 'are'} missing between ${before.reader.path} and ${reader.path}`,
    );
  }
}

interface Segment {
  segment: number;
  reader: FileReader;
}

function earliest(chains: Chain[]): Chain {
  let first = chains[0] as Chain;
  for (const chain of chains) if (chain.timeNs < first.timeNs) first = chain;
  return first;
}

/** The start of a trace stands in every file of it. */
function isRepeated({ event }: Entry, seen: Set<string>): boolean {
  if (event.schema !== 'arpwhy.start/1') return false;
  const key = `${event.host} ${event.monotonicNs}`;
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

/** What a file begins with. Standard input can be read once only: it is a recording of its own. */
async function headOf({ opens: path }: FileReader, options: ReadOptions): Promise<FileReader['head']> {
  if (path === '-') return null;
  const reader = new FileReader(path, options);
  for await (const _ of reader.batches()) if (reader.head) break;
  return reader.head;
}
