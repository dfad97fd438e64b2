import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/decision/types.js';
import { ArpwhyError } from '../../../src/errors.js';
import { validateEvent } from '../../schema.js';
import { Cleanup } from '../support/cleanup.js';
import { differences, otherReasons } from './compare.js';
import { play, Watch } from './play.js';
import { tables } from './tables.js';
import { World } from './world.js';

/** One trace over all rows: what is not told apart by namespace would show in the wrong row. */
const cleanup = new Cleanup();
let watch: Watch;

beforeAll(() => {
  watch = new Watch({}, validateEvent);
});

afterEach(() => cleanup.run());

afterAll(() => watch.stop());

let worlds = 0;

for (const [theme, rows] of Object.entries(tables)) {
  describe(theme, () => {
    for (const row of rows) {
      it(`${row.name}: ${row.expect.map(({ reason }) => reason).join(', ') || 'no decision'}`, async (context) => {
        const world = cleanup.add(await World.up(`s${process.pid}x${++worlds}-`, row.world), (one) =>
          one.down(),
        );
        cleanup.add(world, (one) => one.lines(row.cleanup ?? []));
        try {
          await world.lines(row.setup ?? []);
        } catch (error) {
          if (!row.needs || !(error instanceof ArpwhyError)) throw error;
          console.warn(`SKIPPED ${row.name}: needs ${row.needs} (${error.message})`);
          return context.skip();
        }
        const [seen = []] = await play(world, row, [watch]);
        expect(seen.map((one) => one.verdict.reason)).toHaveLength(row.expect.length);
        for (const [i, expected] of row.expect.entries()) {
          const decision = seen[i] as Decision;
          expect(differences(decision, expected), JSON.stringify(decision)).toEqual([]);
          expect(otherReasons(decision, expected)).toEqual([]);
        }
      });
    }
  });
}
