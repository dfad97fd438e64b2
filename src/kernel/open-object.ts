import { Socket } from 'node:net';
import { ArpwhyError } from '../errors.js';
import type { Handle, NativeLibrary } from './library.js';
import { errnoName } from './native-words.js';

/**
 * A loaded BPF object: its ring, its counters, and the maps that say what is looked at (bpf/scope.h). When the process
 * ends in any way, the kernel removes programs, links and maps.
 */
export class OpenObject {
  readonly #native: NativeLibrary;
  readonly #small = Buffer.alloc(256);
  readonly #traced = new Set<number>();
  #handle: Handle | null;
  #wake: Socket | null = null;

  constructor(native: NativeLibrary, handle: Handle) {
    this.#native = native;
    this.#handle = handle;
  }

  /** @throws {ArpwhyError} `load-failed` once it is closed */
  get handle(): Handle {
    if (!this.#handle) throw new ArpwhyError('load-failed', 'the trace is closed');
    return this.#handle;
  }

  mapSet(map: string, key: Buffer, value = 1): void {
    const status = this.#native.arpwhy_map_set(this.handle, map, key, value);
    if (status < 0) throw new ArpwhyError('load-failed', `cannot fill ${map}: ${errnoName(status)}`);
  }

  /** Replace the set of traced namespaces (only where it was loaded to look at some). */
  setNetns(inodes: ReadonlySet<number>): void {
    for (const inode of this.#traced) {
      if (inodes.has(inode)) continue;
      this.#native.arpwhy_map_delete(this.handle, 'filter_netns', numberKey(inode));
      this.#traced.delete(inode);
    }
    for (const inode of inodes) {
      if (this.#traced.has(inode)) continue;
      this.mapSet('filter_netns', numberKey(inode));
      this.#traced.add(inode);
    }
  }

  setDevices(names: readonly string[]): void {
    for (const name of names) {
      const key = Buffer.alloc(16);
      key.write(name, 'utf8');
      this.mapSet('filter_devices', key);
    }
  }

  /** Hooks come and go one by one: what only some of them would see is not told. */
  setWhole(whole: boolean): void {
    this.mapSet('whole', numberKey(0), whole ? 1 : 0);
  }

  /** Call back when the ring has records. The callback drains; it may be called without need. */
  onRecords(callback: () => void): void {
    const fd = this.#native.arpwhy_wake_fd(this.handle);
    if (fd < 0) throw new ArpwhyError('load-failed', `cannot wait for records: ${errnoName(fd)}`);
    this.#wake = new Socket({ fd, readable: true, writable: false });
    this.#wake.on('data', callback);
    this.#wake.on('error', () => {});
  }

  /** Records of the ring into a buffer; returns how many bytes they take. */
  drain(batch: Buffer): number {
    const bytes = this.#native.arpwhy_drain(this.handle, batch, batch.length);
    if (bytes < 0) throw new ArpwhyError('load-failed', `cannot read the ring: ${errnoName(bytes)}`);
    return bytes;
  }

  /** Reads a counter of struct arpwhy_counters by its offset, as they are now. */
  counters(): (offset: number) => bigint {
    const status = this.#native.arpwhy_counters(this.handle, this.#small, this.#small.length);
    if (status < 0) throw new ArpwhyError('load-failed', `cannot read the counters: ${errnoName(status)}`);
    return (offset) => this.#small.readBigUInt64LE(offset);
  }

  /** Stop seeing. What is in the ring can still be drained, and counters can be read. */
  detach(): void {
    this.setWhole(false);
    this.#native.arpwhy_detach(this.handle);
  }

  /** Let everything go. */
  close(): void {
    if (!this.#handle) return;
    const handle = this.#handle;
    this.#handle = null;
    this.#wake?.destroy();
    this.#native.arpwhy_close(handle);
  }
}

function numberKey(number: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(number);
  return key;
}
