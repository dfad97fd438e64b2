import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spread } from '../../bench/numbers.js';
import { countSamples } from '../../bench/perf-data.js';
import { Results, untraced } from '../../bench/results.js';
import type { Measured } from '../../bench/round.js';

function ran(rate: number): Measured {
  const arp = { sent: rate, answered: rate, seconds: 1, waited: 0, rate };
  return { arp, policy: null, plain: null, tool: null };
}

describe('a spread', () => {
  it('is the middle of an odd or even number of values, and their ends', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([10, 9, 100, 8])).toEqual({ median: 9.5, min: 8, max: 100 });
    expect(spread([])).toBeNull();
  });
});

describe('the results of a benchmark', () => {
  const results = new Results();
  results.addRound(1, [
    { row: untraced, measured: ran(100) },
    { row: 'a', measured: ran(60) },
    { row: untraced, measured: ran(200) },
    { row: 'b', measured: ran(50) },
    { row: untraced, measured: ran(50) },
  ]);

  it('compare a row with the untraced runs right before and after it', () => {
    expect(results.ratio('a', ({ arp }) => arp.rate)?.median).toBeCloseTo(60 / 150);
    expect(results.ratio('b', ({ arp }) => arp.rate)?.median).toBeCloseTo(50 / 125);
  });

  it('compare an untraced run with the one before', () => {
    expect(results.ratio(untraced, ({ arp }) => arp.rate)).toEqual({ median: 1.125, min: 0.25, max: 2 });
  });

  it('tell of requests that nobody here sent', () => {
    const used = { attachSeconds: 0, cpuSeconds: 0, peakMiB: 0, endSeconds: 0, bytes: 0, proven: null };
    const withTool = (delivered: number) => {
      const tool = { ...used, requests: 1000, delivered, lost: 600 };
      const some = new Results();
      some.addRound(1, [{ row: 'a', measured: { ...ran(100), tool } }]);
      return some.strangeRequests();
    };
    expect(withTool(400)).toBe(0);
    expect(withTool(450)).toBe(0);
    expect(withTool(900)).toBe(500);
  });

  it('tell nothing of what was not measured', () => {
    expect(results.ratio('a', ({ plain }) => plain?.rate)).toBeNull();
    expect(results.spread('c', ({ arp }) => arp.rate)).toBeNull();
  });
});

describe('a perf.data file', () => {
  it('is counted record by record, up to one that is cut off', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'arpwhy-test-'));
    try {
      const path = join(directory, 'perf.data');
      const data = Buffer.concat([
        record(9, 40),
        record(1, 16),
        record(9, 40),
        record(2, 24, [7n, 5n]), // LOST: id, count
        record(13, 16, [3n]), // LOST_SAMPLES: count
        record(9, 40).subarray(0, 20),
      ]);
      writeFileSync(path, Buffer.concat([header(data.length), data]));
      expect(await countSamples(path)).toEqual({ samples: 2, lost: 8 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

function header(bytes: number): Buffer {
  const buffer = Buffer.alloc(104);
  buffer.write('PERFILE2');
  buffer.writeBigUInt64LE(104n, 40);
  buffer.writeBigUInt64LE(BigInt(bytes), 48);
  return buffer;
}

function record(type: number, size: number, body: bigint[] = []): Buffer {
  const buffer = Buffer.alloc(size);
  buffer.writeUInt32LE(type, 0);
  buffer.writeUInt16LE(size, 6);
  for (const [i, value] of body.entries()) buffer.writeBigUInt64LE(value, 8 + 8 * i);
  return buffer;
}
