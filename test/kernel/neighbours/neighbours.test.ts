import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { learningReasons } from '../../../src/decision/neighbour/reasons.js';
import { ArpwhyError } from '../../../src/errors.js';
import { World } from '../scenarios/world.js';
import { Cleanup } from '../support/cleanup.js';
import { NeighbourWatch, unlike } from './play.js';
import { learningRows } from './rows-learning.js';
import { otherRows } from './rows-others.js';
import { steps } from './steps.js';

/** One trace over all rows, as for decisions. */
const cleanup = new Cleanup();
let watch: NeighbourWatch;

beforeAll(() => {
  watch = new NeighbourWatch();
});

afterEach(() => cleanup.run());

afterAll(() => watch.stop());

let worlds = 0;

for (const [theme, rows] of Object.entries({ learning: learningRows, others: otherRows })) {
  describe(theme, () => {
    for (const row of rows) {
      it(row.name, async (context) => {
        const world = cleanup.add(await World.up(`n${process.pid}x${++worlds}-`), (one) => one.down());
        try {
          await steps(world, row.setup ?? []);
        } catch (error) {
          if (!row.needs || !(error instanceof ArpwhyError)) throw error;
          console.warn(`SKIPPED ${row.name}: needs ${row.needs} (${error.message})`);
          return context.skip();
        }
        const { texts, events } = await watch.play(world, row);
        expect(unlike(texts, row.expect), JSON.stringify(events)).toEqual([]);
      });
    }
  });
}

it('each reason has a row', () => {
  const texts = learningRows.flatMap((row) => row.expect.map(String)).join('\n');
  expect(learningReasons.map(({ code }) => code).filter((code) => !texts.includes(code))).toEqual([]);
});
