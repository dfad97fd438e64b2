import { constants, createGzip } from 'node:zlib';

/** Compresses as it goes: what {@link add} returns can be read back without what follows. */
export class GzipWriter {
  readonly #stream = createGzip({ level: 1, flush: constants.Z_NO_FLUSH });
  #chunks: Buffer[] = [];
  #error: Error | null = null;

  constructor() {
    this.#stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Compress, up to a sync point. */
  async add(bytes: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
    await new Promise<void>((resolve) => this.#stream.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return this.#take();
  }

  /** What ends the stream. */
  async end(): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.#stream.on('end', resolve);
      this.#stream.end();
    });
    return this.#take();
  }

  #take(): Buffer {
    if (this.#error) throw this.#error;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return bytes;
  }
}
