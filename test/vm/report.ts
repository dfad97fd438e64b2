import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tiers } from '../../src/kernel/hooks.js';
import { kernels } from './kernels.js';
import type { RowLine, TierLine } from './lines.js';

/** What one kernel said about all rows. */
export interface Result {
  kernel: string;
  release: string;
  version: string;
  date: string;
  /** The pattern of the rows; '' for all. */
  selection: string;
  tiers: TierLine[];
  rows: RowLine[];
  /** Between tiers. */
  disagreements: string[];
  /** The machine came to its end by itself. */
  complete: boolean;
}

/** The last full run of each kernel, oldest kernel first. */
export function readResults(directory: string): Result[] {
  if (!existsSync(directory)) return [];
  const all = readdirSync(directory).map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Result,
  );
  const order = kernels.map(({ name }) => name);
  return all.sort((a, b) => order.indexOf(a.kernel) - order.indexOf(b.kernel));
}

/** Kernels down, tiers across: rows that passed. */
export function table(results: readonly Result[]): string {
  const lines = results.map((result) => [
    result.release,
    `Debian ${result.version}`,
    ...tiers.map((tier) => cell(result, tier)),
  ]);
  return markdown([['kernel', 'package', ...tiers], ...lines]);
}

function cell({ tiers: offered, rows }: Result, tier: string): string {
  const line = offered.find((one) => one.tier === tier);
  if (!line) return 'not tried';
  if (line.refused !== null) return 'refused';
  const own = rows.filter((row) => row.tier === tier);
  const count = (state: RowLine['state']) => own.filter((row) => row.state === state).length;
  const words = [`${count('passed')} passed`];
  for (const state of ['failed', 'skipped'] as const)
    if (count(state)) words.push(`${count(state)} ${state}`);
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
  const skipped = results.flatMap(({ release, rows }) => [
    ...new Set(
      rows
        .filter(({ state }) => state === 'skipped')
        .map(({ row, why }) => `- ${release}: ${row}: needs ${why}`),
    ),
  ]);
  const differences = results.flatMap(({ release, disagreements }) =>
    disagreements.map((line) => `- ${release}: ${line}`),
  );
  return `${[
    '# Kernels',
    '',
    `Made by \`${command}\` on ${results
      .map(({ date }) => date)
      .sort()
      .at(-1)}: Debian's kernels under QEMU's software`,
    'emulation, each scenario row of `test/kernel/scenarios` played once with a trace in every tier attached, so that all',
    'tiers judged the same requests.',
    '',
    table(results),
    '',
    '## What a kernel lacks',
    '',
    ...(missing.length > 0 ? missing : ['Nothing.']),
    '',
    '## Rows that a kernel cannot run',
    '',
    ...(skipped.length > 0 ? skipped : ['None.']),
    '',
    '## Where tiers did not say the same',
    '',
    ...(differences.length > 0 ? differences : ['Nowhere.']),
  ].join('\n')}\n`;
}

function markdown(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
