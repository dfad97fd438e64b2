import { writeSync } from 'node:fs';
import { release } from 'node:os';
import { isBefore } from '../../src/decision/kernel-release.js';
import type { Decision, Tier } from '../../src/decision/types.js';
import { ArpwhyError } from '../../src/errors.js';
import { probeHooks } from '../../src/kernel/hooks.js';
import type { ChangeEvent } from '../../src/stream/events.js';
import { LineView } from '../../src/view/line.js';
import { NeighbourWatch, unlike } from '../kernel/neighbours/play.js';
import type { Row as NeighbourRow } from '../kernel/neighbours/row.js';
import { steps } from '../kernel/neighbours/steps.js';
import { differences, findChanges, inferredParts, otherReasons } from '../kernel/scenarios/compare.js';
import { play, Watch } from '../kernel/scenarios/play.js';
import type { Expected, Row } from '../kernel/scenarios/row.js';
import { tables } from '../kernel/scenarios/tables.js';
import { World } from '../kernel/scenarios/world.js';
import { degradedWrongly, type Knob, knobs, nameOf } from './knobs.js';
import { type Line, pack, type RowLine } from './lines.js';
import { neighbourName, neighbourRows } from './neighbour-rows.js';
import { playStory, storyName } from './story.js';

/**
 * Inside of the machine: play every row once, with a trace in each tier that the kernel offers, so that all of them
 * judge the same requests. The results of each are a line. Arguments: tiers, and a pattern of row names.
 */
const [tiers = '', pattern = ''] = process.argv.slice(2);
let told = 0;
/** Commands take long here, and so does a snapshot. */
const patienceMs = 25_000;
const watches = new Map<Tier, Watch>();
for (const tier of tiers.split(',').filter((one) => one !== 'neighbours') as Tier[]) {
  try {
    const watch = new Watch({ tier, patienceMs }, () => {});
    watches.set(tier, watch);
    tell({ kind: 'tier', tier, refused: null, hooks: watch.stream.start.hooks });
  } catch (error) {
    if (!(error instanceof ArpwhyError)) throw error;
    tell({ kind: 'tier', tier, refused: error.message, hooks: null });
  }
}
let worlds = 0;
if (watches.size > 0) await playAll(chosen(pattern));
if (pattern !== 'sample') for (const knob of fitting(knobs, nameOf)) await playWithout(knob);
for (const watch of watches.values()) await watch.stop();
if (pattern !== 'sample' && fitting([storyName], String).length > 0) await playStories();
if (tiers.split(',').includes('neighbours')) await playNeighbours();
tell({ kind: 'end', rows: told });

/** The command line, in each tier. */
async function playStories(): Promise<void> {
  for (const tier of watches.keys()) {
    const line = { kind: 'row' as const, row: storyName, tier, differs: null, decisions: [] };
    try {
      const wrong = await playStory(tier, `w${++worlds}-`);
      tell({ ...line, state: wrong.length > 0 ? 'failed' : 'passed', why: wrong.join('; ') });
    } catch (error) {
      tell({ ...line, state: 'failed', why: (error as Error).message });
    }
  }
}

/** What the host learns and asks, by programs of their own. A sample is of all of these that take no second to wait. */
async function playNeighbours(): Promise<void> {
  let watch: NeighbourWatch;
  try {
    watch = new NeighbourWatch(patienceMs);
  } catch (error) {
    if (!(error instanceof ArpwhyError)) throw error;
    tell({ kind: 'tier', tier: 'neighbours', refused: error.message, hooks: null });
    return;
  }
  tell({ kind: 'tier', tier: 'neighbours', refused: null, hooks: watch.stream.start.hooks });
  const rows = pattern === 'sample' ? neighbourRows.slice(0, 5) : fitting(neighbourRows, neighbourName);
  for (const row of rows) {
    let [state, wrong] = await playNeighbour(watch, row);
    // as for decisions
    if (state === 'failed') [state, wrong] = await playNeighbour(watch, row);
    const name = neighbourName(row);
    tell({ kind: 'row', row: name, tier: 'neighbours', state, why: wrong, differs: null, decisions: [] });
  }
  await watch.stop();
}

async function playNeighbour(watch: NeighbourWatch, row: NeighbourRow): Promise<[RowLine['state'], string]> {
  const world = await World.up(`w${++worlds}-`, 'plain', 2 * (patienceMs / 1000));
  try {
    await steps(world, row.setup ?? []);
  } catch (error) {
    await world.down();
    const needs = error instanceof ArpwhyError ? row.needs : undefined;
    return [needs ? 'skipped' : 'failed', `${needs ?? 'its setup'}: ${(error as Error).message}`];
  }
  try {
    const wrong = unlike((await watch.play(world, row)).texts, row.expect);
    return [wrong.length > 0 ? 'failed' : 'passed', wrong.join('; ')];
  } catch (error) {
    const needs = error instanceof ArpwhyError ? row.needs : undefined;
    return [needs ? 'skipped' : 'failed', `${needs ? `${needs}: ` : ''}${(error as Error).message}`];
  } finally {
    await world.down();
  }
}

/** All rows whose names fit, a part of them such as `2/3`, or one for each reason. */
function chosen(pattern: string): Row[] {
  const rows = Object.values(tables).flat();
  if (pattern !== 'sample') return fitting(rows, ({ name }) => name);
  const reasons = new Set(rows.flatMap(({ expect }) => expect.map(({ reason }) => reason)));
  return [
    ...new Set(
      [...reasons].map((code) => rows.find((row) => row.expect.some(({ reason }) => reason === code))),
    ),
  ].filter((row) => row !== undefined);
}

function fitting<T>(all: readonly T[], name: (one: T) => string): T[] {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(pattern) ?? [];
  if (part) return all.filter((_, i) => i % Number(parts) === Number(part) - 1);
  return all.filter((one) => new RegExp(pattern).test(name(one)));
}

/**
 * One row plays at a time, while the world of the next is built and that of the one before goes: commands take most
 * of the time, and there are two processors.
 */
async function playAll(rows: readonly Row[]): Promise<void> {
  let next = rows[0] && prepare(rows[0]);
  let leaving = Promise.resolve();
  for (const [i, row] of rows.entries()) {
    const scene = await next;
    const following = rows[i + 1];
    // it takes the room for neighbours from every namespace
    const alone = [row, following].some((one) => one?.setup?.includes('neighbour-table full'));
    if (following && !alone) next = prepare(following);
    let lines = scene ? await perform(row, scene) : [];
    await leaving;
    leaving = scene?.world ? leave(row, scene.world) : Promise.resolve();
    // a busy machine may disturb a row, never twice: like the suite on this kernel, it gets a second try
    if (lines.some(({ state }) => state === 'failed')) {
      const again = await prepare(row);
      lines = await perform(row, again);
      if (again.world) await leave(row, again.world);
    }
    tell(...lines);
    if (following && alone) {
      await leaving;
      next = prepare(following);
    }
  }
  await leaving;
}

/** A row's world as its setup made it; or why there is none. */
interface Scene {
  world: World | null;
  state: 'ready' | 'skipped' | 'failed';
  why: string;
}

async function prepare(row: Row): Promise<Scene> {
  let world: World | null = null;
  try {
    world = await World.up(`v${++worlds}-`, row.world, 2 * (patienceMs / 1000));
    await world.lines(row.setup ?? []);
    return { world, state: 'ready', why: '' };
  } catch (error) {
    const what = row.needs && error instanceof ArpwhyError ? row.needs : null;
    const why = `${what ?? 'its setup'}: ${(error as Error).message}`;
    return { world, state: what ? 'skipped' : 'failed', why };
  }
}

async function leave(row: Row, world: World): Promise<void> {
  await world.lines(row.cleanup ?? []).catch(() => {});
  await world.down();
}

async function perform(row: Row, { world, state, why }: Scene): Promise<RowLine[]> {
  const all = [...watches];
  const lines = (state: RowLine['state'], why: string): RowLine[] =>
    all.map(([tier]) => ({ kind: 'row', row: row.name, tier, state, why, differs: null, decisions: [] }));
  if (!world || state !== 'ready') return lines(state === 'skipped' ? 'skipped' : 'failed', why);
  try {
    const seen = await play(
      world,
      row,
      all.map(([, watch]) => watch),
      2 * patienceMs,
    );
    return all.map(([tier, { changes }], i) => {
      const told = changes.filter(({ netns }) => netns.name === world.router);
      return judge(row, tier, seen[i] ?? [], told);
    });
  } catch (error) {
    return lines('failed', (error as Error).message);
  }
}

/** A row with a hook left out, in each of the better tiers. */
async function playWithout(knob: Knob): Promise<void> {
  const name = nameOf(knob);
  const row = Object.values(tables)
    .flat()
    .find((one) => one.name === knob.row);
  for (const [tier, whole] of watches) {
    const kind = probeHooks[tier]?.split('/')[0];
    if (!row || !kind) continue;
    const hook = `${kind}/${knob.function}`;
    const line = { kind: 'row' as const, row: name, tier, differs: null, decisions: [] };
    if (!whole.stream.start.hooks.attached.includes(hook)) {
      tell({ ...line, state: 'skipped', why: `${hook}, which does not attach here` });
      continue;
    }
    const without = new Watch({ tier, patienceMs, leaveOut: [hook] }, () => {});
    const scene = await prepare(row);
    let wrong = [scene.why];
    if (scene.world && scene.state === 'ready') {
      const [seen = [], left = []] = await play(scene.world, row, [whole, without], 2 * patienceMs);
      wrong = left.length === seen.length ? [] : [`${left.length} decisions, expected ${seen.length}`];
      for (const [i, decision] of seen.entries())
        wrong.push(...degradedWrongly(knob, decision, left[i] as Decision));
      await leave(row, scene.world);
    }
    await without.stop();
    tell({ ...line, state: wrong.length > 0 ? 'failed' : 'passed', why: wrong.join('; ') });
  }
}

function judge(row: Row, tier: Tier, decisions: Decision[], changes: ChangeEvent[]): RowLine {
  const wrong: string[] = [];
  const got = decisions.map(({ verdict }) => verdict.reason).join(', ');
  const wanted = row.expect.map(({ reason }) => reason).join(', ');
  if (decisions.length !== row.expect.length)
    wrong.push(`decided ${got || 'nothing'}, expected ${wanted || 'nothing'}`);
  else {
    for (const [i, expected] of row.expect.entries()) {
      const decision = decisions[i] as Decision;
      const known = withoutReasons(withoutAll(expected), decision);
      const wanted = tier === 'tracepoint' ? known : byBetterTier(known, decision);
      wrong.push(...differences(decision, wanted));
      wrong.push(...otherReasons(decision, wanted).map((reason) => `${reason} would do as well`));
    }
  }
  const { found, missing } = findChanges(changes, (tier !== 'tracepoint' && row.changes) || []);
  if (tier !== 'tracepoint') {
    if (row.observed) wrong.push(...decisions.flatMap(inferredParts));
    wrong.push(...missing);
  }
  const state = wrong.length > 0 ? 'failed' : 'passed';
  return {
    kind: 'row',
    row: row.name,
    tier,
    state,
    why: wrong.join('; '),
    differs: row.differs ?? null,
    ...(row.before ? { before: row.before.why } : {}),
    decisions,
    ...(found.length > 0 ? { changes: changesText(found) } : {}),
  };
}

function changesText(changes: ChangeEvent[]): string {
  const view = new LineView({ utc: true });
  return changes.map((event) => view.change(event)).join('');
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

/** Before 5.11 the kernel reads proxy_arp_pvlan of the device alone: rows that name both settings get the one. */
function withoutAll(expected: Expected): Expected {
  const dev = expected.settings?.proxy_arp_pvlan?.dev;
  if (dev === undefined || !isBefore(release(), 5, 11)) return expected;
  return { ...expected, settings: { ...expected.settings, proxy_arp_pvlan: { dev } } };
}

/** Before 5.17 a drop has a place and no reason: rows that name the reason get the function that dropped. */
function withoutReasons(expected: Expected, { verdict }: Decision): Expected {
  const place = /^[a-z_]\w+$/;
  const named = verdict.reason.startsWith('filtered') && expected.detail instanceof RegExp;
  return named && place.test(verdict.detail ?? '') ? { ...expected, detail: place } : expected;
}

/** At once: the line is read while the machine runs. */
function tell(...lines: Line[]): void {
  told += lines.filter(({ kind }) => kind === 'row').length;
  writeSync(1, pack(lines));
}
