import { release } from 'node:os';
import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision, Link, Pass, Snapshot } from '../decision/types.js';
import { Clock } from '../host/clock.js';
import type { LinkNotice } from '../host/link-monitor.js';
import type { IprouteNames } from '../host/names.js';
import { recordVersion } from '../kernel/layout.js';
import { version } from '../package-root.js';
import { mostChanges } from '../stream/changes.js';
import type { ChangeEvent, EndEvent, LostEvent, StartEvent } from '../stream/events.js';
import type { Evidence, State, StreamTap } from '../stream/tap.js';
import { shortJson } from './alike.js';
import { BlockWriter, type Message } from './blocks.js';
import { briefOf } from './brief.js';
import type { RecordingFiles } from './files.js';
import { formatMajor, formatMinor, interfaceName, linkType, tag } from './format.js';
import { replyFrame, requestFrame } from './frames.js';
import { DecisionImage, Images, mayRepeat } from './image.js';
import { matchesToJson, snapshotToJson } from './snapshot-json.js';
import { type Inferred, StateChanges } from './state-changes.js';
import { neighbourInfo, verdictInfo, verdictLines } from './verdict-lines.js';

/** When a new file is begun. */
export type Rotation = { bytes: number } | { ms: number } | null;

/** Blocks are handed to the disk when there are so many bytes of them, or this often. */
const chunkBytes = 1 << 20;
const flushMs = 200;
/** A decision that is told by another one takes no more, mostly. */
const shortBytes = 2048;
/** Deferrals whose decision has not come: more than the kernel side can hold were lost. */
const mostDeferred = 16384;

/**
 * Writes what a live stream tells into files: frames, decisions with what they were made from, the states of
 * namespaces and what changed in them, losses, and the end. Each file can be read without the others.
 */
export class Recorder implements StreamTap {
  readonly #files: RecordingFiles;
  readonly #rotation: Rotation;
  readonly #command: string;
  readonly #beganNs: bigint | null;
  readonly #ownNs: bigint | null;
  #blocks = new BlockWriter(chunkBytes + (1 << 18));
  readonly #timer: NodeJS.Timeout;
  #start: StartEvent | null = null;
  #clock = new Clock(0n);
  #trace = '';
  /** Of this file. */
  #segment = 1;
  #segmentBytes = 0;
  #segmentSince = performance.now();
  #segmentDecisions = 0;
  #interfaces = new Map<string, number>();
  readonly #written = new Set<string>();
  /** Of the whole recording. */
  #decisions = 0;
  #packets = 0;
  #changes = 0;
  readonly #snapshotIds = new WeakMap<object, string>();
  #snapshots = 0;
  readonly #states = new Map<number, { state: State; id: string }>();
  readonly #stateChanges = new StateChanges();
  readonly #nameIds = new WeakMap<IprouteNames, { id: string; json: string }>();
  readonly #latestNames = new Map<number, { id: string; json: string }>();
  #names = 0;
  readonly #deferred = new Set<string>();
  /** Of decisions that may be told again. */
  readonly #images = new Images();
  #evidence: { key: string; json: string } = { key: '', json: '' };

  /**
   * @param options.beganNs CLOCK_MONOTONIC of what comes first, where that lies in the past
   * @param options.ownNs the same of when it is made, where a trace is recorded more than once: that tells them apart
   */
  constructor(
    files: RecordingFiles,
    options: { rotation: Rotation; command: string; beganNs?: bigint; ownNs?: bigint },
  ) {
    this.#beganNs = options.beganNs ?? null;
    this.#ownNs = options.ownNs ?? null;
    this.#files = files;
    this.#rotation = options.rotation;
    this.#command = options.command;
    this.#timer = setInterval(() => this.#flush(), flushMs);
  }

  get congested(): boolean {
    return this.#files.congested;
  }

  /** Decisions recorded so far. */
  get decisions(): number {
    return this.#decisions;
  }

  start(start: StartEvent): void {
    this.#start = start;
    this.#clock = new Clock(BigInt(start.clockOffsetNs));
    this.#trace = (this.#ownNs ?? BigInt(start.monotonicNs)).toString(36);
    this.#begin();
  }

  /** What hooks saw: told as it is, and not a second time by the next state. */
  change(event: ChangeEvent): void {
    this.#stateChanges.seen(event);
    this.#writeChange(event);
  }

  state(state: State): void {
    const id = this.#idOf(state.snapshot);
    this.#states.set(state.netns.inode, { state, id });
    this.#namesId(state.netns, state.names);
    this.#writeSnapshot(state, id);
    for (const inferred of this.#stateChanges.state(state)) this.#infer(inferred);
  }

  link(netns: State['netns'], notice: LinkNotice, heldNs: bigint | null): void {
    const inferred = this.#stateChanges.link(netns, notice, heldNs);
    if (inferred) this.#infer(inferred);
  }

  #infer({ netns, changes, fromNs, seenNs }: Inferred): void {
    this.#writeChange({
      schema: 'arpwhy.change/1',
      id: `${this.#trace}-c${++this.#changes}`,
      host: this.#start?.host ?? '',
      time: this.#clock.format(seenNs),
      monotonicNs: seenNs.toString(),
      fromNs: fromNs.toString(),
      netns,
      evidence: 'inferred',
      cause: null,
      process: null,
      kernelThread: null,
      changes: changes.slice(0, mostChanges),
      more: Math.max(0, changes.length - mostChanges),
      flushed: [],
      lost: 0,
    });
  }

  #writeChange(event: ChangeEvent): void {
    const [first] = event.changes;
    const info = `change: ${first?.change} ${first?.text}`;
    this.#message(BigInt(event.monotonicNs), JSON.stringify(event), info);
  }

  decision(decision: Decision, evidence: Evidence): void {
    this.#rotateInTime();
    const packetId = ++this.#packets;
    const image = this.#images.of(decision, evidence);
    if (image?.serves(decision, evidence, this.#segment)) this.#again(image, decision, evidence, packetId);
    else {
      // its number goes to another decision
      if (image) this.#images.forget(decision, evidence);
      this.#blocksOf(decision, evidence, packetId, image?.number ?? null);
    }
    this.#decisions++;
    this.#segmentDecisions++;
    if (this.#blocks.length >= chunkBytes) this.#flush();
  }

  #again(image: DecisionImage, decision: Decision, { request }: Evidence, packetId: number): void {
    const { pass } = request;
    const { offsetNs } = this.#clock;
    const decidedNs = (pass.startNs ?? pass.endNs) + offsetNs;
    this.#blocks.again(image, {
      decision,
      pass,
      packetId,
      cameNs: decidedNs,
      replyNs: (pass.reply?.ns ?? 0n) + offsetNs,
      decidedNs,
    });
  }

  /** @param before the number of the one that it is told by no more, whose place it takes */
  #blocksOf(decision: Decision, evidence: Evidence, packetId: number, before: number | null): void {
    const { pass, first } = evidence.request;
    // what a decision refers to stands before it, in the same file
    const known = this.#evidenceOf(decision, evidence);
    const device = this.#interfaceOf(decision);
    const number = !first && mayRepeat(decision, evidence) ? (before ?? this.#images.next()) : null;
    const start = this.#blocks.length;
    this.#frames(decision, pass, first, device, packetId);
    const framesEnd = this.#blocks.length;
    const brief = [tag.brief, briefOf(decision)] as const;
    const tags: [number, Uint8Array | string][] = [[...brief]];
    if (number !== null) tags.push([tag.base, u16(number)]);
    if (pass.record) tags.push([tag.record, pass.record]);
    if (first?.record) tags.push([tag.firstRecord, first.record]);
    tags.push([tag.evidence, known]);
    const message = this.#messageOf(decision, pass, packetId);
    const json = JSON.stringify(decision);
    this.#blocks.message(0, { ...message, json, tags });
    if (number === null || !pass.ownRecord) return;
    const short = new BlockWriter(shortBytes);
    short.message(0, {
      ...message,
      json: shortJson(decision, decision.id),
      tags: [brief, [tag.alike, u16(number)], [tag.record, pass.ownRecord]],
    });
    const whole = this.#blocks.since(start);
    const frames = whole.subarray(0, framesEnd - start);
    const blocks = { whole, json, short: Buffer.concat([frames, short.take()]) };
    const image = DecisionImage.of(blocks, decision, evidence, { file: this.#segment, number });
    if (image) this.#images.keep(image, decision, evidence);
  }

  #messageOf(decision: Decision, pass: Pass, packetId: number): Omit<Message, 'json'> {
    const { frame } = pass;
    const named = decision.request.target.ip !== null;
    return {
      timeNs: (pass.startNs ?? pass.endNs) + this.#clock.offsetNs,
      info: verdictInfo(decision),
      packetId,
      ...(named ? { sender: frame.senderIp, target: frame.targetIp } : {}),
    };
  }

  neighbour(event: NeighbourEventTold): void {
    this.#message(BigInt(event.monotonicNs), JSON.stringify(event), neighbourInfo(event));
    if (this.#blocks.length >= chunkBytes) this.#flush();
  }

  lost(event: LostEvent): void {
    this.#message(
      BigInt(event.toNs),
      JSON.stringify(event),
      `${event.count} ${event.where === 'ring' ? 'requests' : 'records of neighbours'} lost: the ring was full`,
    );
  }

  end(event: EndEvent): void {
    this.#message(BigInt(event.monotonicNs), JSON.stringify(event), `the end: ${event.why}`);
    this.#closeSegment('end');
  }

  /** Write what is left, and sync it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#files.close();
  }

  /** What every file begins with: whose it is, and the states that its decisions were made in. */
  #begin(): void {
    const start = this.#start as StartEvent;
    this.#segmentSince = performance.now();
    this.#segmentDecisions = 0;
    this.#segmentBytes = 0;
    this.#interfaces = new Map();
    this.#written.clear();
    this.#blocks.section(
      `arpwhy ${version}`,
      `Linux ${release()}`,
      `a recording of arpwhy, format ${formatMajor}.${formatMinor}: arpwhy replay and arpwhy report read it`,
    );
    this.#blocks.interface(
      linkType.upperPdu,
      interfaceName,
      `what arpwhy on ${start.host} saw and decided, as JSON`,
    );
    const now = this.#beganNs ?? process.hrtime.bigint();
    const about = {
      schema: 'arpwhy.recording/1',
      format: `${formatMajor}.${formatMinor}`,
      version,
      host: start.host,
      trace: this.#trace,
      segment: this.#segment,
      time: this.#clock.format(now),
      recordVersion,
      command: this.#command,
    };
    this.#message(now, JSON.stringify(about), `recording of ${start.host}, file ${this.#segment}`);
    this.#message(BigInt(start.monotonicNs), JSON.stringify(start), `the start: ${start.tier} tier`);
    for (const [inode, { state, id }] of this.#states) {
      const names = this.#latestNames.get(inode);
      if (names) this.#writeNames(state.netns, names);
      this.#writeSnapshot(state, id);
    }
  }

  #closeSegment(why: 'end' | 'rotated'): void {
    const now = process.hrtime.bigint();
    const close = {
      schema: 'arpwhy.close/1',
      host: this.#start?.host,
      trace: this.#trace,
      segment: this.#segment,
      time: this.#clock.format(now),
      why,
      decisions: this.#segmentDecisions,
    };
    this.#message(now, JSON.stringify(close), `the end of file ${this.#segment}: ${why}`);
  }

  #rotateInTime(): void {
    if (!this.#rotation || !this.#start || this.#segmentDecisions === 0) return;
    const due =
      'bytes' in this.#rotation
        ? this.#segmentBytes + this.#blocks.length >= this.#rotation.bytes
        : performance.now() - this.#segmentSince >= this.#rotation.ms;
    if (!due) return;
    this.#closeSegment('rotated');
    this.#flush();
    this.#files.next();
    this.#segment++;
    this.#begin();
  }

  #flush(): void {
    if (this.#blocks.length > 0) {
      this.#segmentBytes += this.#blocks.length;
      this.#files.write(this.#blocks.take(this.#files.spare()));
    }
    this.#files.tick();
  }

  #frames(decision: Decision, pass: Pass, first: Pass | null, device: number, packetId: number): void {
    const comments = verdictLines(decision);
    const told = this.#deferred.delete(decision.id);
    if (decision.verdict.action === 'deferred') {
      this.#deferred.add(decision.id);
      if (this.#deferred.size > mostDeferred) this.#deferred.delete([...this.#deferred][0] as string);
    }
    const asked = first ?? pass;
    if (!told && asked.record) {
      const came = first?.startNs ?? pass.firstNs ?? pass.startNs ?? pass.endNs;
      const bytes = requestFrame(asked, asked.record);
      this.#blocks.frame(device, came + this.#clock.offsetNs, bytes, 1, packetId, comments);
    }
    const { reply } = pass;
    if (decision.reply && reply) {
      const bytes = replyFrame(pass, reply.mac);
      this.#blocks.frame(device, reply.ns + this.#clock.offsetNs, bytes, 2, packetId, comments);
    }
  }

  #interfaceOf({ netns, device }: Decision): number {
    const key = `${netns.inode}/${device.index}/${device.name}/${netns.name}`;
    const known = this.#interfaces.get(key);
    if (known !== undefined) return known;
    const id = this.#interfaces.size + 1;
    this.#interfaces.set(key, id);
    const name = device.name ?? `if${device.index}`;
    const where =
      netns.name === null ? `namespace ${netns.inode}` : `namespace ${netns.name} (${netns.inode})`;
    this.#blocks.interface(
      linkType.ethernet,
      netns.name === null ? name : `${netns.name}/${name}`,
      `device ${name}, index ${device.index}, in ${where} of ${this.#start?.host}`,
    );
    return id;
  }

  /** JSON of what the decision was proven with. Most decisions in a row share it. */
  #evidenceOf(decision: Decision, { proof, names, links, request }: Evidence): string {
    const about = { netns: decision.netns, names };
    const snapshot = proof ? this.#ensureSnapshot(proof.snapshot, about) : null;
    const linksId = links ? this.#ensureLinks(links, about) : null;
    const namesId = this.#namesId(decision.netns, names);
    const { ending, reply } = request.pass;
    const matched = proof !== null && Object.keys(proof.matches).length > 0;
    const plain = !matched && ending.where === null && (reply?.where ?? null) === null;
    const key = plain ? `${snapshot}/${linksId}/${namesId}` : '';
    if (plain && this.#evidence.key === key) return this.#evidence.json;
    const json = JSON.stringify({
      snapshot,
      links: linksId,
      names: namesId,
      ...(matched ? { matches: matchesToJson(proof.matches) } : {}),
      ...(ending.where === null ? {} : { where: ending.where }),
      ...(reply?.where ? { replyWhere: reply.where } : {}),
    });
    if (plain) this.#evidence = { key, json };
    return json;
  }

  #ensureSnapshot(snapshot: Snapshot, about: Pick<State, 'netns' | 'names'>): string {
    const id = this.#idOf(snapshot);
    if (!this.#written.has(id)) {
      const readNs = this.#beganNs ?? process.hrtime.bigint();
      this.#writeSnapshot({ ...about, snapshot, readNs, moved: null }, id);
    }
    return id;
  }

  /** Links that named devices, of a snapshot that is not told by itself. */
  #ensureLinks(links: ReadonlyMap<number, Link>, about: Pick<State, 'netns' | 'names'>): string {
    const id = this.#snapshotIds.get(links);
    if (id !== undefined && this.#written.has(id)) return id;
    return this.#ensureSnapshot(
      {
        complete: false,
        rules: [],
        routes: new Map(),
        links: links as Map<number, Link>,
        addresses: [],
        proxyNeighbours: [],
      },
      about,
    );
  }

  #idOf(snapshot: Snapshot): string {
    let id = this.#snapshotIds.get(snapshot);
    if (id === undefined) {
      id = `${this.#trace}-s${++this.#snapshots}`;
      this.#snapshotIds.set(snapshot, id);
      this.#snapshotIds.set(snapshot.links, id);
    }
    return id;
  }

  #writeSnapshot(state: State, id: string): void {
    this.#written.add(id);
    const json = JSON.stringify({
      schema: 'arpwhy.snapshot/1',
      id,
      host: this.#start?.host,
      time: this.#clock.format(state.readNs),
      monotonicNs: state.readNs.toString(),
      netns: state.netns,
      ...snapshotToJson(state.snapshot),
    });
    const where = state.netns.name ?? String(state.netns.inode);
    this.#message(state.readNs, json, `the state of ${where}: ${id}`);
  }

  /** The id of the names that hold for a namespace now; they are written when they differ from those before. */
  #namesId(netns: Decision['netns'], names: IprouteNames): string {
    let known = this.#nameIds.get(names);
    if (!known) {
      const { tables, protocols } = names.all();
      const json = JSON.stringify({
        tables: Object.fromEntries(tables),
        protocols: Object.fromEntries(protocols),
      });
      const latest = this.#latestNames.get(netns.inode);
      known = latest?.json === json ? latest : { id: `${this.#trace}-n${++this.#names}`, json };
      this.#nameIds.set(names, known);
      this.#latestNames.set(netns.inode, known);
    }
    if (!this.#written.has(known.id)) this.#writeNames(netns, known);
    return known.id;
  }

  #writeNames(netns: Decision['netns'], { id, json }: { id: string; json: string }): void {
    this.#written.add(id);
    const text = JSON.stringify({
      schema: 'arpwhy.names/1',
      id,
      host: this.#start?.host,
      netns,
      ...JSON.parse(json),
    });
    this.#message(this.#beganNs ?? process.hrtime.bigint(), text, `names of tables and protocols: ${id}`);
  }

  #message(monotonicNs: bigint, json: string, info: string): void {
    this.#blocks.message(0, { timeNs: monotonicNs + this.#clock.offsetNs, json, info });
  }
}

function u16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}
