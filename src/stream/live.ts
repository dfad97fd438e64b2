import { randomBytes } from 'node:crypto';
import { Decider } from '../decision/decider.js';
import { type DecisionFilter, noFilter, passes } from '../decision/filter.js';
import { Joiner } from '../decision/join.js';
import { deviceAlone } from '../decision/kernel-release.js';
import type { Kind } from '../decision/neighbour/types.js';
import type { Pass, Prefix, Proof, Request, Tier } from '../decision/types.js';
import { Clock, identifyHost } from '../host/clock.js';
import { useStarter } from '../host/tool.js';
import { seesLinks } from '../kernel/hooks.js';
import { NeighbourTracer } from '../kernel/neighbour-tracer.js';
import { spawnTool } from '../kernel/spawn.js';
import { type Counters, type RunStats, Tracer } from '../kernel/tracer.js';
import { version } from '../package-root.js';
import { ChangeGroups } from './changes.js';
import type { ChangeEvent, EndEvent, LostEvent, StartEvent, StreamEvent } from './events.js';
import { Fanout } from './fanout.js';
import { Namespaces } from './namespaces.js';
import { Neighbours } from './neighbours.js';
import { type Batches, behind, oneByOne } from './readers.js';
import type { StateTap, StreamTap } from './tap.js';
import type { Waiting, WatchedNamespace } from './watched.js';

export interface LiveOptions {
  filter?: DecisionFilter;
  /** Namespaces by the name of `ip netns`, `.` for our own; null or absent for all. */
  netns?: readonly string[] | null;
  /** Devices by name; null or absent for all. */
  devices?: readonly string[] | null;
  /** Also tell of each deferral, not only of the decision that follows it. */
  deferred?: boolean;
  /** End after so many decisions. */
  count?: number;
  ringBytes?: number;
  leaveOut?: readonly string[];
  /** What is told; absent: decisions alone. */
  kinds?: readonly Kind[];
  /** What a recording takes from the stream. */
  tap?: StreamTap;
  /** How to attach; absent: the best that works. */
  tier?: Tier;
  /** How long a request, or a who-has of this host, waits for a snapshot, before it is told without: more where commands take long. */
  patienceMs?: number;
  /** Words for the person who watches: not part of the stream. */
  onNote?: (text: string) => void;
}

/** What the kernel side counted as lost, and when. */
type Losses = Pick<Counters, 'lost' | 'lostFirstNs' | 'lostLastNs'>;

/** As many as filter_targets and filter_senders of bpf/state.h hold. */
const mostPrefixes = 4096;
/** One turn of the loop drains for so long at most, then lets others run. */
const turnMs = 2;
/** To judge takes as long at most, looked at after so many. */
const judgeMs = 4;
const judgedAtOnce = 32;
/** To read states again takes a part of the time, for requests come meanwhile: after it, so many times as long is theirs. */
const followRest = 4;
/** A recording is to lose nothing: seconds of a flood have room until the disk, or a busy machine, is there again. */
const recordingRingBytes = 32 << 20;
/** While requests wait for their proof, generations are read this often; else this seldom. */
const busyTickMs = 5;
const idleTickMs = 50;
/** A request waits this long for a snapshot, then it is told without, unless the options say otherwise. */
const usualPatienceMs = 1000;
/** With more requests than this waiting, none waits for a snapshot. */
const mostWaiting = 20_000;

/**
 * A live trace: drains the kernel, joins passes, proves what can be proven, and hands out decisions. It ends by
 * {@link stop}, or by itself when it has delivered `count` decisions.
 */
export class LiveStream {
  readonly start: StartEvent;
  readonly #options: LiveOptions;
  readonly #filter: DecisionFilter;
  readonly #tracer: Tracer;
  readonly #namespaces: Namespaces;
  readonly #joiner: Joiner;
  readonly #changes: ChangeGroups;
  readonly #fanout = new Fanout<StreamEvent>(() => this.#goOn());
  readonly #clock = Clock.now();
  readonly #decider: Decider;
  readonly #neighbourTracer: NeighbourTracer | null;
  readonly #neighbours: Neighbours | null;
  readonly #startedNs = process.hrtime.bigint();
  #timer: NodeJS.Timeout | null = null;
  #turn: NodeJS.Immediate | null = null;
  #delivered = 0;
  #filtered = 0;
  #abandoned = 0;
  #nextLossCheck = 0;
  #ending: Promise<EndEvent> | null = null;
  #ended: EndEvent | null = null;
  #draining = true;

  /**
   * Attach and begin.
   * @throws {ArpwhyError} as {@link Tracer.open} and {@link Namespaces.resolve} do
   */
  static open(options: LiveOptions = {}): LiveStream {
    // what a request did to its sender's entry is asked for by others than decisions
    const othersToo = options.kinds?.some((kind) => kind !== 'decision') ?? false;
    useStarter(spawnTool);
    const netns = options.netns ? Namespaces.resolve(options.netns) : null;
    const ringBytes = options.ringBytes ?? (options.tap && recordingRingBytes);
    const tracer = Tracer.open({
      netns,
      devices: options.devices ?? null,
      ...(othersToo
        ? {}
        : { targets: inKernel(options.filter?.targets), senders: inKernel(options.filter?.senders) }),
      leaveOut: options.leaveOut ?? [],
      keepRecords: options.tap !== undefined,
      ...(options.tier ? { tier: options.tier } : {}),
      ...(ringBytes === undefined ? {} : { ringBytes }),
    });
    let neighbours: NeighbourTracer | null = null;
    try {
      if (othersToo) {
        neighbours = NeighbourTracer.open({
          netns,
          devices: options.devices ?? null,
          ...(ringBytes === undefined ? {} : { ringBytes }),
        });
      }
      return new LiveStream(tracer, neighbours, options);
    } catch (error) {
      neighbours?.close();
      tracer.close();
      throw error;
    }
  }

  private constructor(tracer: Tracer, neighbourTracer: NeighbourTracer | null, options: LiveOptions) {
    const identity = identifyHost();
    this.#tracer = tracer;
    this.#options = options;
    this.#filter = options.filter ?? noFilter;
    const trace = randomBytes(2).toString('hex');
    this.#joiner = new Joiner(trace);
    this.#neighbourTracer = neighbourTracer;
    this.start = {
      schema: 'arpwhy.start/1',
      version,
      ...identity,
      time: this.#clock.format(this.#startedNs),
      monotonicNs: this.#startedNs.toString(),
      clockOffsetNs: this.#clock.offsetNs.toString(),
      tier: tracer.tier,
      hooks: {
        attached: tracer.hooks.filter(({ attached }) => attached).map(({ hook }) => hook.name),
        missing: tracer.hooks
          .filter(({ attached }) => !attached)
          .map(({ hook, error }) => ({ name: hook.name, why: error ?? '', cost: hook.cost })),
      },
    };
    this.#decider = new Decider(
      { host: identity.host, tier: tracer.tier, deviceAlone: deviceAlone(identity.kernel) },
      this.#clock,
    );
    options.tap?.start(this.start);
    this.#namespaces = new Namespaces(
      tracer,
      options.netns ?? null,
      this.#stateTap(),
      neighbourTracer ? [neighbourTracer] : [],
    );
    this.#neighbours = neighbourTracer && this.#watchNeighbours(neighbourTracer, trace);
    const prefix = randomBytes(2).toString('hex');
    let number = 0;
    this.#changes = new ChangeGroups(
      (inode) => this.#namespaces.placeOf(inode),
      (told) => {
        const time = this.#clock.format(BigInt(told.monotonicNs));
        const id = `${prefix}-c${++number}`;
        const event: ChangeEvent = { schema: 'arpwhy.change/1', id, host: identity.host, time, ...told };
        this.#options.tap?.change(event);
        this.#fanout.push(event);
      },
    );
    tracer.onRecords(() => this.#drain());
    this.#tick();
  }

  /**
   * Everything from this call on, the start event first. Each caller gets all of it: one that does not read on holds
   * up the others, one that leaves (`break`, or `return()`) does not. Parts of events are shared, and frozen.
   */
  events(): AsyncIterableIterator<StreamEvent> {
    return oneByOne(this.batches());
  }

  /**
   * The same, in batches of what came since the one before was asked for: in a storm to wait for each takes too long.
   * Decisions may have their fields made when they are asked for ({@link AlikeDecision}).
   */
  batches(): Batches {
    return behind(this.start, this.#fanout.subscribe());
  }

  /** Requests seen so far, after the kernel filters; once it has ended, all of them. */
  seen(): number {
    return this.#ended ? this.#ended.accounts.seen : this.#tracer.counters().seen;
  }

  /** It has been stopped: nothing is seen any more, though there may be decisions still to be read. */
  get ending(): boolean {
    return this.#ending !== null;
  }

  /**
   * Resolves when every namespace has held still for long enough that a request from now on can be proven, if
   * nothing moves again; also after the deadline, for a namespace may never hold still.
   * @param netns only the namespace of this name
   */
  async settled(deadlineMs = 2000, netns?: string): Promise<void> {
    const from = process.hrtime.bigint();
    const deadline = performance.now() + deadlineMs;
    do {
      await pause(busyTickMs);
      this.#namespaces.readGenerations(performance.now(), true);
    } while (
      performance.now() < deadline &&
      this.#namespaces.all().some(({ name, history }) => (netns ?? name) === name && !history.heldSince(from))
    );
  }

  /** What the kernel counts about each program. */
  runStats(): RunStats[] {
    return this.#tracer.runStats();
  }

  /** Detach, drain, judge what is left, close the accounts. The end event is also the last of the stream. */
  stop(why: EndEvent['why']): Promise<EndEvent> {
    this.#ending ??= this.#end(why);
    return this.#ending;
  }

  #drain(): void {
    if (!this.#draining) return;
    const until = performance.now() + turnMs;
    // behind a slow reader, or a judge, the ring holds what comes, but generations are read on: the tick comes again
    let more = !this.#congested && this.#judged;
    while (more && performance.now() < until) {
      const drained = this.#tracer.drain();
      for (const pass of drained.passes) this.#take(pass);
      more = drained.more;
    }
    if (this.#drainNeighbours(performance.now() + turnMs)) more = true;
    if (more) this.#drainNext();
    this.#tick();
  }

  #drainNext(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = null;
      this.#drain();
    });
  }

  /** A reader that was behind has caught up: what the ring holds meanwhile is not to wait for a timer. */
  #goOn(): void {
    if (this.#draining && !this.#congested) this.#drainNext();
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? usualPatienceMs;
  }

  #watchNeighbours(tracer: NeighbourTracer, trace: string): Neighbours {
    tracer.onRecords(() => this.#drain());
    return new Neighbours({
      tracer,
      namespaces: this.#namespaces,
      kinds: new Set(this.#options.kinds),
      filter: this.#filter,
      host: this.start.host,
      trace,
      tier: this.start.tier,
      patienceMs: this.#patienceMs,
      wallTime: (ns) => this.#clock.format(ns),
      digits: (ns) => this.#clock.digits(ns),
      emit: (event) => {
        this.#options.tap?.neighbour?.(event);
        this.#fanout.push(event);
      },
    });
  }

  /** True when there may be more. */
  #drainNeighbours(until: number): boolean {
    let more = this.#neighbours !== null && !this.#congested;
    while (more && performance.now() < until) more = this.#neighbours?.drain() === true && !this.#congested;
    return more;
  }

  get #congested(): boolean {
    return this.#fanout.congested || (this.#options.tap?.congested ?? false);
  }

  #take(pass: Pass): void {
    this.#neighbours?.pass(pass);
    const request = this.#joiner.add(pass);
    const namespace = this.#namespaces.of(pass);
    const now = Math.trunc(performance.now()); // a whole number takes no memory of its own
    namespace.lastRequest = now;
    this.#noticeDevice(pass, namespace);
    if (request) namespace.queue.push({ request, since: now });
    else if (this.#options.deferred) {
      const waiting = this.#joiner.waitingFor(pass);
      if (waiting) namespace.queue.push({ request: waiting, since: now });
    }
    if (needsProof(pass)) namespace.prepare(pass, now);
  }

  /** States come after the changes that led to them. */
  #stateTap(): StateTap | null {
    const { tap } = this.#options;
    if (!tap) return null;
    return {
      state: (state) => {
        this.#drainChanges(true);
        tap.state(state);
      },
      link: seesLinks(this.start.hooks.attached)
        ? null
        : (netns, notice, heldNs) => tap.link(netns, notice, heldNs),
    };
  }

  /** True while a change is going on. */
  #drainChanges(everything = false): boolean {
    if (this.#tracer.tier === 'tracepoint') return false;
    const seen = this.#tracer.drainChanges();
    if (seen.length > 0 || everything) {
      const lost = this.#tracer.changesLost();
      this.#changes.lose(lost - this.#changesLost);
      this.#changesLost = lost;
    }
    this.#changes.add(seen);
    return this.#changes.close(process.hrtime.bigint(), everything);
  }
  #changesLost = 0;

  /**
   * Read generations, judge what can be judged, look for losses, and come again.
   * @returns false when there was no time to judge all of it
   */
  #tick(): boolean {
    if (this.#timer) clearTimeout(this.#timer);
    const now = performance.now();
    const changing = this.#drainChanges();
    this.#namespaces.readGenerations(now);
    this.#judged = true;
    for (const namespace of this.#namespaces.all()) {
      if (!this.#judgeQueue(namespace, now, now + judgeMs)) this.#judged = false;
      if (namespace.noticeUnreadable()) this.#tellUnreadable(namespace);
    }
    const following = this.#follow(now);
    const asking = this.#neighbours?.tick(now) ?? false;
    if (now >= this.#nextLossCheck) this.#reportLosses(now);
    // a reader that is behind is waited for: meanwhile the ring fills, and the kernel side counts what it loses
    const busy = this.#waiting > 0 || asking || changing || following || this.#congested;
    this.#timer = setTimeout(() => this.#drain(), busy ? busyTickMs : idleTickMs);
    if (this.#draining && !this.#judged && !this.#congested) this.#drainNext();
    return this.#judged;
  }
  /** What could be judged was. */
  #judged = true;

  /** Requests that wait for their proof. */
  get #waiting(): number {
    let waiting = 0;
    for (const { queue } of this.#namespaces.all()) waiting += queue.length;
    return waiting;
  }

  /**
   * For a tap: see which namespaces are to be read again, in turns, for each may take processes to be started.
   * @returns whether there was no time for some of them
   */
  #follow(now: number): boolean {
    if (!this.#options.tap || !this.#draining) return false;
    const begun = performance.now();
    if (begun < this.#nextFollow) return true;
    const all = this.#namespaces.all();
    let left = all.length;
    for (let spent = 0; left > 0 && spent < turnMs; left--) {
      this.#followed = (this.#followed + 1) % all.length;
      all[this.#followed]?.follow(now);
      spent = performance.now() - begun;
      this.#nextFollow = begun + (1 + followRest) * spent;
    }
    return left > 0;
  }
  /** Which of them was looked at last. */
  #followed = -1;
  #nextFollow = 0;

  /** @returns false when there was no time for all of it, or readers had no room: `until` is of performance.now() */
  #judgeQueue(namespace: WatchedNamespace, now: number, until: number): boolean {
    const { queue } = namespace;
    let done = 0;
    let inTime = true;
    while (done < queue.length) {
      inTime = done % judgedAtOnce !== 0 || (performance.now() < until && !this.#congested);
      if (!inTime) break;
      const waiting = queue[done] as Waiting;
      const proof = this.#proofOf(namespace, waiting, now, queue.length - done);
      if (proof === 'wait') break;
      done++;
      this.#deliver(waiting.request, namespace, proof);
    }
    if (done > 0) queue.splice(0, done);
    return inTime;
  }

  #proofOf(
    namespace: WatchedNamespace,
    waiting: Waiting,
    now: number,
    behind: number,
  ): Proof | null | 'wait' {
    const { pass } = waiting.request;
    if (!needsProof(pass)) return null;
    const patient = now - waiting.since < this.#patienceMs && behind < mostWaiting && !namespace.unreachable;
    const cover = namespace.history.covers(pass);
    if (cover.state === 'moved') return null;
    if (cover.state === 'wait') return patient ? 'wait' : null;
    const proof = namespace.proofFor(pass, cover.generation);
    if (proof) return proof;
    if (!patient || !namespace.expects(cover.generation)) return null;
    namespace.prepare(pass, now);
    return 'wait';
  }

  #deliver(request: Request, namespace: WatchedNamespace, proof: Proof | null): void {
    const decision = this.#decider.decide(request, proof, namespace);
    const final = decision.verdict.action !== 'deferred';
    if (this.#full) {
      if (final) this.#abandoned++;
      return;
    }
    if (!this.#tellsDecisions || !passes(decision, this.#filter)) {
      if (final) this.#filtered++;
      return;
    }
    if (final) this.#delivered++;
    this.#options.tap?.decision(decision, {
      request,
      proof,
      names: namespace.names,
      links: proof?.snapshot.links ?? namespace.linksAt(request.pass),
    });
    this.#fanout.push(decision);
    if (this.#full) void this.stop('count');
  }

  get #tellsDecisions(): boolean {
    return this.#options.kinds?.includes('decision') ?? true;
  }

  get #full(): boolean {
    return this.#options.count !== undefined && this.#delivered >= this.#options.count;
  }

  /** A device that was made again has a new index: a filter by name still means it, and the reader should know. */
  #noticeDevice(pass: Pass, namespace: WatchedNamespace): void {
    const known = namespace.devices.get(pass.device.name);
    if (known === pass.device.index) return;
    namespace.devices.set(pass.device.name, pass.device.index);
    if (known !== undefined) {
      this.#options.onNote?.(
        `${pass.device.name} in ${namespace.name ?? pass.netns.inode} was made again: index ${known} is now ${pass.device.index}`,
      );
    }
  }

  /** Else nobody would know why all is unknown there. */
  #tellUnreadable({ name, inode }: WatchedNamespace): void {
    this.#options.onNote?.(
      `the rules of ${name ?? inode} cannot be followed: ip shows one of them as what it is not (it selects by a full DSCP, by some bits of a port or by another name of a device, or there are more than 512); no rule and no prefix is named there until they change`,
    );
  }

  #reportLosses(now: number): void {
    this.#nextLossCheck = now + 1000;
    this.#reportLoss('ring', this.#tracer.counters());
    if (this.#neighbourTracer) this.#reportLoss('neighbours', this.#neighbourTracer.counters());
  }

  #reportLoss(where: LostEvent['where'], { lost, lostFirstNs, lostLastNs }: Losses): void {
    const told = this.#losses.get(where) ?? { lost: 0, lastNs: lostFirstNs };
    if (lost === told.lost) return;
    const event: LostEvent = {
      schema: 'arpwhy.lost/1',
      host: this.start.host,
      where,
      count: lost - told.lost,
      fromNs: told.lastNs.toString(),
      toNs: lostLastNs.toString(),
    };
    this.#options.tap?.lost(event);
    this.#fanout.push(event);
    this.#losses.set(where, { lost, lastNs: lostLastNs });
  }
  /** What was told of losses so far. */
  readonly #losses = new Map<LostEvent['where'], { lost: number; lastNs: bigint }>();

  async #end(why: EndEvent['why']): Promise<EndEvent> {
    this.#neighbourTracer?.detach();
    this.#tracer.detach();
    this.#draining = false;
    // the last decision of a count ends the trace from within judging its queue, which has to come to its end first
    await Promise.resolve();
    if (this.#turn) clearImmediate(this.#turn);
    for (let more = true; more; ) {
      const drained = this.#tracer.drain();
      for (const pass of drained.passes) this.#take(pass);
      more = drained.passes.length > 0;
      let judged = this.#tick();
      // a slow reader is waited for: what is in the ring stays there meanwhile
      while (this.#congested || !judged || this.#waiting > mostWaiting) {
        await pause(judged ? busyTickMs : 0);
        judged = this.#tick();
      }
    }
    for (let judged = true; this.#waiting > 0; judged = this.#tick()) await pause(judged ? busyTickMs : 0);
    if (this.#timer) clearTimeout(this.#timer);
    this.#drainChanges(true);
    const pending = this.#tracer.pending();
    if (!this.#options.deferred && pending > 0) {
      for (const request of this.#joiner.waiting().slice(-pending)) {
        const namespace = this.#namespaces.of(request.pass);
        const now = performance.now();
        const proof = this.#proofOf(namespace, { request, since: now }, now, mostWaiting);
        this.#deliver(request, namespace, proof === 'wait' ? null : proof);
      }
    }
    while (this.#neighbours?.drain()) while (this.#congested) await pause(busyTickMs);
    this.#neighbours?.finish();
    this.#reportLosses(performance.now());
    const end = this.#account(why, pending);
    this.#ended = end;
    this.#options.tap?.end(end);
    this.#fanout.push(end);
    this.#fanout.end();
    this.#namespaces.close();
    this.#neighbourTracer?.close();
    this.#tracer.close();
    return end;
  }

  #account(why: EndEvent['why'], pending: number): EndEvent {
    const counters = this.#tracer.counters();
    const now = process.hrtime.bigint();
    return {
      schema: 'arpwhy.end/1',
      host: this.start.host,
      time: this.#clock.format(now),
      monotonicNs: now.toString(),
      durationNs: Number(now - this.#startedNs),
      why,
      accounts: {
        seen: counters.seen,
        delivered: this.#delivered,
        folded: 0,
        filtered: this.#filtered + counters.filtered,
        pending,
        abandoned: this.#abandoned + counters.abandoned,
        lost: counters.lost,
      },
      cut: counters.cut,
      untracked: counters.untracked,
      frames: counters.frames,
      changesLost: this.#changesLost,
      missed: this.#tracer.missed(),
      ...this.#neighbourAccounts(),
    };
  }

  #neighbourAccounts(): Pick<EndEvent, 'neighbours'> {
    if (!this.#neighbourTracer || !this.#neighbours) return {};
    const { records, lost } = this.#neighbourTracer.counters();
    const { delivered, filtered } = this.#neighbours;
    return { neighbours: { records, lost, delivered, filtered } };
  }
}

/** Prefixes that the kernel side applies; of more than it holds, none: they are applied here all the same. */
function inKernel(prefixes: readonly Prefix[] | undefined): readonly Prefix[] | null {
  return prefixes && prefixes.length <= mostPrefixes ? prefixes : null;
}

/** Only what went through arp_process looked anything up. */
function needsProof(pass: Pass): boolean {
  return pass.ending.place === 'arp_process' && (pass.route !== null || pass.lookups.length > 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
