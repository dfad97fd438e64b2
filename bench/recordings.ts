import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './children.js';
import { scanTargets, stormTargets } from './load.js';
import { type Measured, sustain } from './round.js';
import { arpwhy, recordInto } from './rows.js';
import type { World } from './world.js';

const usage = fileURLToPath(new URL('../bench/usage', import.meta.url));

/** What a recording of a sustained load took, and what it takes to read it again. */
export interface Recordings {
  made: { targets: number; bytes: number; measured: Measured }[];
  /** Of the recording of the storm. */
  read: Reading[];
}

export interface Reading {
  /** The command, for the reader. */
  what: string;
  /** Decisions in the recording. */
  decisions: number;
  /** From exec to exit. */
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  /** What it wrote. */
  bytes: number;
}

/** Record a storm and a scan, and read the storm back in each way that takes another path through the reader. */
export async function measureRecordings(
  world: World,
  { rate, seconds }: { rate: number; seconds: number },
  progress: (what: string) => void,
): Promise<Recordings> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-bench-'));
  try {
    const file = (targets: number) => join(directory, `${targets}.pcapng`);
    const made: Recordings['made'] = [];
    for (const targets of [stormTargets, scanTargets]) {
      progress(`record ${rate} requests/s for ${seconds} s`);
      const measured = await sustain(world, recordInto(file(targets)), { rate, seconds, targets });
      made.push({ targets, bytes: statSync(file(targets)).size, measured });
      if (targets !== stormTargets) rmSync(file(targets));
    }
    const decisions = made[0]?.measured.tool?.delivered ?? 0;
    const read: Reading[] = [];
    for (const { what, args } of ways(directory)) {
      progress(what);
      read.push({ what, decisions, ...(await used(args(file(stormTargets)), directory)) });
    }
    return { made, read };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const ways = (directory: string) => [
  {
    what: 'replay --target 203.0.113.1: nothing parsed',
    args: (file: string) => ['replay', file, '--target', '203.0.113.1'],
  },
  {
    what: 'replay --reason unknown: each parsed',
    args: (file: string) => ['replay', file, '--reason', 'unknown'],
  },
  { what: 'replay --json: each written', args: (file: string) => ['replay', file, '--json'] },
  { what: 'replay: each told as text', args: (file: string) => ['replay', file, '--no-fold'] },
  {
    what: 'report -o PAGE (bytes: of the page)',
    args: (file: string) => ['report', file, '-o', join(directory, 'page.html')],
  },
];

/** @throws {Error} when it fails */
async function used(
  args: readonly string[],
  directory: string,
): Promise<Omit<Reading, 'what' | 'decisions'>> {
  const output = join(directory, 'output');
  const errors = join(directory, 'errors');
  const [stdout, stderr] = [openSync(output, 'w'), openSync(errors, 'w')];
  const begun = performance.now();
  const child = start(usage, [arpwhy, ...args], { stdio: ['ignore', stdout, stderr, 'pipe'] });
  closeSync(stdout);
  closeSync(stderr);
  let told = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    told += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - begun) / 1000;
  const last = told.trim().split('\n')[1];
  const { user, system, peakKiB, status } = JSON.parse(last ?? '{"status":"a signal"}');
  if (status !== 0)
    throw new Error(`${args[0]} ended with ${status}: ${readFileSync(errors, 'utf8').trim()}`);
  const wrote = args.indexOf('-o');
  const bytes = statSync(wrote < 0 ? output : (args[wrote + 1] as string)).size;
  rmSync(output);
  return { seconds, cpuSeconds: user + system, peakMiB: peakKiB / 1024, bytes };
}
