import type { ChangeSeen } from '../decision/change-seen.js';
import type { Pass, Prefix, Tier } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import { readBegun } from './begin.js';
import { decodeChanges } from './change-wire.js';
import { dropNames } from './drop-names.js';
import { decodeGeneration, type Generation } from './generation.js';
import { type Hook, hooksOf, tiers } from './hooks.js';
import * as layout from './layout.js';
import { type Handle, type NativeLibrary, nativeLibrary } from './library.js';
import { loadPrograms, programOf, refusalOf, requiredHook, type TracerOptions } from './load.js';
import { errnoName, lastLine, takeLog } from './native-words.js';
import { OpenObject } from './open-object.js';
import { checkPlatform } from './rights.js';
import { KernelSymbols } from './symbols.js';
import { Decoder } from './wire.js';

/** Of one program. Runs and nanoseconds are 0 unless kernel.bpf_stats_enabled is 1. */
export interface RunStats {
  name: string;
  runs: number;
  ns: number;
  /** Events that the kernel did not show the program, because it was running on that CPU already. */
  misses: number;
}

/** A tier that does not work here. */
export interface Refusal {
  tier: Tier;
  why: string;
}

export interface HookState {
  hook: Hook;
  attached: boolean;
  /** What refused it; null when it is attached. */
  error: string | null;
}

/** What the kernel side counted since the trace began. */
export interface Counters {
  /** Requests opened, after the kernel filters. */
  seen: number;
  /** Requests whose last record did not fit into the ring. */
  lost: number;
  lostPasses: number;
  abandoned: number;
  untracked: number;
  /** Lookups that did not fit into their record. */
  cut: number;
  /** CLOCK_MONOTONIC of the first and the last loss; 0n when there was none. */
  lostFirstNs: bigint;
  lostLastNs: bigint;
  /** ARP frames seen coming in, before any filter. */
  frames: number;
  /** Of those seen, the requests whose addresses were not asked for. */
  filtered: number;
}

/** A batch is decoded while it is in the cache, and what becomes of it while it is young. */
const batchBytes = 128 << 10;

/**
 * The kernel side of one trace: BPF programs loaded and attached, records drained in batches. It owns programs,
 * links and maps; when the process ends in any way, the kernel removes them.
 */
export class Tracer {
  readonly tier: Tier;
  /** The better tiers that were tried, and why they do not work here. */
  readonly refusals: readonly Refusal[];
  readonly hooks: HookState[] = [];
  readonly #native: NativeLibrary;
  readonly #batch = Buffer.alloc(batchBytes);
  readonly #small = Buffer.alloc(256);
  readonly #decoder: Decoder;
  readonly #tap: ((batch: Buffer) => void) | null;
  readonly #object: OpenObject;

  /**
   * Load and attach. Hooks that the kernel refuses are left out and named in {@link hooks}.
   * @throws {ArpwhyError} `not-permitted`, `unsupported` (no BTF, a required hook refused), `no-native-library`
   */
  static open(options: TracerOptions = {}): Tracer {
    checkPlatform();
    const native = nativeLibrary();
    const symbols = new KernelSymbols(readBegun(native));
    const leftOut = new Map<string, string>(
      (options.leaveOut ?? []).map((name) => [name, 'left out on request']),
    );
    const { tier, refusals } = chooseTier(native, options.tier);
    const handle = loadPrograms(native, symbols, tier, options, leftOut);
    symbols.forget();
    return new Tracer(native, handle, symbols, tier, refusals, options, leftOut);
  }

  private constructor(
    native: NativeLibrary,
    handle: Handle,
    symbols: KernelSymbols,
    tier: Tier,
    refusals: readonly Refusal[],
    options: TracerOptions,
    leftOut: Map<string, string>,
  ) {
    this.tier = tier;
    this.refusals = refusals;
    this.#native = native;
    this.#object = new OpenObject(native, handle);
    this.#decoder = new Decoder(dropNames(native, symbols), options.keepRecords);
    this.#tap = options.tap ?? null;
    try {
      if (options.netns) this.setNetns(options.netns);
      this.#object.setDevices(options.devices ?? []);
      for (const prefix of options.targets ?? []) this.#object.mapSet('filter_targets', prefixKey(prefix));
      for (const prefix of options.senders ?? []) this.#object.mapSet('filter_senders', prefixKey(prefix));
      this.#attach(leftOut);
      this.#object.setWhole(true);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Replace the set of traced namespaces (only where the trace was opened with one). */
  setNetns(inodes: ReadonlySet<number>): void {
    this.#object.setNetns(inodes);
  }

  /** Call back when the ring has records. The callback drains; it may be called without need. */
  onRecords(callback: () => void): void {
    this.#object.onRecords(callback);
  }

  /** Up to 128 KiB of records, in the order in which the passes ended; `more` when the ring holds others. */
  drain(): { passes: Pass[]; more: boolean } {
    const bytes = this.#object.drain(this.#batch);
    if (bytes > 0) this.#tap?.(this.#batch.subarray(0, bytes));
    return {
      passes: this.#decoder.decode(this.#batch, bytes),
      more: bytes > batchBytes / 2,
    };
  }

  /**
   * The generations of namespaces at kernel addresses that records named, in their order; null for one that is
   * gone (its address holds something else now, so its inode does not fit).
   */
  generations(places: readonly { address: bigint; inode: number }[]): (Generation | null)[] {
    const size = layout.generation.bytes;
    const addresses = Buffer.alloc(8 * places.length);
    for (const [i, { address }] of places.entries()) addresses.writeBigUInt64LE(address, 8 * i);
    const answers = Buffer.alloc(size * places.length);
    if (places.length === 0) return [];
    const status = this.#native.arpwhy_generations(
      this.#object.handle,
      addresses,
      places.length,
      answers,
      answers.length,
    );
    if (status < 0) return places.map(() => null);
    return places.map(({ inode }, i) => {
      const generation = decodeGeneration(answers.subarray(i * size, (i + 1) * size));
      return generation.netns.inode === inode ? generation : null;
    });
  }

  /** The generation of the namespace that an open descriptor names. */
  generationOf(netnsFd: number): Generation | null {
    const status = this.#native.arpwhy_generation_of(
      this.#object.handle,
      netnsFd,
      this.#small,
      this.#small.length,
    );
    return status < 0 ? null : decodeGeneration(this.#small);
  }

  /** Changes of routes, rules, links and addresses since the last call; none in the tracepoint tier. */
  drainChanges(): ChangeSeen[] {
    const seen: ChangeSeen[] = [];
    for (;;) {
      const bytes = this.#native.arpwhy_drain_changes(this.#object.handle, this.#batch, batchBytes);
      if (bytes < 0) throw new ArpwhyError('load-failed', `cannot read the ring: ${errnoName(bytes)}`);
      decodeChanges(this.#batch, bytes, seen);
      if (bytes < batchBytes / 2) return seen;
    }
  }

  /** How many changes did not fit into their ring. */
  changesLost(): number {
    this.#native.arpwhy_changes_lost(this.#object.handle, this.#small);
    return Number(this.#small.readBigUInt64LE(0));
  }

  counters(): Counters {
    const read = this.#object.counters();
    const { counters } = layout;
    return {
      seen: Number(read(counters.seen)),
      lost: Number(read(counters.lost)),
      lostPasses: Number(read(counters.lostPasses)),
      abandoned: Number(read(counters.abandoned)),
      untracked: Number(read(counters.untracked)),
      cut: Number(read(counters.cut)),
      lostFirstNs: read(counters.lostFirstNs),
      lostLastNs: read(counters.lostLastNs),
      frames: Number(read(counters.frames)),
      filtered: Number(read(counters.filtered)),
    };
  }

  /** Deferred requests whose second pass has not come. */
  pending(): number {
    return Math.max(0, this.#native.arpwhy_map_count(this.#object.handle, 'deferrals'));
  }

  runStats(): RunStats[] {
    return hooksOf(this.tier).map((hook) => {
      const { name } = hook;
      this.#native.arpwhy_run_stats(this.#object.handle, programOf(this.#native, hook), this.#small);
      return {
        name,
        runs: Number(this.#small.readBigUInt64LE(0)),
        ns: Number(this.#small.readBigUInt64LE(8)),
        misses: Number(this.#small.readBigUInt64LE(16)),
      };
    });
  }

  /** Events that no program was shown, by hook; hooks without any are left out. */
  missed(): { name: string; count: number }[] {
    return this.runStats()
      .filter(({ misses }) => misses > 0)
      .map(({ name, misses }) => ({ name, count: misses }));
  }

  /** Stop seeing requests. What is in the ring can still be drained, and counters can be read. */
  detach(): void {
    this.#object.detach();
  }

  /** Let everything go. */
  close(): void {
    this.#object.close();
  }

  #isAttached(name: string): boolean {
    return this.hooks.some(({ hook, attached }) => hook.name === name && attached);
  }

  #attach(leftOut: Map<string, string>): void {
    for (const hook of hooksOf(this.tier)) {
      let error = leftOut.get(hook.name) ?? null;
      const { needs } = hook;
      if (error === null && needs !== undefined && !this.#isAttached(needs))
        error = `of no use without ${needs}`;
      if (error === null && !hook.onDemand) {
        const status = this.#native.arpwhy_attach(this.#object.handle, programOf(this.#native, hook));
        if (status < 0) error = `${errnoName(status)} ${lastLine(takeLog(this.#native))}`.trim();
      }
      this.hooks.push({ hook, attached: error === null, error });
      if (error !== null && hook.required) throw requiredHook(hook, error, null);
    }
  }
}

/** The best tier that works, or the one that is asked for. @throws {ArpwhyError} `unsupported` when that does not */
function chooseTier(native: NativeLibrary, wanted: Tier | undefined): { tier: Tier; refusals: Refusal[] } {
  const refusals: Refusal[] = [];
  for (const tier of wanted ? [wanted] : tiers) {
    const why = refusalOf(native, tier);
    if (why === null) return { tier, refusals };
    refusals.push({ tier, why });
  }
  const [{ tier, why } = { tier: wanted, why: '' }] = refusals;
  throw new ArpwhyError('unsupported', `the ${tier} tier does not work here: ${why}`);
}

/** As an LPM trie has it. */
function prefixKey({ ip, length }: Prefix): Buffer {
  const key = Buffer.alloc(8);
  key.writeUInt32LE(length);
  key.writeUInt32BE(ip, 4);
  return key;
}
