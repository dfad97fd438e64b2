import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateEvent } from '../schema.js';
import { betweenKernels, betweenTiers } from './agree.js';
import { boot, lacking, nodeWords } from './boot.js';
import { cache, fetchKernel, NotToBeHad } from './fetch.js';
import { type Kernel, kernels } from './kernels.js';
import { type Line, type RowLine, type TierLine, unpack } from './lines.js';
import { judges, keepResult, kernelsPage, type Result, readResults, table } from './report.js';

/**
 * `make test-vm`: every scenario row on other kernels, in every tier that they offer. Settings come by the
 * environment: KERNEL and TIER (one may be `neighbours`), one or more with commas between; ROWS, a pattern of row names, a part of all such as
 * `2/3`, or `sample` for one row of each reason; WRITE=1 to write docs/kernels.md from all runs of the day; REPORT, a
 * file for the counts in the form of vitest's.
 */
const { KERNEL, TIER, ROWS = '', WRITE, REPORT } = process.env;
const tree = process.cwd();
/** Far above what they take: a sample some two minutes, all rows some fifteen. */
const timeoutMs = (ROWS === 'sample' ? 12 : 90) * 60_000;

const wanted = KERNEL ? KERNEL.split(',') : kernels.map(({ name }) => name);
for (const name of wanted) {
  if (!kernels.some((kernel) => kernel.name === name))
    fail(`KERNEL=${name}: there are ${kernels.map((kernel) => kernel.name).join(', ')}`);
}
const results: Result[] = [];
const skipped: string[] = [];
/** Hooks that a tier went without. */
const unattached: string[] = [];
let interrupted = false;
for (const kernel of kernels.filter(({ name }) => wanted.includes(name))) {
  if (interrupted) break;
  try {
    const missing = lacking();
    if (missing) throw new NotToBeHad(missing);
    const image = fetchKernel(kernel);
    console.log(`kernel ${kernel.name}: ${image.release} (Debian ${image.version})`);
    results.push(await runOn(kernel, image));
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error;
    skipped.push(kernel.name);
    console.log(`SKIPPED kernel ${kernel.name}: ${error.message}`);
  }
}
const differences = [
  ...results.flatMap(({ kernel, rows }) => betweenTiers(rows).map((line) => `${kernel}: ${line}`)),
  ...betweenKernels(results),
];
for (const line of differences) console.log(`DIFFERS ${line}`);
console.log(table(results));
if (WRITE) writeFileSync('docs/kernels.md', kernelsPage(readResults(join(cache, 'results')), command()));
const count = (state: RowLine['state']) =>
  results.flatMap(({ rows }) => rows).filter((row) => row.state === state).length;
const broken = results.filter(({ complete, rows }) => !complete || rows.length === 0).length;
for (const line of unattached) console.log(`FAILED ${line}`);
const failed = count('failed') + broken + differences.length + unattached.length;
const skips = count('skipped') + skipped.length;
console.log(`${count('passed')} passed, ${failed} failed, ${skips} skipped`);
if (REPORT) {
  const counts = { numPassedTests: count('passed'), numFailedTests: failed, numPendingTests: skips };
  writeFileSync(REPORT, JSON.stringify({ ...counts, numTodoTests: 0, testResults: [] }));
}
process.exitCode = failed > 0 || (results.length === 0 && !skipped.length) ? 1 : 0;

async function runOn(kernel: Kernel, image: ReturnType<typeof fetchKernel>): Promise<Result> {
  const rows: RowLine[] = [];
  let toldOf = -1;
  const tiers: TierLine[] = [];
  const arguments_ = [TIER || judges.join(','), ROWS].map((word) => `'${word}'`).join(' ');
  const play = () =>
    boot(image, {
      tree,
      command: `node ${nodeWords} test/vm/rows.js ${arguments_} 2> /dev/ttyS0`,
      onLine: (text) => unpack(text).forEach(take),
      timeoutMs,
    });
  let played = await play();
  // Emulated by several threads, a processor may run on with code that another one has patched: int3 in a place where
  // a tracepoint is switched on. What is the kernel's or ours comes again.
  const panic = /^.*(?:int3|Kernel panic).*$/m.exec(played.console);
  if (panic && !played.ended && !played.stopped) {
    console.log(
      `the machine's kernel panicked, and is started once more: ${panic[0].trim()}\n${played.console.slice(-3000)}`,
    );
    rows.length = 0;
    tiers.length = 0;
    played = await play();
  }
  const { console: said, ended, stopped } = played;
  const result: Result = {
    kernel: kernel.name,
    release: image.release,
    version: image.version,
    date: new Date().toISOString().slice(0, 10),
    tiers,
    rows,
    complete: ended && toldOf === rows.length,
  };
  if (!result.complete)
    console.log(`the machine did not come to its end, or not all of it came:\n${said.slice(-2000)}`);
  // each row stands for itself
  if (rows.length > 0) keepResult(join(cache, 'results'), result);
  if (stopped) interrupted = true;
  return result;

  function take(line: Line): void {
    if (line.kind === 'end') toldOf = line.rows;
    else if (line.kind === 'tier') {
      tiers.push(line);
      console.log(`  ${line.tier}: ${line.refused ?? 'attached'}`);
      for (const hook of line.hooks?.missing ?? []) {
        console.log(`    without ${hook.name}: ${hook.why}`);
        if (!kernel.without.includes(hook.name))
          unattached.push(`${kernel.name}: ${line.tier} without ${hook.name}`);
      }
    } else {
      hold(line);
      rows.push(line);
      if (rows.length % 150 === 0) console.log(`  ${rows.length} results`);
      if (line.state !== 'passed')
        console.log(`  ${line.state} ${line.row} (${line.tier}): ${line.why.split('\n')[0]}`);
      if (line.changes) console.log(line.changes.replace(/^/gm, '    '));
    }
  }
}

/** Every decision against the contract: in the machine that takes too long. */
function hold(line: RowLine): void {
  for (const decision of line.decisions) {
    try {
      validateEvent(decision);
    } catch (error) {
      line.state = 'failed';
      line.why = (error as Error).message;
    }
  }
}

function command(): string {
  return 'make test-vm WRITE=1';
}

function fail(text: string): never {
  console.error(text);
  process.exit(2);
}
