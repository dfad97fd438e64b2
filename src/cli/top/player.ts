import { basename } from 'node:path';
import type { DecisionFilter } from '../../decision/filter.js';
import { subnetsOfDevice } from '../../decision/subnets.js';
import type { Decision, Prefix } from '../../decision/types.js';
import { ArpwhyError } from '../../errors.js';
import type { RecordedEvent, SnapshotEvent } from '../../recording/events-from-json.js';
import { MergedReader } from '../../recording/merge.js';
import type { StartEvent, StreamEvent } from '../../stream/events.js';
import type { Moment, Player, TopSource } from './source.js';

/** Events are told together that came within so long: rates and what is new are as exact as that. */
const stepMs = 250;
const slowest = 1 / 4;
const fastest = 1024;

/** Recordings as a source of events: played as fast as they were recorded, or faster, or to be read at once. */
export class RecordingPlayer implements TopSource, Player {
  readonly start: StartEvent;
  readonly recording: string;
  readonly #files: readonly string[];
  readonly #filter: DecisionFilter | null;
  readonly #firstMs: number;
  #reader: MergedReader;
  /** The time of the recording at #anchor; it goes on from there by itself while it plays. */
  #positionMs: number;
  #anchor = performance.now();
  #speed = 1;
  #playing = true;
  /** All was read; the end of the recording then. */
  #endMs: number | null = null;
  #lastMs: number;
  /** It has read all up to where it is. */
  #waiting = false;
  #rewound = false;
  #stopped = false;
  #wake: () => void = () => {};
  #decisions = 0;
  #lost = 0;
  readonly #subnets = new Map<string, readonly Prefix[]>();

  /**
   * @param filter null for all that is recorded
   * @throws {ArpwhyError} `recording` when there is nothing in it, or it cannot be read
   */
  static async open(
    files: readonly string[],
    { filter, paced }: { filter: DecisionFilter | null; paced: boolean },
  ): Promise<RecordingPlayer> {
    for await (const batch of new MergedReader(files).batches()) {
      for (const { event, timeNs } of batch) {
        if (event.schema === 'arpwhy.start/1') {
          return new RecordingPlayer(files, filter, paced, event, millisecondsOf(timeNs));
        }
      }
    }
    throw new ArpwhyError(
      'recording',
      `${files.join(', ')}: its beginning is missing, so it cannot be played`,
    );
  }

  private constructor(
    files: readonly string[],
    filter: DecisionFilter | null,
    paced: boolean,
    start: StartEvent,
    firstMs: number,
  ) {
    this.#files = files;
    this.#filter = filter;
    this.recording = files.length === 1 ? basename(files[0] ?? '') : `${files.length} files`;
    this.start = start;
    this.#firstMs = firstMs;
    this.#lastMs = firstMs;
    this.#positionMs = paced ? firstMs : Number.POSITIVE_INFINITY;
    this.#reader = this.#makeReader();
  }

  get player(): Player {
    return this;
  }

  get rewound(): boolean {
    return this.#rewound && !this.#stopped;
  }

  /** What could not be read, a line for each file. */
  problems(): string[] {
    return this.#endMs === null ? [] : this.#reader.problems();
  }

  seen(): number {
    return this.#decisions + this.#lost;
  }

  now(): number {
    // while it is read up to where it was wound to, it is as far as it was read
    return this.#waiting ? this.#position() : Math.min(this.#position(), this.#lastMs);
  }

  wallMs(): number {
    return this.now();
  }

  behindMs(): number {
    return 0;
  }

  subnets({ host, netns, device }: Decision): readonly Prefix[] | null {
    return this.#subnets.get(subnetKey(host, netns.inode, device.index)) ?? null;
  }

  state(): string {
    if (this.#endMs !== null) return 'END';
    const speed = this.#speed === 1 ? '' : ` ${this.#speed}x`;
    return `${this.#playing ? 'PLAYING' : 'PAUSED'}${speed}`;
  }

  toggle(): void {
    this.#settle();
    // what is at its end begins again
    const ended = this.#endMs !== null;
    if (ended) this.seek(Number.NEGATIVE_INFINITY);
    this.#playing = ended || !this.#playing;
    this.#wake();
  }

  accelerate(factor: number): void {
    this.#settle();
    this.#speed = Math.min(fastest, Math.max(slowest, this.#speed * factor));
    this.#wake();
  }

  seek(ms: number): void {
    this.#settle();
    this.#waiting = false;
    const to = Math.max(this.#firstMs, this.#positionMs + ms);
    this.#positionMs = to;
    if (ms < 0) {
      this.#endMs = null;
      this.#rewound = true;
    }
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async *moments(): AsyncGenerator<Moment> {
    this.#begin();
    let events: StreamEvent[] = [];
    let sinceMs = Number.NEGATIVE_INFINITY;
    const told = () => {
      const moment = { now: this.#lastMs, events };
      events = [];
      return moment;
    };
    for await (const batch of this.#reader.batches()) {
      for (const { event, timeNs } of batch) {
        const ms = millisecondsOf(timeNs);
        if (this.#isAhead(ms) || ms - sinceMs > stepMs) {
          if (events.length > 0) yield told();
          sinceMs = ms;
        }
        while (this.#isAhead(ms)) await this.#wait(ms);
        if (this.#stopped || this.#rewound) return;
        if (event.schema === 'arpwhy.snapshot/1') this.#learn(event);
        if (!isStreamEvent(event)) continue;
        this.#lastMs = Math.max(this.#lastMs, ms);
        if (event.schema === 'arpwhy.decision/1' && event.verdict.action !== 'deferred') this.#decisions++;
        else if (event.schema === 'arpwhy.lost/1') this.#lost += event.count;
        events.push(event);
      }
      if (events.length > 0) yield told();
    }
    this.#endMs = this.#lastMs;
    if (!Number.isFinite(this.#positionMs)) return;
    while (!this.#stopped && !this.#rewound) await this.#wait(Number.POSITIVE_INFINITY);
  }

  #begin(): void {
    if (this.#rewound) this.#reader = this.#makeReader();
    this.#rewound = false;
    this.#endMs = null;
    this.#lastMs = this.#firstMs;
    this.#decisions = 0;
    this.#lost = 0;
  }

  #makeReader(): MergedReader {
    return new MergedReader(this.#files, {
      states: true,
      ...(this.#filter ? { filter: this.#filter } : {}),
    });
  }

  #isAhead(ms: number): boolean {
    if (this.#stopped || this.#rewound || !Number.isFinite(this.#positionMs)) return false;
    return ms > this.#position();
  }

  /** Until the recording has come there, or somebody winds it. */
  async #wait(ms: number): Promise<void> {
    const left = this.#playing ? (ms - this.#position()) / this.#speed : Number.POSITIVE_INFINITY;
    this.#waiting = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(left, 1000));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#waiting = false;
  }

  #position(): number {
    if (this.#endMs !== null) return this.#endMs;
    const passed = this.#playing ? (performance.now() - this.#anchor) * this.#speed : 0;
    return this.#positionMs + passed;
  }

  /** From here on it goes on anew. */
  #settle(): void {
    this.#positionMs = this.#position();
    this.#anchor = performance.now();
  }

  #learn({ host, netns, snapshot }: SnapshotEvent): void {
    for (const { index } of snapshot.links.values()) {
      this.#subnets.set(subnetKey(host, netns.inode, index), subnetsOfDevice(snapshot, index));
    }
  }
}

function subnetKey(host: string, netns: number, device: number): string {
  return `${host} ${netns} ${device}`;
}

function millisecondsOf(ns: bigint): number {
  return Number(ns / 1000n) / 1000;
}

function isStreamEvent(event: RecordedEvent): event is Extract<RecordedEvent, StreamEvent> {
  return !['arpwhy.recording/1', 'arpwhy.close/1', 'arpwhy.snapshot/1', 'arpwhy.names/1'].includes(
    event.schema,
  );
}
