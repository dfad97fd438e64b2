import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Decision } from '../../../src/decision/types.js';
import { validateEvent } from '../../schema.js';
import { Cleanup } from '../support/cleanup.js';
import { differences } from './compare.js';
import { play, Watch } from './play.js';
import { tables } from './tables.js';
import { World } from './world.js';

/** Rows whose frames come in by one device and are decided about on another. */
const rows = Object.values(tables)
  .flat()
  .filter(
    ({ expect: all, needs }) =>
      all.length > 0 && !needs && all.every(({ device }) => device !== undefined && device !== 'in0'),
  );
const devices = [...new Set(rows.flatMap((row) => row.expect.map(({ device }) => device as string)))];

/** By those names alone: the device that a frame came in by is not among them. */
const cleanup = new Cleanup();
let watch: Watch;

beforeAll(() => {
  watch = new Watch({ devices }, validateEvent);
});

afterEach(() => cleanup.run());

afterAll(() => watch.stop());

it('there are devices that take frames over', () => {
  expect(devices).toEqual(expect.arrayContaining(['br0', 'mv0']));
});

it.each(rows.map((row, i) => [row.name, row, i] as const))(
  'with the deciding device alone in the filter: %s',
  async (_name, row, i) => {
    const world = cleanup.add(await World.up(`d${process.pid}x${i}-`, row.world), (one) => one.down());
    cleanup.add(world, (one) => one.lines(row.cleanup ?? []));
    await world.lines(row.setup ?? []);
    const [seen = []] = await play(world, row, [watch]);
    expect(seen).toHaveLength(row.expect.length);
    for (const [at, expected] of row.expect.entries())
      expect(differences(seen[at] as Decision, expected)).toEqual([]);
  },
);

it('what comes in by another device is not even opened', async () => {
  const row = Object.values(tables)
    .flat()
    .find(({ expect: all, setup }) => all.length === 1 && !all[0]?.device && (setup?.length ?? 0) < 2);
  if (!row) throw new Error('no row of one request to in0');
  const world = cleanup.add(await World.up(`d${process.pid}o-`, row.world), (one) => one.down());
  await world.lines(row.setup ?? []);
  const before = watch.stream.seen();
  for (const traffic of row.traffic ?? [{}]) await world.send(traffic);
  await watch.stream.settled(2000, world.router);
  expect(watch.stream.seen()).toBe(before);
});
