import type { Writable } from 'node:stream';
import { errnoWords } from '../errno-words.js';
import { ArpwhyError } from '../errors.js';

/**
 * Standard output that may close at any time (`| head -1`) and may be slow. Writing waits for a slow reader; a
 * closed pipe ends the work in peace, any other error is told.
 */
export class Output {
  readonly #stream: Writable;
  #error: NodeJS.ErrnoException | null = null;
  #closed: (() => void) | null = null;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#error ??= error;
      this.#closed?.();
    });
  }

  /** Call back when nothing can be written any more. */
  onClosed(callback: () => void): void {
    this.#closed = callback;
    if (this.#error) callback();
  }

  get isClosed(): boolean {
    return this.#error !== null;
  }

  /** Resolves when the stream takes more; at once when it is closed. */
  async write(text: string): Promise<void> {
    if (this.#error || text === '') return;
    if (this.#stream.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off('drain', done);
        this.#stream.off('error', done);
        this.#stream.off('close', done);
        resolve();
      };
      this.#stream.on('drain', done);
      this.#stream.on('error', done);
      this.#stream.on('close', done);
    });
  }

  /** Resolves when the memory of these bytes may be used again; at once when it is closed. */
  async writeBytes(bytes: Uint8Array): Promise<void> {
    if (this.#error || bytes.length === 0) return;
    await new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
  }

  /** Resolves when all that was written has been handed over, or nothing can be. */
  async flushed(): Promise<void> {
    if (this.#error) return;
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
    await new Promise(setImmediate); // a failed write calls back before its error is told
  }

  /** @throws {ArpwhyError} `output` when writing failed for another reason than a closed pipe */
  check(): void {
    if (this.#error && this.#error.code !== 'EPIPE') {
      const why = errnoWords[this.#error.code ?? ''] ?? this.#error.message;
      throw new ArpwhyError('output', `cannot write the output: ${why}`, {
        cause: this.#error,
      });
    }
  }
}
