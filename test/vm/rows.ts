import { writeSync } from 'node:fs';
import type { Decision, Tier } from '../../src/decision/types.js';
import { ArpwhyError } from '../../src/errors.js';
import { differences, otherReasons } from '../kernel/scenarios/compare.js';
import { play, Watch } from '../kernel/scenarios/play.js';
import type { Expected, Row } from '../kernel/scenarios/row.js';
import { tables } from '../kernel/scenarios/tables.js';
import { World } from '../kernel/scenarios/world.js';
import type { Line, RowLine } from './lines.js';

/**
 * Inside of the machine: play every row once, with a trace in each tier that the kernel offers, so that all of them
 * judge the same requests. Each result is a line of JSON. Arguments: tiers, and a pattern of row names.
 */
const [tiers = '', pattern = ''] = process.argv.slice(2);
const watches = new Map<Tier, Watch>();
for (const tier of tiers.split(',') as Tier[]) {
  try {
    const watch = new Watch({ tier });
    watches.set(tier, watch);
    tell({ kind: 'tier', tier, refused: null, hooks: watch.stream.start.hooks });
  } catch (error) {
    if (!(error instanceof ArpwhyError)) throw error;
    tell({ kind: 'tier', tier, refused: error.message, hooks: null });
  }
}
let worlds = 0;
if (watches.size > 0) {
  for (const row of chosen(pattern)) {
    for (const line of await playRow(row)) tell(line);
  }
}
for (const watch of watches.values()) await watch.stop();
tell({ kind: 'end' });

/** All rows whose names fit, or one for each reason. */
function chosen(pattern: string): Row[] {
  const rows = Object.values(tables).flat();
  if (pattern !== 'sample') return rows.filter(({ name }) => new RegExp(pattern).test(name));
  const reasons = new Set(rows.flatMap(({ expect }) => expect.map(({ reason }) => reason)));
  return [
    ...new Set(
      [...reasons].map((code) => rows.find((row) => row.expect.some(({ reason }) => reason === code))),
    ),
  ].filter((row) => row !== undefined);
}

/** A busy machine may disturb a row, never twice: like the suite on this kernel, it gets a second try. */
async function playRow(row: Row): Promise<RowLine[]> {
  const first = await tryRow(row);
  return first.every(({ state }) => state !== 'failed') ? first : tryRow(row);
}

async function tryRow(row: Row): Promise<RowLine[]> {
  const all = [...watches];
  const lines = (state: RowLine['state'], why: string): RowLine[] =>
    all.map(([tier]) => ({ kind: 'row', row: row.name, tier, state, why, differs: null, decisions: [] }));
  const world = await World.up(`v${++worlds}-`, row.world);
  try {
    try {
      await world.lines(row.setup ?? []);
    } catch (error) {
      if (!(error instanceof ArpwhyError)) throw error;
      return lines(row.needs ? 'skipped' : 'failed', `${row.needs ?? 'its setup'}: ${error.message}`);
    }
    const seen = await play(
      world,
      row,
      all.map(([, watch]) => watch),
    );
    return all.map(([tier], i) => judge(row, tier, seen[i] ?? []));
  } catch (error) {
    return lines('failed', (error as Error).message);
  } finally {
    await world.lines(row.cleanup ?? []).catch(() => {});
    await world.down();
  }
}

function judge(row: Row, tier: Tier, decisions: Decision[]): RowLine {
  const wrong: string[] = [];
  const got = decisions.map(({ verdict }) => verdict.reason).join(', ');
  const wanted = row.expect.map(({ reason }) => reason).join(', ');
  if (decisions.length !== row.expect.length)
    wrong.push(`decided ${got || 'nothing'}, expected ${wanted || 'nothing'}`);
  else {
    for (const [i, expected] of row.expect.entries()) {
      const decision = decisions[i] as Decision;
      const wanted = tier === 'tracepoint' ? expected : byBetterTier(expected, decision);
      wrong.push(...differences(decision, wanted));
      wrong.push(...otherReasons(decision, wanted).map((reason) => `${reason} would do as well`));
    }
  }
  const state = wrong.length > 0 ? 'failed' : 'passed';
  return {
    kind: 'row',
    row: row.name,
    tier,
    state,
    why: wrong.join('; '),
    differs: row.differs ?? null,
    decisions,
  };
}

/**
 * Rows say what the tracepoint tier knows. Hooks on functions see what it infers, and of what it leaves unknown they
 * may know some: one of its candidates then.
 */
function byBetterTier({ evidence: _evidence, ...expected }: Expected, decision: Decision): Expected {
  const { reason } = decision.verdict;
  const wanted: Expected = { ...expected };
  if (expected.unknown) {
    wanted.unknown = decision.unknown.filter((pointer) => expected.unknown?.includes(pointer));
  }
  if (expected.reason === 'unknown' && expected.candidates?.includes(reason)) {
    wanted.reason = reason;
    delete wanted.candidates;
    delete wanted.because;
    delete wanted.steps;
  }
  return wanted;
}

/** At once: the line is read while the machine runs. */
function tell(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
