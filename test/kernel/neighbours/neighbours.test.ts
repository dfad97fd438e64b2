import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { learningReasons } from '../../../src/decision/neighbour/reasons.js';
import { isNeighbourEvent, type NeighbourEventTold } from '../../../src/decision/neighbour/types.js';
import { ArpwhyError } from '../../../src/errors.js';
import { LiveStream } from '../../../src/stream/live.js';
import { validateEvent } from '../../schema.js';
import { World } from '../scenarios/world.js';
import { Cleanup } from '../support/cleanup.js';
import { brief } from './brief.js';
import type { Row } from './row.js';
import { learningRows } from './rows-learning.js';
import { otherRows } from './rows-others.js';
import { steps } from './steps.js';

/** One trace over all rows, as for decisions. */
const cleanup = new Cleanup();
let stream: LiveStream;
const events: NeighbourEventTold[] = [];
let failed: unknown = null;

beforeAll(() => {
  stream = LiveStream.open({ kinds: ['learning', 'solicitation', 'neighbour'] });
  collect().catch((error: unknown) => {
    failed = error;
  });
});

afterEach(() => cleanup.run());

afterAll(async () => {
  const end = await stream.stop('closed');
  validateEvent(end);
  expect(end.neighbours?.lost).toBe(0);
});

async function collect(): Promise<void> {
  for await (const event of stream.events()) {
    validateEvent(event);
    if (isNeighbourEvent(event)) events.push(event);
  }
}

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
        await stream.settled();
        // what the setup asked for may be told later
        const from = process.hrtime.bigint();
        await steps(world, row.steps);
        const told = () => seen(world, row, from);
        const deadline = Date.now() + (row.patienceMs ?? 3000);
        while (told().length < row.expect.length && Date.now() < deadline) await stream.settled(100);
        await stream.settled();
        await stream.settled();
        if (failed) throw failed;
        const texts = told().map(brief);
        expect(texts, JSON.stringify(told())).toEqual(
          row.expect.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
        );
      });
    }
  });
}

function seen(world: World, row: Row, from: bigint): NeighbourEventTold[] {
  const kinds = (row.kinds ?? ['learning']).map((kind) => `arpwhy.${kind}/1`);
  return events.filter(
    ({ schema, netns, monotonicNs }) =>
      kinds.includes(schema) && netns.name === world.router && BigInt(monotonicNs) >= from,
  );
}

it('each reason has a row', () => {
  const texts = learningRows.flatMap((row) => row.expect.map(String)).join('\n');
  expect(learningReasons.map(({ code }) => code).filter((code) => !texts.includes(code))).toEqual([]);
});
