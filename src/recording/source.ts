import { open } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ArpwhyError } from '../errors.js';

const chunkBytes = 1 << 20;
/** Decompressed bytes that may wait for their reader. */
const highWaterBytes = 8 << 20;

/** The bytes of a recording, decompressed; and what went wrong with that, once they have ended. */
export interface Source {
  chunks: AsyncIterable<Buffer>;
  /** Null while nothing did. */
  failure(): string | null;
}

/**
 * Open a file, or standard input for `-`. gzip is recognised by its first bytes, zstd too where Node knows it.
 * @throws {ArpwhyError} `recording` when it cannot be opened
 */
export async function openSource(path: string, stdin: Readable = process.stdin): Promise<Source> {
  const raw = path === '-' ? stdin : await openFile(path);
  let failure: string | null = null;
  async function* chunks(): AsyncGenerator<Buffer> {
    const reader = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    try {
      const first = await reader.next();
      if (first.done) return;
      const decompressor = decompressorFor(first.value, path);
      if (!decompressor) {
        yield first.value;
        for (let next = await reader.next(); !next.done; next = await reader.next()) yield next.value;
        return;
      }
      yield* through(decompressor, first.value, reader, (error) => {
        failure = `its compressed data is damaged (${error.message})`;
      });
    } catch (error) {
      if (error instanceof ArpwhyError) throw error;
      failure = `it could not be read to its end (${(error as Error).message})`;
    } finally {
      raw.destroy();
    }
  }
  return { chunks: chunks(), failure: () => failure };
}

async function openFile(path: string): Promise<Readable> {
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isDirectory()) {
      await handle.close();
      throw new Error('it is a directory');
    }
    return handle.createReadStream({ highWaterMark: chunkBytes });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'not permitted' : message;
    throw new ArpwhyError('recording', `cannot open the recording ${path}: ${why}`, { cause: error });
  }
}

/** What a file that was cut off holds is handed out, and no error made of it. */
function decompressorFor(first: Buffer, path: string): Transform | null {
  if (first[0] === 0x1f && first[1] === 0x8b) {
    return zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize: 1 << 18 });
  }
  if (first.length < 4 || first.readUInt32LE(0) !== 0xfd2fb528) return null;
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  if (createZstdDecompress) return createZstdDecompress();
  throw new ArpwhyError(
    'recording',
    `${path} is compressed by zstd, which this Node cannot read: run zstd -d first`,
  );
}

/** Every byte that comes out before an error is handed out: a stream's own iterator would drop some. */
async function* through(
  decompressor: Transform,
  first: Buffer,
  rest: AsyncIterator<Buffer>,
  onError: (error: Error) => void,
): AsyncGenerator<Buffer> {
  const out: Buffer[] = [];
  let waiting = 0;
  let ended = false;
  let wake = () => {};
  decompressor.on('data', (chunk: Buffer) => {
    out.push(chunk);
    waiting += chunk.length;
    if (waiting > highWaterBytes) decompressor.pause();
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  decompressor.on('end', end);
  decompressor.on('error', (error) => {
    onError(error);
    end();
  });
  void feed(decompressor, first, rest, (error) => {
    onError(error);
    end();
  });
  while (out.length > 0 || !ended) {
    const chunk = out.shift();
    if (chunk) {
      waiting -= chunk.length;
      if (decompressor.isPaused() && waiting < highWaterBytes / 2) decompressor.resume();
      yield chunk;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

async function feed(
  to: Transform,
  first: Buffer,
  rest: AsyncIterator<Buffer>,
  onError: (error: Error) => void,
): Promise<void> {
  try {
    for (let chunk = first; ; ) {
      if (to.destroyed) return;
      if (!to.write(chunk)) {
        await new Promise<void>((resolve) => {
          to.once('drain', resolve);
          to.once('close', resolve);
        });
      }
      const next = await rest.next();
      if (next.done) break;
      chunk = next.value;
    }
    to.end();
  } catch (error) {
    onError(error as Error);
  }
}
