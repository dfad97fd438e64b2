import { constants as fsConstants, lstatSync, statSync, unlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoWords } from '../errno-words.js';
import { ArpwhyError } from '../errors.js';
import { GzipWriter } from './gzip.js';
import { wholeBlocks } from './whole-blocks.js';

export interface FileOptions {
  /** Of the only file; of several, their names are made from it: "inc.pcapng" gives "inc-0001.pcapng". */
  path: string;
  /** Several files, one after another. */
  numbered: boolean;
  /** Of several files, remove all but the newest so many; only ever what this run made. */
  keep: number | null;
  compress: boolean;
  /** Called once, when nothing can be written any more. */
  onError(error: ArpwhyError): void;
}

/** With more than this waiting to be written, the producer is told to wait. */
const highWaterBytes = 128 << 20;
/** Written at once, at most: in a flood the loop comes round seldom. */
const mostWriteBytes = 16 << 20;
/** What was captured is safe on the disk after so long, whatever becomes of the process or the machine. */
const syncMs = 900;

interface Made {
  path: string;
  dev: number;
  ino: number;
}

/**
 * The files of one recording: whole blocks in, written in order by one loop, synced every second. Files are made
 * anew, readable for their owner alone, and given to the user behind sudo; nothing that was there is ever touched.
 */
export class RecordingFiles {
  readonly #options: FileOptions;
  readonly #made: Made[] = [];
  #handle: FileHandle;
  #gzip: GzipWriter | null;
  #queue: (Buffer | 'next')[] = [];
  #queuedBytes = 0;
  #loop: Promise<void> | null = null;
  #fileBytes = 0;
  #totalBytes = 0;
  #unsynced = false;
  #lastSync = performance.now();
  /** A sync that runs while what comes after it is written. */
  #syncing: Promise<void> | null = null;
  #failed: ArpwhyError | null = null;
  readonly #spare: Buffer[] = [];

  /**
   * Make the first file.
   * @throws {ArpwhyError} `output` when there is one of that name already, or none can be made
   */
  static async open(options: FileOptions): Promise<RecordingFiles> {
    const absolute = { ...options, path: resolve(options.path) };
    const first = pathOf(absolute, 1);
    const handle = await make(first);
    return new RecordingFiles(absolute, handle, await identity(handle, first));
  }

  private constructor(options: FileOptions, handle: FileHandle, made: Made) {
    this.#options = options;
    this.#handle = handle;
    this.#made.push(made);
    this.#gzip = options.compress ? new GzipWriter() : null;
  }

  /** The producer had better wait. */
  get congested(): boolean {
    return this.#queuedBytes > highWaterBytes;
  }

  get failed(): ArpwhyError | null {
    return this.#failed;
  }

  /** Of the current file, as they lie on the disk. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Of all files together. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Of the files that are still there. */
  get keptBytes(): number {
    return this.#made.reduce(
      (sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  /** Files that were removed to keep the newest. */
  get removed(): number {
    return this.#removed;
  }
  #removed = 0;

  /** The paths of the files that are still there, oldest first. */
  get paths(): string[] {
    return this.#made.map(({ path }) => path);
  }

  /** A buffer that was written and can be used again. */
  spare(): Buffer | undefined {
    return this.#spare.pop();
  }

  /** Whole blocks, one behind another. The buffer belongs to this object until {@link spare} hands it out. */
  write(blocks: Buffer): void {
    if (this.#failed || blocks.length === 0) return;
    this.#queue.push(blocks);
    this.#queuedBytes += blocks.length;
    this.#work();
  }

  /** What is written from now on goes into the next file. */
  next(): void {
    if (this.#failed) return;
    this.#queue.push('next');
    this.#work();
  }

  /** Sync what was written, when its time has come; and notice that the file was removed. */
  tick(): void {
    this.#work();
  }

  /** Write what is left, sync it, and let go. Never throws: what failed was told to `onError`. */
  async close(): Promise<void> {
    while (this.#loop) await this.#loop;
    await this.#syncing;
    try {
      if (!this.#failed) await this.#finish();
      else await this.#handle.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Remove what was made: the recording never began. */
  async discard(): Promise<void> {
    for (const made of this.#made) remove(made);
  }

  #work(): void {
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
      if (this.#queue.length > 0 && !this.#failed) this.#work();
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        if (this.#queue[0] === 'next') {
          this.#queue.shift();
          await this.#rotate();
        } else {
          await this.#append(this.#taken());
        }
        this.#syncInTime();
      }
      this.#syncInTime();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What lies first in the queue, as much as is written at once. */
  #taken(): Buffer[] {
    const taken: Buffer[] = [];
    let bytes = 0;
    for (const item of this.#queue) {
      if (item === 'next' || (bytes > 0 && bytes + item.length > mostWriteBytes)) break;
      taken.push(item);
      bytes += item.length;
    }
    this.#queue.splice(0, taken.length);
    return taken;
  }

  async #append(taken: Buffer[]): Promise<void> {
    if (this.#gzip) for (const blocks of taken) await this.#writeAll([await this.#gzip.add(blocks)]);
    else await this.#writeAll(taken);
    for (const blocks of taken) {
      this.#queuedBytes -= blocks.length;
      const whole = Buffer.from(blocks.buffer, 0, blocks.buffer.byteLength);
      if (this.#spare.length < mostSpare) this.#spare.push(whole);
    }
  }

  /** A disk that is full takes some of it: the file is cut back to whole blocks, so that every tool reads it. */
  async #writeAll(buffers: Buffer[]): Promise<void> {
    let left = buffers;
    try {
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left);
        left = behind(left, bytesWritten);
      }
    } catch (error) {
      const [first] = left;
      const full = buffers.slice(0, buffers.length - left.length);
      const cut = buffers[full.length];
      const done = first && cut ? cut.subarray(0, cut.length - first.length) : undefined;
      const whole = this.#gzip || !done ? 0 : wholeBlocks(done);
      await this.#handle.truncate(this.#fileBytes + lengthOf(full) + whole).catch(() => {});
      await this.#handle.datasync().catch(() => {});
      throw error;
    }
    this.#fileBytes += lengthOf(buffers);
    this.#totalBytes += lengthOf(buffers);
    this.#unsynced = true;
  }

  /** In a flood a sync takes long: writing goes on beside it. */
  #syncInTime(): void {
    if (this.#syncing || performance.now() - this.#lastSync < syncMs) return;
    this.#lastSync = performance.now();
    this.#syncing = this.#sync()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#syncing = null;
      });
  }

  async #sync(): Promise<void> {
    const unsynced = this.#unsynced;
    this.#unsynced = false;
    if (unsynced) await this.#handle.datasync();
    if ((await this.#handle.stat()).nlink === 0) throw new Error(removed);
  }

  async #finish(): Promise<void> {
    if (this.#gzip) await this.#writeAll([await this.#gzip.end()]);
    await this.#syncing;
    await this.#handle.datasync();
    const { nlink } = await this.#handle.stat();
    await this.#handle.close();
    if (nlink === 0) throw new Error(removed);
  }

  async #rotate(): Promise<void> {
    await this.#finish();
    const path = pathOf(this.#options, this.#made.length === 0 ? 1 : this.#number + 1);
    this.#handle = await make(path);
    this.#number++;
    this.#made.push(await identity(this.#handle, path));
    this.#gzip = this.#options.compress ? new GzipWriter() : null;
    this.#fileBytes = 0;
    const { keep } = this.#options;
    while (keep !== null && this.#made.length > keep) {
      remove(this.#made.shift() as Made);
      this.#removed++;
    }
  }
  #number = 1;

  #fail(error: unknown): void {
    if (this.#failed) return;
    const path = this.#made.at(-1)?.path ?? this.#options.path;
    const told = error instanceof ArpwhyError ? error : refusal(path, error, 'write');
    this.#failed = told;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#options.onError(told);
  }
}

const removed = 'it was removed while it was being written';
/** Buffers kept to be filled again. */
const mostSpare = 32;

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

/** What of the buffers lies behind so many bytes. */
function behind(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  for (const [i, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(i + 1)];
    left -= buffer.length;
  }
  return [];
}

/** "dir/inc.pcapng" → "dir/inc-0001.pcapng", with .gz behind it where it is compressed */
function pathOf({ path, numbered, compress }: FileOptions, number: number): string {
  const plain = path.replace(/\.gz$/, '');
  const [, stem = plain, extension = ''] = /^(.*?[^/])(\.[^./]+)?$/.exec(plain) ?? [];
  const name = numbered ? `${stem}-${String(number).padStart(4, '0')}${extension}` : plain;
  return compress ? `${name}.gz` : name;
}

/** @throws {ArpwhyError} `output` */
async function make(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fsConstants;
  try {
    const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const owner = sudoUser();
      if (owner) await handle.chown(owner.uid, owner.gid);
      await syncDirectory(dirname(path));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle;
  } catch (error) {
    throw refusal(path, error, 'make');
  }
}

/** The name of a new file is only safe once its directory is. Some file systems do not know how: no matter. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, fsConstants.O_RDONLY);
  await directory.sync().catch(() => {});
  await directory.close();
}

/** Who ran sudo; null when nobody did. */
function sudoUser(): { uid: number; gid: number } | null {
  if (process.geteuid?.() !== 0) return null;
  const [uid, gid] = [process.env.SUDO_UID ?? '', process.env.SUDO_GID ?? ''];
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { uid: Number(uid), gid: Number(gid) } : null;
}

async function identity(handle: FileHandle, path: string): Promise<Made> {
  const { dev, ino } = await handle.stat();
  return { path, dev, ino };
}

/** What lies at the path by now may be another's. */
function remove({ path, dev, ino }: Made): void {
  try {
    const there = lstatSync(path);
    if (there.dev === dev && there.ino === ino) unlinkSync(path);
  } catch {}
}

const cures: Record<string, string> = {
  EEXIST: 'there is one already: remove it, or name another',
  ELOOP: 'it is a symbolic link: name a new file',
  ...errnoWords,
  EFBIG: 'a file may not be larger here: rotate with --rotate',
};

function refusal(path: string, error: unknown, verb: 'make' | 'write'): ArpwhyError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = cures[code ?? ''] ?? message;
  return new ArpwhyError('output', `cannot ${verb} the recording ${path}: ${why}`, { cause: error });
}
