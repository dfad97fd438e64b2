import { expect, it } from 'vitest';
import { Counter } from '../../src/cli/top/counter.js';
import { parsePrefix } from '../../src/decision/addresses.js';
import { noFilter } from '../../src/decision/filter.js';
import type { Decision, Prefix } from '../../src/decision/types.js';
import { replied } from './example.js';

/** Asked `ms` after the first one. */
const asked = (target: string, ms: number): Decision => ({
  ...replied,
  monotonicNs: String(BigInt(replied.monotonicNs) + BigInt(ms) * 1_000_000n),
  request: { ...replied.request, target: { ip: target } },
});

it('an address that is filtered begins with what rows have kept, each at its own time', () => {
  const counter = new Counter();
  for (const [i, target] of ['192.0.2.7', '192.0.2.8', '192.0.2.9'].entries()) {
    counter.take({ now: 50_000 + i * 4000, events: [asked(target, i * 4000)] });
  }
  const filter = { ...noFilter, targets: [parsePrefix('192.0.2.7') as Prefix] };
  expect(counter.filter(filter)).toBe(true);
  const rows = [...counter.tally.rows()];
  expect(rows.map(({ count, firstMs, lastMs }) => [count, firstMs, lastMs])).toEqual([[1, 50_000, 50_000]]);
  // what was kept is no part of the rate
  counter.advance(60_000);
  expect(rows.map((row) => counter.tally.rate(row, 60_000))).toEqual([0]);
  expect(counter.tally.totalRate(60_000)).toBe(0);
});
