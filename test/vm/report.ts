import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { probeHooks, tiers } from '../../src/kernel/hooks.js';
import { tables as rowTables } from '../kernel/scenarios/tables.js';
import { betweenKernels, betweenTiers } from './agree.js';
import { kernels } from './kernels.js';
import { knobs, nameOf } from './knobs.js';
import type { Judge, RowLine, TierLine } from './lines.js';
import { neighbourName, neighbourRows } from './neighbour-rows.js';
import { storyName } from './story.js';

/** Columns of the table. */
export const judges: readonly Judge[] = [...tiers, 'neighbours'];

/** What one kernel said about its rows. */
export interface Result {
  kernel: string;
  release: string;
  version: string;
  /** Of the last run. */
  date: string;
  tiers: TierLine[];
  rows: RowLine[];
  /** The machine came to its end by itself. */
  complete: boolean;
}

/** What was said of each row last, oldest kernel first. */
export function readResults(directory: string): Result[] {
  if (!existsSync(directory)) return [];
  // a row that is gone since then says nothing
  const known = new Set(rowNames());
  const all = readdirSync(directory).map((name) => {
    const result = JSON.parse(readFileSync(join(directory, name), 'utf8')) as Result;
    return { ...result, rows: result.rows.filter(({ row }) => known.has(row)) };
  });
  const order = kernels.map(({ name }) => name);
  return all.sort((a, b) => order.indexOf(a.kernel) - order.indexOf(b.kernel));
}

/** Remember a run, with what an earlier one of the same day and package said of other rows. */
export function keepResult(directory: string, result: Result): void {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${result.kernel}.json`);
  const earlier = readResults(directory).find(
    ({ kernel, version, date }) =>
      kernel === result.kernel && version === result.version && date === result.date,
  );
  const again = new Set(result.rows.map(({ row, tier }) => `${tier} ${row}`));
  const others = (earlier?.rows ?? []).filter(({ row, tier }) => !again.has(`${tier} ${row}`));
  const told = new Set(result.tiers.map(({ tier }) => tier));
  const otherTiers = (earlier?.tiers ?? []).filter(({ tier }) => !told.has(tier));
  const merged = { ...result, rows: [...others, ...result.rows], tiers: [...otherTiers, ...result.tiers] };
  // machines may run side by side, and each reads what the others said; the name is not one of a result before it is whole
  const unfinished = join(mkdtempSync(join(directory, '../result-')), 'whole');
  writeFileSync(unfinished, JSON.stringify(merged));
  renameSync(unfinished, file);
  rmdirSync(dirname(unfinished));
}

function rowNames(): string[] {
  const scenarios = Object.values(rowTables).flat();
  return [
    ...scenarios.map(({ name }) => name),
    ...knobs.map(nameOf),
    storyName,
    ...neighbourRows.map(neighbourName),
  ];
}

/** How many rows there are for it. */
function rowsFor(judge: Judge): number {
  if (judge === 'neighbours') return neighbourRows.length;
  const scenarios = Object.values(rowTables).flat().length;
  return scenarios + 1 + (probeHooks[judge] === null ? 0 : knobs.length);
}

/**
 * Kernels down, tiers across: rows that passed.
 * @param whole tell how many were not played
 */
export function table(results: readonly Result[], whole = false): string {
  const lines = results.map((result) => [
    result.release,
    `Debian ${result.version}`,
    ...judges.map((judge) => cell(result, judge, whole)),
  ]);
  return markdown([['kernel', 'package', ...judges], ...lines]);
}

function cell({ tiers: offered, rows }: Result, judge: Judge, whole: boolean): string {
  const line = offered.find(({ tier }) => tier === judge);
  if (!line) return 'not tried';
  if (line.refused !== null) return 'refused';
  const own = rows.filter(({ tier }) => tier === judge);
  const count = (state: RowLine['state']) => own.filter((row) => row.state === state).length;
  const words = [`${count('passed')} passed`];
  for (const state of ['failed', 'skipped'] as const)
    if (count(state)) words.push(`${count(state)} ${state}`);
  const unplayed = rowsFor(judge) - own.length;
  if (whole && unplayed > 0) words.push(`${unplayed} not played`);
  return words.join(', ');
}

/** docs/kernels.md */
export function kernelsPage(results: readonly Result[], command: string): string {
  const missing = results.flatMap(({ release, tiers: offered }) =>
    offered.flatMap(({ tier, refused, hooks }) => [
      ...(refused ? [`- ${release}, ${tier}: ${refused}`] : []),
      ...(hooks?.missing ?? []).map(
        ({ name, why, cost }) => `- ${release}, ${tier}: without \`${name}\` (${why}): ${cost}`,
      ),
    ]),
  );
  const differences = [
    ...results.flatMap(({ release, rows }) => betweenTiers(rows).map((line) => `- ${release}: ${line}`)),
    ...betweenKernels(results).map((line) => `- ${line}`),
  ];
  const last = results
    .map(({ date }) => date)
    .sort()
    .at(-1);
  return `${[
    '# Kernels',
    '',
    `Made by \`${command}\` on ${last}: Debian's kernels for x86-64 under QEMU's software emulation, the`,
    `${Object.values(rowTables).flat().length} scenario rows of \`test/kernel/scenarios\` played with a trace in every tier attached, so that all tiers`,
    `judge the same requests, ${knobs.length} with a hook left out, one by the command line; and the ${neighbourRows.length} rows of \`test/kernel/neighbours\`: what the host`,
    'learns and asks, seen by tracepoints of their own. A row passes when what is told is the expected; what tiers or',
    'kernels tell differently is a failure of its own; of a drop, each kernel names its own function and reason.',
    '',
    table(results, true),
    '',
    section('What a kernel lacks', missing, 'Nothing.'),
    section('Rows that failed', ofState(results, 'failed'), 'None.'),
    section('Rows that a kernel cannot run', ofState(results, 'skipped'), 'None.'),
    section('Where tiers or kernels did not say the same', differences, 'Nowhere.'),
    section('Where they may not say the same, and why', allowed(), 'Nowhere.'),
    notTested,
  ].join('\n')}\n`;
}

/** The arm64 object is built with the others, and has not run: no kernel of that architecture is among these. */
const notTested = `## Not tested

- arm64: \`bpf/prebuilt/arpwhy.arm64.bpf.o\` is built from the same sources and opened by a test; no kernel of arm64 has
  run it. The tracepoint tier reads no registers, and the kprobe tier reads arguments as that architecture passes them.
- Kernels of other distributions, and configurations that Debian does not build.
- How long things take: emulation changes that, and the machines run without mitigations.`;

function section(title: string, lines: readonly string[], none: string): string {
  return [`## ${title}`, '', ...(lines.length > 0 ? lines : [none]), ''].join('\n');
}

/** One line a row and kernel, with the tiers that it is about. */
function ofState(results: readonly Result[], state: RowLine['state']): string[] {
  return results.flatMap(({ release, rows }) => {
    const byRow = new Map<string, RowLine[]>();
    for (const line of rows.filter((row) => row.state === state))
      byRow.set(line.row, [...(byRow.get(line.row) ?? []), line]);
    return [...byRow].map(([row, lines]) => {
      const said = lines[0]?.why.split('\n')[0] ?? '';
      // what the kernel said when it refused comes behind what the row says it needs
      const why = state === 'skipped' ? said.split(': ')[0] : said;
      const which = lines.length === tiers.length ? '' : ` (${lines.map(({ tier }) => tier).join(', ')})`;
      return `- ${release}${which}: ${row}: ${state === 'skipped' ? `needs ${why}` : why}`;
    });
  });
}

/** What rows say about it. */
function allowed(): string[] {
  return Object.values(rowTables)
    .flat()
    .flatMap(({ name, differs, before }) => [
      ...(differs ? [`- ${name}: ${differs}`] : []),
      ...(before ? [`- ${name}: before ${before.kernel.join('.')} ${before.why}`] : []),
    ]);
}

function markdown(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
