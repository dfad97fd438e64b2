import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ArpwhyError } from '../errors.js';
import { ofPackage } from '../package-root.js';

/** An open BPF object in the native library; only ever handed back to it. */
export type Handle = Buffer & { address(): number };

/**
 * The native library's functions, see native/arpwhy.h. Every int is 0 or a count, or a negative errno. All run
 * on the main thread: a call costs 10 to 20 us, so records come in batches.
 */
export interface NativeLibrary {
  arpwhy_abi(): number;
  arpwhy_log(to: Buffer, size: number): number;
  arpwhy_begin(): void;
  arpwhy_symbols(to: Buffer | null, size: number): number;
  arpwhy_open(path: string, err: Buffer): Handle;
  arpwhy_set_knob(self: Handle, name: string, low: number, high: number): number;
  arpwhy_resize(self: Handle, map: string, entries: number): number;
  arpwhy_leave_out(self: Handle, program: string): number;
  arpwhy_load(self: Handle): number;
  arpwhy_attach(self: Handle, program: string): number;
  arpwhy_detach(self: Handle): number;
  arpwhy_map_set(self: Handle, map: string, key: Buffer, value: number): number;
  arpwhy_map_delete(self: Handle, map: string, key: Buffer): number;
  arpwhy_map_count(self: Handle, map: string): number;
  arpwhy_wake_fd(self: Handle): number;
  arpwhy_drain(self: Handle, to: Buffer, size: number): number;
  arpwhy_drain_changes(self: Handle, to: Buffer, size: number): number;
  arpwhy_changes_lost(self: Handle, to: Buffer): number;
  arpwhy_counters(self: Handle, to: Buffer, size: number): number;
  arpwhy_run_stats(self: Handle, program: string, countAndNs: Buffer): number;
  arpwhy_generations(self: Handle, addresses: Buffer, count: number, to: Buffer, size: number): number;
  arpwhy_generation_of(self: Handle, netnsFd: number, to: Buffer, size: number): number;
  arpwhy_tracepoint_arguments(name: string): number;
  arpwhy_function_arguments(name: string): number;
  arpwhy_try_fexit(name: string): number;
  arpwhy_enum_name(type: string, value: number, to: Buffer, size: number): number;
  arpwhy_spawn(words: Buffer, environment: Buffer, keep: number, streams: Buffer): number;
  arpwhy_reap(pid: number): number;
  arpwhy_close(self: Handle): void;
}

const abi = 4;

const signatures = {
  arpwhy_abi: ['int', []],
  arpwhy_log: ['int', ['pointer', 'int']],
  arpwhy_begin: ['void', []],
  arpwhy_symbols: ['int', ['pointer', 'int']],
  arpwhy_open: ['pointer', ['string', 'pointer']],
  arpwhy_set_knob: ['int', ['pointer', 'string', 'uint32', 'uint32']],
  arpwhy_resize: ['int', ['pointer', 'string', 'uint32']],
  arpwhy_leave_out: ['int', ['pointer', 'string']],
  arpwhy_load: ['int', ['pointer']],
  arpwhy_attach: ['int', ['pointer', 'string']],
  arpwhy_detach: ['int', ['pointer']],
  arpwhy_map_set: ['int', ['pointer', 'string', 'pointer', 'uint8']],
  arpwhy_map_delete: ['int', ['pointer', 'string', 'pointer']],
  arpwhy_map_count: ['int', ['pointer', 'string']],
  arpwhy_wake_fd: ['int', ['pointer']],
  arpwhy_drain: ['int', ['pointer', 'pointer', 'int']],
  arpwhy_drain_changes: ['int', ['pointer', 'pointer', 'int']],
  arpwhy_changes_lost: ['int', ['pointer', 'pointer']],
  arpwhy_counters: ['int', ['pointer', 'pointer', 'int']],
  arpwhy_run_stats: ['int', ['pointer', 'string', 'pointer']],
  arpwhy_generations: ['int', ['pointer', 'pointer', 'int', 'pointer', 'int']],
  arpwhy_generation_of: ['int', ['pointer', 'int', 'pointer', 'int']],
  arpwhy_tracepoint_arguments: ['int', ['string']],
  arpwhy_function_arguments: ['int', ['string']],
  arpwhy_try_fexit: ['int', ['string']],
  arpwhy_enum_name: ['int', ['string', 'int', 'pointer', 'int']],
  arpwhy_spawn: ['int', ['pointer', 'pointer', 'int', 'pointer']],
  arpwhy_reap: ['int', ['int']],
  arpwhy_close: ['void', ['pointer']],
} as const;

let loaded: NativeLibrary | null = null;

/**
 * Load the native library through FFI, once. This is the only place that knows of FFI.
 * @throws {ArpwhyError} `no-native-library` naming every path that was tried, or the npm package that is missing
 */
export function nativeLibrary(): NativeLibrary {
  if (loaded) return loaded;
  const path = libraryPath();
  const require = createRequire(import.meta.url);
  let library: NativeLibrary;
  try {
    library = require('@2060.io/ffi-napi').Library(path, signatures) as NativeLibrary;
  } catch (error) {
    throw explain(error, path);
  }
  if (library.arpwhy_abi() !== abi) {
    throw new ArpwhyError(
      'no-native-library',
      `${path} is of another version (${library.arpwhy_abi()}, wanted ${abi}): run make native`,
    );
  }
  loaded = library;
  return library;
}

/** Beside the package, and nowhere else: the library runs with the rights of root. */
function libraryPath(): string {
  const path = ofPackage('native/libarpwhy.so');
  if (existsSync(path)) return path;
  throw new ArpwhyError(
    'no-native-library',
    `no native library at ${path}: run make (needs gcc and libbpf-dev)`,
  );
}

function explain(error: unknown, path: string): ArpwhyError {
  const text = error instanceof Error ? error.message : String(error);
  if ((error as { code?: string }).code === 'MODULE_NOT_FOUND') {
    return new ArpwhyError(
      'no-native-library',
      '@2060.io/ffi-napi is not installed: run npm install (it is compiled then; needs python3, make and g++)',
      { cause: error },
    );
  }
  if (text.includes('libbpf')) {
    return new ArpwhyError(
      'no-native-library',
      `cannot load libbpf.so.1: apt-get install libbpf1 (${text})`,
      {
        cause: error,
      },
    );
  }
  return new ArpwhyError('no-native-library', `cannot load ${path}: ${text}`, { cause: error });
}
