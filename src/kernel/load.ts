import { existsSync, readFileSync } from 'node:fs';
import type { Prefix, Tier } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import { ofPackage } from '../package-root.js';
import { type Hook, hooks, hooksOf, probeHooks, type Variant } from './hooks.js';
import type { Handle, NativeLibrary } from './library.js';
import { errnoName, lastLine, takeLog } from './native-words.js';
import type { KernelSymbols } from './symbols.js';

export interface TracerOptions {
  /** Size of the ring in bytes, a power of two and a multiple of the page size. Default 8 MiB. */
  ringBytes?: number;
  /** Inodes of the namespaces to trace; null for all. Can be changed while the trace runs. */
  netns?: ReadonlySet<number> | null;
  /** Names of the devices to trace; null for all. By name, so that a device made again is still meant. */
  devices?: readonly string[] | null;
  /** Requests whose target or sender lies in none of these prefixes are only counted; null, or none, for all. */
  targets?: readonly Prefix[] | null;
  senders?: readonly Prefix[] | null;
  /** Hooks to leave out: to see what their absence costs. */
  leaveOut?: readonly string[];
  /** Sees each batch of wire records before it is decoded. The buffer is used again: keep a copy, not the buffer. */
  tap?: (batch: Buffer) => void;
  /** Each pass bears its wire record, for a recording. */
  keepRecords?: boolean;
  /** How to attach; absent: the best that works. */
  tier?: Tier;
}

/**
 * Load the BPF object with the programs of a tier, leaving out what this kernel refuses.
 * @param leftOut programs that are not to be loaded, with the reason; those that the kernel refuses are added
 * @throws {ArpwhyError} `unsupported` when the kernel refuses a required one, or all; `no-bpf-object`
 */
export function loadPrograms(
  native: NativeLibrary,
  symbols: KernelSymbols,
  tier: Tier,
  options: TracerOptions,
  leftOut: Map<string, string>,
): Handle {
  for (;;) {
    const handle = openObject(native);
    try {
      prepare(native, handle, symbols, tier, options, leftOut);
    } catch (error) {
      native.arpwhy_close(handle);
      throw error;
    }
    const status = native.arpwhy_load(handle);
    if (status === 0) return handle;
    const log = takeLog(native);
    native.arpwhy_close(handle);
    refuse(log, status, leftOut);
  }
}

/** As Node names them. */
const architectures: readonly string[] = ['x64', 'arm64'];

function openObject(native: NativeLibrary): Handle {
  const path = ofPackage(`bpf/prebuilt/arpwhy.${process.arch}.bpf.o`);
  if (!architectures.includes(process.arch)) {
    throw new ArpwhyError(
      'unsupported',
      `tracing needs a processor that there is a BPF object for (${architectures.join(', ')}), and this is ${process.arch}`,
    );
  }
  if (!existsSync(path)) {
    throw new ArpwhyError('no-bpf-object', `no BPF object at ${path}: run make bpf, or install arpwhy again`);
  }
  const err = Buffer.alloc(4);
  const handle = native.arpwhy_open(path, err);
  if (handle.address() === 0) {
    const log = takeLog(native);
    const why = lastLine(log) || errnoName(err.readInt32LE());
    throw new ArpwhyError(
      'no-bpf-object',
      `cannot open ${path} (${why}): run make bpf, or install arpwhy again`,
      {
        log,
      },
    );
  }
  return handle;
}

/** Knobs, sizes and programs, before loading. */
function prepare(
  native: NativeLibrary,
  handle: Handle,
  symbols: KernelSymbols,
  tier: Tier,
  options: TracerOptions,
  leftOut: Map<string, string>,
): void {
  const knob = (name: string, value: bigint) => {
    const status = native.arpwhy_set_knob(handle, name, Number(value & 0xffffffffn), Number(value >> 32n));
    if (status < 0) throw new ArpwhyError('load-failed', `the BPF object has no knob ${name}: run make bpf`);
  };
  const arpProcess = symbols.range('arp_process');
  if (arpProcess.start === 0n) {
    throw new ArpwhyError(
      'unsupported',
      symbols.hidden
        ? '/proc/kallsyms hides where arp_process lies (kernel.kptr_restrict=2 does that): run sysctl kernel.kptr_restrict=1'
        : '/proc/kallsyms does not name arp_process: it takes a kernel with CONFIG_KALLSYMS=y and CONFIG_INET=y, and /proc mounted',
    );
  }
  const arpRcv = symbols.range('arp_rcv');
  const consume = symbols.range('consume_skb');
  const netfilter = symbols.range('nf_hook_slow');
  const core = symbols.range('__netif_receive_skb_core', '.constprop.0');
  // the one calls the other, and drops what was to be passed on
  const xdp = symbols.range('do_xdp_generic');
  const xdpReceive = symbols.range('netif_receive_generic_xdp');
  const proxyProcess = symbols.range('neigh_proxy_process').start;
  knob('arp_process_start', arpProcess.start);
  knob('arp_process_end', arpProcess.end);
  knob('arp_rcv_start', arpRcv.start);
  knob('arp_rcv_end', arpRcv.end);
  knob('consume_skb_start', consume.start);
  knob('consume_skb_end', consume.end);
  knob('nf_hook_slow_start', netfilter.start);
  knob('nf_hook_slow_end', netfilter.end);
  knob('receive_core_start', core.start);
  knob('receive_core_end', core.end);
  knob('xdp_generic_start', xdp.start);
  knob('xdp_generic_end', xdp.end);
  knob('xdp_receive_start', xdpReceive.start);
  knob('xdp_receive_end', xdpReceive.end);
  knob('proxy_process', proxyProcess);
  knob('functions', tier === 'tracepoint' ? 0n : 1n);
  knob('only_netns', options.netns ? 1n : 0n);
  knob('only_devices', options.devices ? 1n : 0n);
  knob('only_targets', options.targets?.length ? 1n : 0n);
  knob('only_senders', options.senders?.length ? 1n : 0n);
  if (proxyProcess === 0n) {
    for (const name of ['timer_start', 'timer_expire_entry', 'timer_expire_exit']) {
      leftOut.set(name, 'the kernel does not say where neigh_proxy_process lies');
    }
  }
  if (tier === 'tracepoint') native.arpwhy_resize(handle, 'changes', 4096);
  if (options.ringBytes) native.arpwhy_resize(handle, 'records', options.ringBytes);
  loadOnly(
    native,
    handle,
    hooksOf(tier).filter(({ name }) => !leftOut.has(name)),
  );
}

function loadOnly(native: NativeLibrary, handle: Handle, chosen: readonly Hook[]): void {
  const programs = new Set(chosen.map((hook) => programOf(native, hook)));
  for (const { program } of hooks.flatMap((hook) => hook.programs)) {
    if (!programs.has(program)) native.arpwhy_leave_out(handle, program);
  }
}

/** One of them is there where kprobes are: to find out by loading a program takes longer. */
const kprobeFiles = [
  '/sys/bus/event_source/devices/kprobe/type',
  '/sys/kernel/tracing/kprobe_events',
  '/sys/kernel/debug/tracing/kprobe_events',
];

/** Bytes: a page, which is a multiple of every smaller one. */
const smallestRing = 65_536;

/**
 * Whether a tier works here: its most telling hook is loaded and attached, and let go again.
 * @returns why it does not; null when it does
 */
export function refusalOf(native: NativeLibrary, tier: Tier): string | null {
  const hook = hooksOf(tier).find(({ name }) => name === probeHooks[tier]);
  if (!hook) return null;
  if (tier === 'trampoline' && 'function' in hook.of) {
    const status = native.arpwhy_try_fexit(hook.of.function);
    return status < 0 ? refusal(hook, status, lastLine(takeLog(native))) : null;
  }
  if (tier === 'kprobe' && !kprobeFiles.some((path) => existsSync(path))) {
    return 'this kernel has no kprobes: it takes one with CONFIG_KPROBE_EVENTS=y';
  }
  const handle = openObject(native);
  native.arpwhy_resize(handle, 'records', smallestRing);
  loadOnly(native, handle, [hook]);
  const loaded = native.arpwhy_load(handle);
  const status = loaded < 0 ? loaded : native.arpwhy_attach(handle, programOf(native, hook));
  const said = lastLine(takeLog(native));
  native.arpwhy_close(handle);
  return status < 0 ? refusal(hook, status, said) : null;
}

function refusal(hook: Hook, status: number, said: string): string {
  const hint = status === -1 ? lockdownHint('integrity', 'confidentiality') : '';
  return `cannot attach ${hook.name}: ${`${errnoName(status)} ${said}`.trim()}${hint}`;
}

/** The program of a hook that takes the arguments that this kernel gives. */
export function programOf(native: NativeLibrary, { of, programs }: Hook): string {
  let given = 0;
  if (programs.length > 1) {
    given =
      'tracepoint' in of
        ? native.arpwhy_tracepoint_arguments(of.tracepoint)
        : native.arpwhy_function_arguments(of.function);
  }
  const fits = (variant: Variant) =>
    variant.arguments <= given &&
    (variant.needs === undefined || native.arpwhy_function_arguments(variant.needs) >= 0);
  const fitting = programs.find(fits) ?? programs.at(-1);
  return (fitting as Variant).program;
}

/** Loading failed: leave out the program that the kernel refused, or give up when it is a required one. */
function refuse(log: string, status: number, leftOut: Map<string, string>): void {
  const name = /prog '(\w+)': failed to load/.exec(log)?.[1] ?? /prog '(\w+)':/.exec(log)?.[1];
  const hook = hooks.find(({ programs }) => programs.some(({ program }) => program === name));
  const why = `${errnoName(status)} ${lastLine(log)}`.trim();
  if (status === -1 || status === -13) {
    const required = !hook || hook.required;
    if (required && !log.includes('processed')) {
      throw new ArpwhyError(
        'unsupported',
        `the kernel refuses BPF programs: ${why}${lockdownHint('confidentiality')}`,
        {
          log,
        },
      );
    }
  }
  if (!hook || leftOut.has(hook.name)) {
    throw new ArpwhyError('unsupported', `cannot load the BPF programs: ${why}`, { log });
  }
  if (hook.required) throw requiredHook(hook, why, log);
  leftOut.set(hook.name, why);
}

/** The error of a hook without which nothing can be said. */
export function requiredHook(hook: Hook, why: string, log: string | null): ArpwhyError {
  return new ArpwhyError(
    'unsupported',
    `cannot attach ${hook.name}: ${why}; without it ${hook.cost}, and no other tier is left to try`,
    { log },
  );
}

/** The kernel says EPERM and no more. @param modes those that refuse what was tried */
function lockdownHint(...modes: string[]): string {
  try {
    const mode = /\[(\w+)\]/.exec(readFileSync('/sys/kernel/security/lockdown', 'latin1'))?.[1];
    return mode && modes.includes(mode) ? `; kernel lockdown=${mode} does that: boot without it` : '';
  } catch {
    return '';
  }
}
