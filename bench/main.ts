import { closeSync, existsSync, fchownSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { identifyHost } from '../dist/host/clock.js';
import { run } from '../dist/host/run.js';
import { catchInterrupts, checkInterrupted, interruption } from './children.js';
import { scanTargets, stormTargets } from './load.js';
import { measurePrograms, type Programs } from './programs.js';
import { measureRecordings, type Recordings } from './recordings.js';
import { Results, untraced } from './results.js';
import { type Measured, measure, sustain } from './round.js';
import { piped, type Row, rows } from './rows.js';
import { setRunStats } from './run-stats.js';
import { measureStages, type Stages } from './stages.js';
import { arpTable, programTable, readingTable, stageTable, sustainedTable, udpTable } from './tables.js';
import { World } from './world.js';

interface Options {
  only: string[];
  rounds: number;
  arpMs: number;
  udpMs: number;
  rate: number;
  recordRate: number;
  sustainSeconds: number;
  out: string;
}

const names = [untraced, ...rows.map(({ name }) => name)];
const others = { sustained: 'sustained', recordings: 'recordings', programs: 'programs', stages: 'stages' };
const everything = [...names, ...Object.values(others)];
const ownPlace = fileURLToPath(new URL('../bench/results.json', import.meta.url));
const tracefs = '/sys/kernel/tracing';
/** The warm-up round is shorter by this. */
const warmUpPart = 4;
/** Up to this, what else a machine does goes under in the spread. */
const mostDisturbance = 0.03;

const command = new Command('bench')
  .description('what it costs to trace: arpwhy and its peers side by side, in one run')
  .option('--only <rows>', `these alone, separated by commas: ${everything.join(', ')}`, list, everything)
  .option('--rounds <n>', 'how often each row is measured', positive, 5)
  .option('--arp-ms <n>', 'how long a flood of requests lasts', positive, 600)
  .option('--udp-ms <n>', 'how long a flood of packets lasts, and each measurement of a stage', positive, 300)
  .option('--rate <n>', 'sustained: requests a second', positive, 100_000)
  .option('--record-rate <n>', 'recordings: requests a second', positive, 100_000)
  .option('--sustain-seconds <n>', 'sustained and recordings: for so long', positive, 10)
  .option('--out <file>', 'where all figures go as JSON', ownPlace);
command.parse();
await bench(command.opts<Options>());

async function bench(options: Options): Promise<void> {
  const unknown = options.only.find((name) => !everything.includes(name));
  if (unknown !== undefined) command.error(`no row ${unknown}: there are ${everything.join(', ')}`);
  catchInterrupts();
  let alone: Server | null = null;
  let statsBefore: string | null = null;
  let mounted = false;
  let world: World | null = null;
  try {
    alone = await beAlone();
    statsBefore = setRunStats('0');
    mounted = await mountTracefs();
    world = await World.up();
    await measureAll(world, options);
  } catch (error) {
    process.exitCode = 1;
    const by = interruption();
    const said = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${by ? `ended by ${by}` : said}\n`);
  } finally {
    progress('');
    await world?.down();
    if (mounted) await run(['umount', tracefs], { allowFailure: true });
    if (statsBefore !== null) setRunStats(statsBefore);
    alone?.close();
  }
}

async function measureAll(world: World, options: Options): Promise<void> {
  const wanted = (name: string) => options.only.includes(name);
  const results = new Results();
  const chosen = rows.filter(({ name }) => wanted(name));
  if (names.some(wanted)) {
    await measureRounds(world, chosen, options, results);
    const shown = [untraced, ...chosen.map(({ name }) => name)];
    print(arpTable(results, shown));
    print(udpTable(results, shown));
    warn(results);
  }
  const sustained: { targets: number; measured: Measured }[] = [];
  if (wanted(others.sustained)) {
    for (const targets of [stormTargets, scanTargets]) {
      progress(`${options.rate} requests/s for ${options.sustainSeconds} s`);
      const load = { rate: options.rate, seconds: options.sustainSeconds, targets };
      sustained.push({ targets, measured: await sustain(world, piped, load) });
    }
    print(sustainedTable(piped.what, sustained));
  }
  let recordings: Recordings | null = null;
  if (wanted(others.recordings)) {
    const load = { rate: options.recordRate, seconds: options.sustainSeconds };
    recordings = await measureRecordings(world, load, progress);
    print(sustainedTable('arpwhy record -o FILE', recordings.made));
    print(readingTable(recordings.read));
  }
  let programs: Programs | null = null;
  let stages: { storm: Stages; scan: Stages } | null = null;
  if (wanted(others.programs) || wanted(others.stages)) {
    progress('programs and stages');
    programs = await measurePrograms(world);
    if (wanted(others.programs)) print(programTable(programs.arp, programs.udp));
    if (wanted(others.stages)) {
      const { storm, scan } = programs;
      stages = {
        storm: await measureStages(world, [], storm, options.udpMs, true),
        scan: await measureStages(world, storm, scan, options.udpMs, false),
      };
      print(stageTable(stages.storm, stages.scan));
    }
  }
  writeFigures(options, results, { sustained, recordings, programs, stages });
}

/** Without a tool, a row, without a tool, the next row: the machine's own pace changes from second to second. */
async function measureRounds(
  world: World,
  chosen: readonly Row[],
  options: Options,
  results: Results,
): Promise<void> {
  for (let round = 0; round <= options.rounds; round++) {
    const part = round === 0 ? warmUpPart : 1;
    const durations = {
      arpMs: Math.ceil(options.arpMs / part),
      udpMs: Math.ceil(options.udpMs / part),
    };
    const sequence: { row: string; measured: Measured }[] = [];
    const add = async (row: Row | null) => {
      const name = row?.name ?? untraced;
      progress(`round ${round} of ${options.rounds}: ${name}`);
      sequence.push({ row: name, measured: await measure(world, row, durations) });
    };
    await add(null);
    // another row comes first in each round
    const order = chosen.map((_, i) => chosen[(i + round) % chosen.length] as Row);
    for (const row of order.filter(({ name }) => !results.skipped.has(name))) {
      try {
        await add(row);
      } catch (error) {
        checkInterrupted();
        if (!row.peer) throw error;
        results.skipped.set(row.name, error instanceof Error ? (error.message.split('\n')[0] ?? '') : '');
        continue;
      }
      await add(null);
    }
    if (round > 0) results.addRound(round, sequence);
  }
}

/** What is measured beside the rows. */
interface Others {
  sustained: readonly { targets: number; measured: Measured }[];
  recordings: Recordings | null;
  programs: Programs | null;
  stages: { storm: Stages; scan: Stages } | null;
}

/** All figures, for those who compare runs. The file becomes that of who owns its directory: we run as root. */
function writeFigures(options: Options, results: Results, { programs, ...others }: Others): void {
  const figures = {
    time: new Date().toISOString(),
    ...identifyHost(),
    cpu: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
    node: process.version,
    options,
    commands: Object.fromEntries([...rows, piped].map(({ name, what }) => [name, what])),
    skipped: Object.fromEntries(results.skipped),
    runs: results.runs.map(({ base, ...one }) => ({
      ...one,
      untracedAround: base.map(({ arp, policy, plain }) => ({ arp, policy, plain })),
    })),
    ...others,
    programs: programs && { arp: programs.arp, udp: programs.udp },
  };
  rmSync(options.out, { force: true });
  const fd = openSync(options.out, 'wx', 0o644);
  writeFileSync(fd, `${JSON.stringify(figures, null, 1)}\n`);
  const { uid, gid } = statSync(dirname(options.out));
  fchownSync(fd, uid, gid);
  closeSync(fd);
  print(`all figures: ${options.out}`);
}

/**
 * Two benchmarks would trace each other's requests, and one would end the kernel's statistics under the other. The
 * name is gone with whoever has it.
 * @throws {Error} when another one runs
 */
async function beAlone(): Promise<Server> {
  const server = createServer();
  const name = '\0arpwhy-bench';
  return new Promise((resolve, reject) => {
    server.once('error', () => reject(new Error('another benchmark runs on this machine: wait for its end')));
    server.listen(name, () => resolve(server));
  });
}

/** perf mounts it by itself, bpftrace does not. @returns whether it has to be unmounted */
async function mountTracefs(): Promise<boolean> {
  if (existsSync(`${tracefs}/events`)) return false;
  const { status } = await run(['mount', '-t', 'tracefs', 'tracefs', tracefs], { allowFailure: true });
  return status === 0;
}

/** What else happened on the machine, and makes the figures worth less. */
function warn(results: Results): void {
  const disturbance = results.disturbance();
  const percent = (disturbance * 100).toFixed(0);
  if (disturbance > mostDisturbance) {
    print(`in an untraced run, something else had the generator's CPU for ${percent}% of the time`);
  }
  const strange = results.strangeRequests();
  if (strange > 0)
    print(`a tool saw ${strange} requests that were not ours: something else asks on this machine`);
}

function print(text: string): void {
  progress('');
  process.stdout.write(`${text}\n\n`);
}

/** What is being done, on a terminal alone, in a line that the next one replaces. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function list(text: string): string[] {
  return text.split(',');
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above 0');
  return value;
}
