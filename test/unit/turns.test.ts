import { expect, it } from 'vitest';
import { Turns } from '../../src/host/turns.js';

it('lets so many run at a time, in their order, also when one fails', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const work = (i: number) =>
    turns.take(async () => {
      begun.push(i);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running--;
      if (i === 1) throw new Error('failed');
      return i;
    });
  const all = Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(turns.free).toBe(false);
  for (let i = 0; i < 5; i++) {
    expect(ends).toHaveLength(Math.min(i + 2, 5));
    ends[i]?.();
    await new Promise(setImmediate);
  }
  expect((await all).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  expect(turns.free).toBe(true);
});
