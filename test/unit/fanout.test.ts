import { describe, expect, it } from 'vitest';
import { Fanout } from '../../src/stream/fanout.js';

async function all<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const read: T[] = [];
  for await (const batch of batches) read.push(...batch);
  return read;
}

describe('Fanout', () => {
  it('gives every consumer everything since it subscribed, in order', async () => {
    const fanout = new Fanout<number>();
    fanout.push(0);
    const early = fanout.subscribe();
    fanout.push(1);
    const late = fanout.subscribe();
    fanout.push(2);
    fanout.end();
    expect(await all(early)).toEqual([1, 2]);
    expect(await all(late)).toEqual([2]);
  });

  it('wakes a consumer that waits', async () => {
    const fanout = new Fanout<string>();
    const reading = all(fanout.subscribe());
    for (const event of ['a', 'b', 'c']) {
      await new Promise((resolve) => setImmediate(resolve));
      fanout.push(event);
    }
    fanout.end();
    expect(await reading).toEqual(['a', 'b', 'c']);
  });

  it('ends at once for who subscribes after the end', async () => {
    const fanout = new Fanout<number>();
    fanout.end();
    expect(await all(fanout.subscribe())).toEqual([]);
  });

  it('lets a slow consumer hold up nobody else', async () => {
    const fanout = new Fanout<number>();
    const slow = fanout.subscribe()[Symbol.asyncIterator]();
    const fast = fanout.subscribe()[Symbol.asyncIterator]();
    fanout.push(1);
    fanout.push(2);
    expect(await fast.next()).toEqual({ value: [1, 2], done: false });
    fanout.push(3);
    expect(await fast.next()).toEqual({ value: [3], done: false });
    expect(await slow.next()).toEqual({ value: [1, 2, 3], done: false });
  });

  it('is congested while a consumer is far behind, and no longer when it has caught up', async () => {
    const fanout = new Fanout<number>();
    expect(fanout.congested).toBe(false);
    const events = fanout.subscribe()[Symbol.asyncIterator]();
    for (let i = 0; i <= 4096; i++) fanout.push(i);
    expect(fanout.congested).toBe(true);
    await events.next();
    expect(fanout.congested).toBe(false);
  });

  it('forgets a consumer that leaves, however far behind it was', async () => {
    const fanout = new Fanout<number>();
    const events = fanout.subscribe();
    for (let i = 0; i < 20_000; i++) fanout.push(i);
    for await (const batch of events) if (batch.includes(2)) break;
    expect(fanout.congested).toBe(false);
    fanout.push(1);
    expect(await events[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });

  it('answers several reads that wait at once', async () => {
    const fanout = new Fanout<number>();
    const events = fanout.subscribe()[Symbol.asyncIterator]();
    const [first, second] = [events.next(), events.next()];
    fanout.push(1);
    expect(await first).toEqual({ value: [1], done: false });
    fanout.push(2);
    expect(await second).toEqual({ value: [2], done: false });
  });
});
