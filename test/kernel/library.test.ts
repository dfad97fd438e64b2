import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { type Decision, LiveStream, type StreamEvent } from '../../src/index.js';
import { inside } from '../../src/lab/namespace.js';
import { Cleanup } from './support/cleanup.js';
import { arpgen, Pair } from './support/pair.js';

let pair: Pair;
const cleanup = new Cleanup();
beforeAll(async () => {
  pair = await Pair.up(`t${process.pid}l-`);
});
afterAll(() => pair?.down());
afterEach(() => cleanup.run());

const ask = (count: number, targets: number) => {
  const what = ['--dev', 'h0', '--sender', '192.0.2.66', '--target', '198.51.100.10', '--rate', '20000'];
  return run(inside(pair.host, [arpgen, ...what, '--count', String(count), '--targets', String(targets)]));
};

async function opened(): Promise<LiveStream> {
  const stream = cleanup.add(LiveStream.open({ netns: [pair.router] }), (one) => one.stop('closed'));
  await stream.settled(2000, pair.router);
  return stream;
}

async function decisionsOf(events: AsyncIterable<StreamEvent>): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for await (const event of events) if (event.schema === 'arpwhy.decision/1') decisions.push(event);
  return decisions;
}

describe('a live stream in a program', () => {
  it.each<[string, (events: AsyncIterableIterator<StreamEvent>) => Promise<unknown>]>([
    ['before it reads', async (events) => events.return?.()],
    [
      'at the start event',
      async (events) => {
        for await (const _ of events) break;
      },
    ],
    [
      'at the first decision',
      async (events) => {
        for await (const { schema } of events) if (schema === 'arpwhy.decision/1') break;
      },
    ],
  ])('goes on for others when one leaves %s, and ends', async (_, leave) => {
    const stream = await opened();
    const others = decisionsOf(stream.events());
    const left = leave(stream.events());
    await ask(3000, 200);
    const { accounts } = await stream.stop('closed');
    await left;
    expect(accounts).toMatchObject({ seen: 3000, delivered: 3000, lost: 0 });
    expect(await others).toHaveLength(3000);
  });

  it('tells each decision whatever its readers do with those before it', async () => {
    const stream = await opened();
    const seen: string[] = [];
    const spoiled = (async () => {
      for await (const event of stream.events()) {
        if (event.schema !== 'arpwhy.decision/1') continue;
        seen.push(`${event.host} ${event.verdict.action} ${event.steps.length > 0}`);
        expect(Object.keys({ ...event })).toContain('verdict');
        expect(() => event.steps.pop()).toThrow(TypeError);
        expect(() => Object.assign(event.verdict, { action: 'dropped' })).toThrow(TypeError);
        Object.assign(event, { host: 'mine', steps: [], verdict: null });
      }
    })();
    const others = decisionsOf(stream.events());
    await ask(50, 5);
    await stream.stop('closed');
    await spoiled;
    expect(new Set(seen)).toEqual(new Set([`${stream.start.host} replied true`]));
    for (const decision of await others) expect(decision.host).toBe(stream.start.host);
  });
});
