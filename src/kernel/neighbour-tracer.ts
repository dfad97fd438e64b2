import { existsSync } from 'node:fs';
import type { NeighbourSeen } from '../decision/neighbour/record.js';
import { ArpwhyError } from '../errors.js';
import { ofPackage } from '../package-root.js';
import { dropNames } from './drop-names.js';
import * as layout from './layout.js';
import { type Handle, type NativeLibrary, nativeLibrary } from './library.js';
import { errnoName, lastLine, takeLog } from './native-words.js';
import { NeighbourDecoder, type NeighbourNames } from './neighbour-wire.js';
import { OpenObject } from './open-object.js';
import { KernelSymbols } from './symbols.js';

export interface NeighbourTracerOptions {
  /** Inodes of the namespaces to trace; null for all. */
  netns: ReadonlySet<number> | null;
  /** Names of the devices to trace; null for all. */
  devices: readonly string[] | null;
  /** Of the ring; a power of two. */
  ringBytes?: number;
}

/** The tracepoints, in the order of attaching, for what opens something comes last; and what is not told without each. */
export const neighbourHooks: readonly { name: string; cost: string }[] = [
  { name: 'consume_skb', cost: 'learnings, and the packets that who-has were sent for' },
  { name: 'kfree_skb', cost: 'learnings of frames that are dropped' },
  { name: 'fib_table_lookup', cost: 'the routes of solicitations' },
  { name: 'neigh_cleanup_and_release', cost: 'entries that leave the table, and why' },
  { name: 'neigh_timer_handler', cost: 'what timers change, and who-has that nobody answers' },
  { name: 'neigh_event_send_done', cost: 'how many packets waited for an answer' },
  { name: 'neigh_update_done', cost: 'what became of an entry' },
  { name: 'neigh_update', cost: 'the entry that a claim met' },
  { name: 'neigh_create', cost: 'entries that are made' },
  { name: 'timer_start', cost: 'gratuitous requests that are answered later' },
  { name: 'net_dev_queue', cost: 'solicitations' },
  { name: 'netif_receive_skb', cost: 'when a claim came in' },
];

/** Where they lie tells who let a frame go: knobs by the name of the function. */
const functions = {
  arp_process: 'arp_process',
  arp_rcv: 'arp_rcv',
  neigh_probe: 'neigh_probe',
  event_send: '__neigh_event_send',
  timer_handler: 'neigh_timer_handler',
  queue_xmit: '__dev_queue_xmit',
  softirq: 'handle_softirqs',
  napi_poll: '__napi_poll',
};

/** A batch is decoded while it is in the cache, and what becomes of it while it is young. */
const batchBytes = 128 << 10;

/**
 * The kernel side of what a host learns and asks: an object of its own beside that for decisions, with its own ring.
 * Tracepoints alone, the same in every tier.
 */
export class NeighbourTracer {
  readonly #native: NativeLibrary;
  readonly #batch = Buffer.alloc(batchBytes);
  readonly #decoder: NeighbourDecoder;
  readonly #object: OpenObject;

  /**
   * Load and attach.
   * @throws {ArpwhyError} `unsupported` where the kernel refuses a program, or is older than 6.12: which function let
   * a frame go is not told before; `no-bpf-object`, `no-native-library`
   */
  static open(options: NeighbourTracerOptions): NeighbourTracer {
    const native = nativeLibrary();
    if (native.arpwhy_tracepoint_arguments('consume_skb') < 2) {
      throw new ArpwhyError(
        'unsupported',
        'learnings, solicitations and neighbour events take Linux 6.12 or later: before, the kernel does not say where it let a frame go; leave out --kind',
      );
    }
    const symbols = new KernelSymbols();
    const path = ofPackage('bpf/prebuilt/neighbour.bpf.o');
    if (!existsSync(path)) {
      throw new ArpwhyError(
        'no-bpf-object',
        `no BPF object at ${path}: run make bpf, or install arpwhy again`,
      );
    }
    const err = Buffer.alloc(4);
    const handle = native.arpwhy_open(path, err);
    if (handle.address() === 0) {
      const why = lastLine(takeLog(native)) || errnoName(err.readInt32LE());
      throw new ArpwhyError('no-bpf-object', `cannot open ${path} (${why}): run make bpf`);
    }
    try {
      return new NeighbourTracer(native, handle, symbols, options);
    } catch (error) {
      native.arpwhy_close(handle);
      throw error;
    }
  }

  private constructor(
    native: NativeLibrary,
    handle: Handle,
    symbols: KernelSymbols,
    options: NeighbourTracerOptions,
  ) {
    this.#native = native;
    this.#object = new OpenObject(native, handle);
    this.#decoder = new NeighbourDecoder(namesOf(native, symbols));
    this.#setKnobs(handle, symbols, options);
    if (options.ringBytes) native.arpwhy_resize(handle, 'records', options.ringBytes);
    const status = native.arpwhy_load(handle);
    if (status < 0) {
      const log = takeLog(native);
      const why = `${errnoName(status)} ${lastLine(log)}`.trim();
      throw new ArpwhyError('unsupported', `cannot load the programs for neighbours: ${why}`, { log });
    }
    if (options.netns) this.setNetns(options.netns);
    this.#object.setDevices(options.devices ?? []);
    for (const { name } of neighbourHooks) {
      const attached = native.arpwhy_attach(handle, programOf(name));
      if (attached < 0) {
        const why = `${errnoName(attached)} ${lastLine(takeLog(native))}`.trim();
        throw new ArpwhyError('unsupported', `cannot attach ${name} for neighbours: ${why}`);
      }
    }
    this.#object.setWhole(true);
  }

  /** Replace the set of traced namespaces (only where the trace was opened with one). */
  setNetns(inodes: ReadonlySet<number>): void {
    this.#object.setNetns(inodes);
  }

  /** Call back when the ring has records; it may be called without need. */
  onRecords(callback: () => void): void {
    this.#object.onRecords(callback);
  }

  /** Up to 128 KiB of records, in their order; `more` when the ring may hold others. */
  drain(): { seen: NeighbourSeen[]; more: boolean } {
    const bytes = this.#object.drain(this.#batch);
    return { seen: this.#decoder.decode(this.#batch, bytes), more: bytes > batchBytes / 2 };
  }

  /** Records that were to be sent, and those of them that did not fit into the ring. */
  counters(): { records: number; lost: number; lostFirstNs: bigint; lostLastNs: bigint } {
    const read = this.#object.counters();
    const { counters } = layout;
    return {
      records: Number(read(counters.seen)),
      lost: Number(read(counters.lost)),
      lostFirstNs: read(counters.lostFirstNs),
      lostLastNs: read(counters.lostLastNs),
    };
  }

  /** Stop seeing. What is in the ring can still be drained, and counters can be read. */
  detach(): void {
    this.#object.detach();
  }

  /** Let everything go. */
  close(): void {
    this.#object.close();
  }

  #setKnobs(handle: Handle, symbols: KernelSymbols, { netns, devices }: NeighbourTracerOptions): void {
    const knob = (name: string, value: bigint) =>
      this.#native.arpwhy_set_knob(handle, name, Number(value & 0xffffffffn), Number(value >> 32n));
    for (const [name, symbol] of Object.entries(functions)) {
      const { start, end } = symbols.range(symbol);
      knob(`${name}_start`, start);
      knob(`${name}_end`, end);
    }
    knob('proxy_process', symbols.range('neigh_proxy_process').start);
    knob('only_netns', netns ? 1n : 0n);
    knob('only_devices', devices ? 1n : 0n);
  }
}

/** The program for a hook. */
export function programOf(hook: string): string {
  return `n_${hook}`;
}

/** Each function is looked up once. */
function namesOf(native: NativeLibrary, symbols: KernelSymbols): NeighbourNames {
  const known = new Map<bigint, string | null>();
  return {
    ...dropNames(native, symbols),
    functionAt(address) {
      let name = known.get(address);
      if (name === undefined) {
        // a return address lies behind its call, which may be the last of its function
        name = symbols.nameOf(address - 1n);
        known.set(address, name);
      }
      return name;
    },
  };
}
