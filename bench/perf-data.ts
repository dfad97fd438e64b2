import { open } from 'node:fs/promises';

/** Kinds of records in a perf.data file: include/uapi/linux/perf_event.h. */
const kind = { lost: 2, sample: 9, lostSamples: 13 };
const headerBytes = 8;
const chunkBytes = 4 << 20;

/**
 * Count the samples of a perf.data file and those that were lost, without asking perf, which takes seconds.
 * Little-endian, as this machine's perf has just written it.
 */
export async function countSamples(path: string): Promise<{ samples: number; lost: number }> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(56);
    await file.read(header, 0, header.length, 0);
    if (header.toString('latin1', 0, 8) !== 'PERFILE2') throw new Error(`${path} is no perf.data file`);
    const counted = { samples: 0, lost: 0 };
    let at = Number(header.readBigUInt64LE(40));
    const end = at + Number(header.readBigUInt64LE(48));
    const chunk = Buffer.alloc(chunkBytes);
    while (at < end) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunkBytes, end - at), at);
      const counts = countIn(chunk, bytesRead, counted);
      if (counts === 0) break; // cut off in the middle of a record
      at += counts;
    }
    return counted;
  } finally {
    await file.close();
  }
}

/** Returns the bytes of the whole records in a chunk. */
function countIn(chunk: Buffer, bytes: number, counted: { samples: number; lost: number }): number {
  let at = 0;
  while (at + headerBytes <= bytes) {
    const size = chunk.readUInt16LE(at + 6);
    if (size < headerBytes || at + size > bytes) break;
    switch (chunk.readUInt32LE(at)) {
      case kind.sample:
        counted.samples++;
        break;
      case kind.lost:
        counted.lost += Number(chunk.readBigUInt64LE(at + headerBytes + 8));
        break;
      case kind.lostSamples:
        counted.lost += Number(chunk.readBigUInt64LE(at + headerBytes));
        break;
    }
    at += size;
  }
  return at;
}
