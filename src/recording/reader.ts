import type { Readable } from 'node:stream';
import { type DecisionFilter, passes, passesNetns } from '../decision/filter.js';
import { passesNeighbour } from '../decision/neighbour/filter.js';
import type { Decision } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import { Bases, type Told } from './bases.js';
import { BriefFilter } from './brief.js';
import { EventReader } from './event-reader.js';
import type { CloseEvent, RecordedEvent, RecordingHead } from './events-from-json.js';
import { formatMajor, mostJsonBytes, mostParts } from './format.js';
import { briefIn, isBase, isWhole, type Parts, partsOf, tagText } from './message.js';
import { BlockScanner, type Packet } from './scanner.js';
import { openSource, type Source } from './source.js';

/** One thing that a recording tells. */
export interface Entry {
  /** Wall clock of the host that recorded it, nanoseconds since 1970. */
  timeNs: bigint;
  event: RecordedEvent;
  /** The event, byte for byte as it was told: JSON on one line, in UTF-8. It keeps a chunk of the file alive. */
  readonly bytes: Buffer;
  /** The recording that it is of, as its head names it; absent where that was cut away. */
  readonly trace?: string;
  /** Of a decision, where it was asked for: what it was made from. */
  evidence: { record: Buffer | null; firstRecord: Buffer | null; json: string | null } | null;
}

export interface ReadOptions {
  /** Of decisions. */
  filter?: DecisionFilter;
  /** Wall clock: decisions, changes and losses from the first moment on, and before the second one. */
  fromNs?: bigint;
  toNs?: bigint;
  /** Also tell the states of namespaces, and names. */
  states?: boolean;
  /** Also hand out what decisions were made from. */
  evidence?: boolean;
  /** Read instead of process.stdin for `-`. */
  stdin?: Readable;
}

/** Reads one file, in bounded memory: entries come in the order in which they were recorded, a batch at a time. */
export class FileReader {
  /** For messages. */
  readonly path: string;
  /** As it was given: `-` is standard input. */
  readonly opens: string;
  readonly #options: ReadOptions;
  readonly #scanner: BlockScanner;
  readonly #brief: BriefFilter | null;
  readonly #events = new EventReader();
  readonly #bases = new Bases((json) => this.#events.read(json));
  #parts: { parts: Parts; count: number; bytes: Buffer[] } | null = null;
  /** The last decision that was begun was not asked for: its other parts are not, either. */
  #passedOver = false;
  #head: RecordingHead | null = null;
  #close: CloseEvent | null = null;
  /** Decisions in the file, whether they were asked for or not. */
  decisions = 0;
  #segmentDecisions = 0;
  #missing = 0;
  /** Decisions that stand there more than once, or are of another file. */
  #extra = 0;
  /** Recordings in it that another one follows, and that have no end. */
  #endless = 0;
  #source: Source | null = null;

  constructor(path: string, options: ReadOptions = {}) {
    this.path = path === '-' ? 'standard input' : path;
    this.opens = path;
    this.#options = options;
    this.#scanner = new BlockScanner(this.path);
    const { filter } = options;
    const asks = filter && Object.values(filter).some((list) => list.length > 0);
    this.#brief = asks ? new BriefFilter(filter) : null;
  }

  /**
   * @throws {ArpwhyError} `recording` when it cannot be opened, is no recording, or is of a later format. What is
   * damaged is passed over: {@link problem} tells of it at the end.
   */
  async *batches(): AsyncGenerator<Entry[]> {
    this.#source = await openSource(this.opens, this.#options.stdin);
    for await (const chunk of this.#source.chunks) {
      const batch = this.#read(this.#scanner.push(chunk));
      if (batch.length > 0) yield batch;
    }
    const last = this.#read(this.#scanner.end());
    if (last.length > 0) yield last;
    if (!this.#scanner.found) {
      throw new ArpwhyError(
        'recording',
        `${this.path} is pcapng, but no recording of arpwhy: it holds none of its decisions`,
      );
    }
  }

  /** What the file begins with; null when that was cut away, or has not been read yet. */
  get head(): RecordingHead | null {
    return this.#head;
  }

  /** In one line, what could not be read; null when it was whole. Known once all batches were read. */
  problem(): string | null {
    const { damages, damaged } = this.#scanner;
    const failure = this.#source?.failure() ?? null;
    const [first] = damages;
    if (failure) return `${this.path} is damaged: ${failure}; all decisions before that were read`;
    if (first) {
      const more = damaged > 1 ? `, and ${damaged - 1} more like it` : '';
      const cut = damaged === 1 && !this.#close && first.what.endsWith('within a block');
      const state = cut ? 'was cut off' : 'is damaged';
      return `${this.path} ${state}: ${first.what}, at byte ${first.offset}${more}; all whole decisions were read`;
    }
    if (this.#endless > 0) {
      const many = this.#endless === 1 ? 'a recording' : `${this.#endless} recordings`;
      return `${this.path} holds ${many} without an end, before the next one begins: whoever wrote ${this.#endless === 1 ? 'it' : 'them'} was killed; all whole decisions were read`;
    }
    if (this.#extra + this.#missing > 0) {
      const parts = [
        this.#extra > 0
          ? `${this.#extra} decisions more than its end says: some stand there twice, or are of another recording`
          : '',
        this.#missing > 0
          ? `${this.#missing} decisions less than its end says: they were taken out, or damaged`
          : '',
      ];
      return `${this.path} holds ${parts.filter((part) => part !== '').join('; and elsewhere ')}`;
    }
    if (!this.#close) {
      return `${this.path} has no end: whoever wrote it was killed, or writes it still; all whole decisions were read`;
    }
    return null;
  }

  /** Namespaces and devices of the decisions that were read, where a filter was given. */
  names(): { namespaces: string[]; devices: string[] } {
    return this.#brief?.names() ?? { namespaces: [], devices: [] };
  }

  #read(packets: Iterable<Packet>): Entry[] {
    const batch: Entry[] = [];
    for (const packet of packets) {
      const brief = briefIn(packet.data);
      if (brief) {
        this.decisions++;
        this.#segmentDecisions++;
        if ((this.#brief && !this.#brief.passes(brief)) || !this.#inTime(packet)) {
          this.#passedOver = true;
          if (isBase(packet.data, brief)) this.#partsOf(packet);
          else if (!isWhole(packet.data)) this.#spoiled(packet, 'a packet whose checksum does not fit');
          continue;
        }
      }
      const entry = this.#entry(packet);
      if (entry) batch.push(entry);
    }
    return batch;
  }

  #inTime({ timeNs }: Packet): boolean {
    const { fromNs, toNs } = this.#options;
    return (fromNs === undefined || timeNs >= fromNs) && (toNs === undefined || timeNs < toNs);
  }

  #entry(packet: Packet): Entry | null {
    const parts = this.#partsOf(packet);
    if (!parts) return null;
    const whole = parts.part ? this.#join(packet, parts) : { parts, json: parts.json };
    if (!whole) return null;
    try {
      if (parts.alike !== null) return this.#toldByAnother(packet, parts);
      return this.#told(packet, whole.parts, whole.json);
    } catch (error) {
      if (error instanceof ArpwhyError) throw error;
      return this.#spoiled(packet, `an event that is none (${(error as Error).message})`);
    }
  }

  /** The packet taken apart; a decision that others refer to is remembered. */
  #partsOf(packet: Packet): Parts | null {
    const parts = partsOf(packet.data, this.#options.evidence ?? false);
    if (!parts) return this.#spoiled(packet, 'a packet whose checksum does not fit');
    if (parts.base !== null) this.#bases.keep(parts);
    return parts;
  }

  #toldByAnother(packet: Packet, parts: Parts): Entry | null {
    const told = this.#bases.tell(parts);
    if (!told) return this.#spoiled(packet, 'a decision that is told by another one, which is missing');
    const { filter, evidence } = this.#options;
    if (filter && !passes(told.decision, filter)) return null;
    return new ToldEntry(packet.timeNs, told, evidence ?? false, this.#head?.trace);
  }

  /** A message in several packets is whole with the last one. */
  #join(packet: Packet, parts: Parts): { parts: Parts; json: Buffer } | null {
    const { index, count } = parts.part as { index: number; count: number };
    // the first part alone bears the other tags
    if (index === 0) {
      this.#parts = { parts: copied(parts), count, bytes: [] };
      this.#passedOver = false;
    } else if (this.#passedOver) return null;
    const joined = this.#parts;
    const fits = count <= mostParts && parts.json.length <= mostJsonBytes;
    if (!joined || joined.bytes.length !== index || joined.count !== count || !fits) {
      this.#parts = null;
      return this.#spoiled(packet, 'a part of a message whose other parts are missing');
    }
    joined.bytes.push(Buffer.from(parts.json));
    if (index + 1 < count) return null;
    this.#parts = null;
    return { parts: joined.parts, json: Buffer.concat(joined.bytes) };
  }

  #told(packet: Packet, parts: Parts, bytes: Buffer): Entry | null {
    const { states, evidence, filter } = this.#options;
    if (!states && isState(bytes)) return null;
    const event = this.#events.read(bytes);
    if (!event) return null;
    switch (event.schema) {
      case 'arpwhy.recording/1':
        this.#begin(event);
        break;
      case 'arpwhy.close/1':
        this.#close = event;
        if (this.#head?.segment === event.segment) {
          this.#missing += Math.max(0, event.decisions - this.#segmentDecisions);
          this.#extra += Math.max(0, this.#segmentDecisions - event.decisions);
        }
        break;
      case 'arpwhy.decision/1':
        if (filter && !passes(event, filter)) return null;
        break;
      case 'arpwhy.learning/1':
      case 'arpwhy.solicitation/1':
      case 'arpwhy.neighbour/1':
        if (!this.#inTime(packet)) return null;
        if (filter && !passesNeighbour(event, filter)) return null;
        break;
      case 'arpwhy.change/1':
        if (!this.#inTime(packet)) return null;
        if (filter && !passesNetns(filter, event.netns.name, event.netns.inode)) return null;
        break;
      case 'arpwhy.lost/1':
        if (!this.#inTime(packet)) return null;
        break;
    }
    return {
      timeNs: packet.timeNs,
      event,
      bytes,
      ...(this.#head ? { trace: this.#head.trace } : {}),
      evidence:
        evidence && event.schema === 'arpwhy.decision/1'
          ? {
              record: parts.record && Buffer.from(parts.record),
              firstRecord: parts.firstRecord && Buffer.from(parts.firstRecord),
              json: parts.evidence && tagText(parts.evidence),
            }
          : null,
    };
  }

  #begin(head: RecordingHead): void {
    const major = Number(/^\d+/.exec(head.format)?.[0] ?? Number.NaN);
    if (!(major <= formatMajor)) {
      throw new ArpwhyError(
        'recording',
        `${this.path} is of format ${head.format}, made by arpwhy ${head.version}, and this one reads up to ${formatMajor}: install a newer arpwhy`,
      );
    }
    if (this.#head && !this.#close) this.#endless++;
    this.#head = head;
    this.#bases.clear();
    this.#close = null;
    this.#segmentDecisions = 0;
  }

  #spoiled(packet: Packet, what: string): null {
    this.#scanner.spoiled(packet, what);
    return null;
  }
}

/** Most readers have no use for the text. */
class ToldEntry implements Entry {
  readonly timeNs: bigint;
  readonly event: Decision;
  readonly evidence: Entry['evidence'];
  readonly trace?: string;
  readonly #told: Told;

  constructor(timeNs: bigint, told: Told, evidence: boolean, trace: string | undefined) {
    this.timeNs = timeNs;
    if (trace !== undefined) this.trace = trace;
    this.event = told.decision;
    this.#told = told;
    this.evidence = evidence
      ? { record: told.record, firstRecord: null, json: told.evidence && tagText(told.evidence) }
      : null;
  }

  get bytes(): Buffer {
    return this.#told.bytes();
  }
}

/** Tags of a chunk that will be gone. */
function copied(parts: Parts): Parts {
  const copy = (bytes: Buffer | null) => bytes && Buffer.from(bytes);
  return {
    ...parts,
    record: copy(parts.record),
    firstRecord: copy(parts.firstRecord),
    evidence: copy(parts.evidence),
  };
}

const stateHeads = ['{"schema":"arpwhy.snapshot/1"', '{"schema":"arpwhy.names/1"'];

const kindAt = '{"schema":"arpwhy.'.length;
const decisionKind = 'd'.charCodeAt(0);

/** Seen without parsing: states can be large, and most readers do not want them. */
function isState(json: Buffer): boolean {
  // decisions are most of what there is
  if (json[kindAt] === decisionKind) return false;
  return stateHeads.some((head) => json.toString('latin1', 0, head.length) === head);
}
