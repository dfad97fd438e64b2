import { basename } from 'node:path';
import type { Command } from 'commander';
import { ArpwhyError } from '../errors.js';
import { RecordingFiles } from '../recording/files.js';
import { Recorder, type Rotation } from '../recording/recorder.js';
import type { StreamTap } from '../stream/tap.js';
import { type Context, say } from './context.js';
import { count } from './options.js';

export interface RecordOptions {
  output?: string;
  rotate?: Rotation;
  keep?: number;
  compress?: boolean;
}

export function addRecording(command: Command): Command {
  return command
    .option(
      '--rotate <size|time>',
      'with -o: begin a new file (FILE-0001, FILE-0002, ...) after so much, 100M or 2G, or so long, 30s, 15m, 12h or 1d',
      rotation,
    )
    .option('--keep <n>', 'with --rotate: keep only the newest files', count('--keep'))
    .option('--compress', 'with -o: compress by gzip; Wireshark and replay read it as it is');
}

const bytesOf: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const msOf: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function rotation(value: string): Rotation {
  const [, number = '', unit = ''] = /^(\d{1,9})([KMGsmhd])$/.exec(value) ?? [];
  const amount = Number(number);
  if (amount > 0 && unit in bytesOf) return { bytes: amount * (bytesOf[unit] as number) };
  if (amount > 0 && unit in msOf) return { ms: amount * (msOf[unit] as number) };
  throw new ArpwhyError(
    'usage',
    `--rotate takes a size (K, M or G: 100M) or a time (s, m, h or d: 15m), not ${JSON.stringify(value)}`,
  );
}

/** A recording that is being made beside a trace. */
export class Recording {
  readonly #files: RecordingFiles;
  readonly #recorder: Recorder;
  #closed = false;

  /**
   * Make the file; null when none was asked for.
   * @param onError called when nothing can be written any more; {@link check} throws the error then
   * @throws {ArpwhyError} `usage`, or `output` when the file cannot be made
   */
  static async open(options: RecordOptions, onError: () => void): Promise<Recording | null> {
    const { output, rotate = null, keep = null, compress = false } = options;
    if (output === undefined) {
      const lonely = rotate ? '--rotate' : keep ? '--keep' : compress ? '--compress' : null;
      if (lonely) throw new ArpwhyError('usage', `${lonely} belongs to a recording: name its file with -o`);
      return null;
    }
    if (keep !== null && !rotate) {
      throw new ArpwhyError('usage', '--keep belongs to --rotate: without it there is one file only');
    }
    if (output === '' || output.endsWith('/')) throw new ArpwhyError('usage', '-o takes the name of a file');
    if (output === '-')
      throw new ArpwhyError('usage', '-o -: a recording is no stream, it goes into a file: name one');
    const files = await RecordingFiles.open({
      path: output,
      numbered: rotate !== null,
      keep,
      compress: compress || output.endsWith('.gz'),
      onError,
    });
    const command = ['arpwhy', ...process.argv.slice(2)].join(' ');
    return new Recording(files, new Recorder(files, { rotation: rotate, command }));
  }

  private constructor(files: RecordingFiles, recorder: Recorder) {
    this.#files = files;
    this.#recorder = recorder;
  }

  get tap(): StreamTap {
    return this.#recorder;
  }

  get failed(): boolean {
    return this.#files.failed !== null;
  }

  /** "recording 3.4 MB in inc.pcapng", or that it failed: for who watches something else meanwhile. */
  state(): { text: string; failed: boolean } {
    const { paths, totalBytes, failed } = this.#files;
    if (failed) return { text: `NOT RECORDING: ${failed.message}`, failed: true };
    return { text: `recording ${size(totalBytes)} in ${basename(paths.at(-1) ?? '')}`, failed: false };
  }

  /** "1,204 requests seen, 1,200 decisions, 3.4 MB" */
  progress(seen: number): string {
    return `${seen} requests seen, ${this.#recorder.decisions} decisions, ${size(this.#files.totalBytes)}`;
  }

  /** Write what is left. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#recorder.close();
  }

  /** The trace could not begin: nothing is left behind. */
  async discard(): Promise<void> {
    this.#closed = true;
    await this.#recorder.close();
    await this.#files.discard();
  }

  tell(context: Context): void {
    const { paths, totalBytes, keptBytes, removed, failed } = this.#files;
    const last = paths.at(-1) ?? '';
    const where = paths.length === 1 ? last : `${paths.length} files, the last one ${last}`;
    // how many decisions are in it is known of what was written to its end alone
    if (failed) say(context, `what was written before stays readable: ${size(keptBytes)}, in ${where}`);
    else if (removed > 0)
      say(
        context,
        `recorded ${this.#recorder.decisions} decisions, ${size(totalBytes)}, in ${removed + paths.length} files; the newest ${paths.length} were kept, ${size(keptBytes)}, the last one ${last}`,
      );
    else say(context, `recorded ${this.#recorder.decisions} decisions, ${size(totalBytes)}, in ${where}`);
  }

  /** @throws {ArpwhyError} `output` when it could not be written to its end */
  check(): void {
    if (this.#files.failed) throw this.#files.failed;
  }
}

function size(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
