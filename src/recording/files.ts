import { constants as fsConstants, lstatSync, unlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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
const highWaterBytes = 64 << 20;
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
      for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
        if (item === 'next') await this.#rotate();
        else await this.#append(item);
        await this.#syncInTime();
      }
      await this.#syncInTime();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #append(blocks: Buffer): Promise<void> {
    const bytes = this.#gzip ? await this.#gzip.add(blocks) : blocks;
    await this.#writeAll(bytes);
    this.#queuedBytes -= blocks.length;
    const whole = Buffer.from(blocks.buffer, 0, blocks.buffer.byteLength);
    if (this.#spare.length < 4) this.#spare.push(whole);
  }

  /** A disk that is full takes some of it: the file is cut back to whole blocks, so that every tool reads it. */
  async #writeAll(bytes: Buffer): Promise<void> {
    let done = 0;
    try {
      while (done < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    } catch (error) {
      const whole = this.#gzip ? 0 : wholeBlocks(bytes.subarray(0, done));
      await this.#handle.truncate(this.#fileBytes + whole).catch(() => {});
      await this.#handle.datasync().catch(() => {});
      throw error;
    }
    this.#fileBytes += bytes.length;
    this.#totalBytes += bytes.length;
    this.#unsynced = true;
  }

  async #syncInTime(): Promise<void> {
    if (performance.now() - this.#lastSync < syncMs) return;
    this.#lastSync = performance.now();
    if (this.#unsynced) await this.#handle.datasync();
    this.#unsynced = false;
    if ((await this.#handle.stat()).nlink === 0) throw new Error('it was removed while it was being written');
  }

  async #finish(): Promise<void> {
    if (this.#gzip) await this.#writeAll(await this.#gzip.end());
    await this.#handle.datasync();
    const { nlink } = await this.#handle.stat();
    await this.#handle.close();
    if (nlink === 0) throw new Error('it was removed while it was being written');
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
    while (keep !== null && this.#made.length > keep) remove(this.#made.shift() as Made);
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
  ENOENT: 'there is no such directory',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'a file may not be larger here: rotate with --rotate',
};

function refusal(path: string, error: unknown, verb: 'make' | 'write'): ArpwhyError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = cures[code ?? ''] ?? message;
  return new ArpwhyError('output', `cannot ${verb} the recording ${path}: ${why}`, { cause: error });
}
