import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reasons } from '../../../src/decision/reasons.js';
import type { Decision } from '../../../src/decision/types.js';
import { ArpwhyError } from '../../../src/errors.js';
import { LiveStream } from '../../../src/stream/live.js';
import { validateEvent } from '../../schema.js';
import { Cleanup } from '../support/cleanup.js';
import { differences } from './compare.js';
import type { Expected, Row } from './row.js';
import { tables } from './tables.js';
import { World } from './world.js';

/** One trace over all rows: what is not told apart by namespace would show in the wrong row. */
const cleanup = new Cleanup();
const decisions: Decision[] = [];
let stream: LiveStream;
/** What ended the reading of events too early: without them no row can pass. */
let failed: unknown = null;

beforeAll(() => {
  stream = LiveStream.open();
  collect().catch((error: unknown) => {
    failed = error;
  });
});

afterEach(() => cleanup.run());

afterAll(async () => {
  const end = await stream.stop('closed');
  validateEvent(end);
});

async function collect(): Promise<void> {
  for await (const event of stream.events()) {
    validateEvent(event);
    if (event.schema === 'arpwhy.decision/1') decisions.push(event);
  }
}

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
        const seen = await play(world, row);
        expect(seen.map((one) => one.verdict.reason)).toHaveLength(row.expect.length);
        for (const [i, expected] of row.expect.entries()) {
          const decision = seen[i] as Decision;
          expect(differences(decision, expected), JSON.stringify(decision)).toEqual([]);
          expectNoOther(decision, expected);
        }
      });
    }
  });
}

/** Send what the row sends; return what was decided on its router. */
async function play(world: World, row: Row): Promise<Decision[]> {
  await stream.settled();
  const seenBefore = stream.seen();
  const alongside: Promise<void>[] = [];
  for (const traffic of row.traffic ?? [{}]) {
    if (traffic.alongside) alongside.push(world.send(traffic));
    else await world.send(traffic);
  }
  await Promise.all(alongside);
  await world.lines(row.afterwards ?? []);
  const ofRouter = () => decisions.filter(({ netns }) => netns.name === world.router);
  const deadline = Date.now() + 5000;
  while (ofRouter().length < row.expect.length && Date.now() < deadline) await stream.settled();
  if (failed) throw failed;
  // Nothing else appears: all that the kernel has opened by now has been told.
  if (stream.seen() === seenBefore && row.expect.length > 0)
    throw new Error('the kernel side saw no request at all');
  await stream.settled();
  await stream.settled();
  return ofRouter();
}

/** The same row with a neighbouring reason has to fail, or it shows nothing. */
function expectNoOther(decision: Decision, expected: Expected): void {
  for (const { code, action } of reasons) {
    if (code === expected.reason) continue;
    expect(differences(decision, { ...expected, action, reason: code }), code).not.toEqual([]);
  }
}
