import { expect, it } from 'vitest';
import { nud } from '../../src/decision/neighbour/record.js';
import { stateBeforeTimer } from '../../src/decision/neighbour/timer.js';

const mac = '02:00:00:00:01:09';

it.each<[string, number, number, number | null, number | null | undefined]>([
  // after, probes, last known
  ['a reachable entry in use', nud.delay, 0, nud.reachable, nud.reachable],
  ['a packet made it delay, unseen', nud.probe, 1, nud.stale, nud.delay],
  ['asked again', nud.probe, 2, nud.probe, null],
  ['set to probe by hand', nud.probe, 1, nud.probe, null],
  ['not confirmed any more', nud.stale, 0, nud.reachable, nud.reachable],
  ['never seen before', nud.stale, 0, null, undefined],
  ['a reply came meanwhile', nud.stale, 4, nud.incomplete, null],
  ['a reply came meanwhile, of its own', nud.reachable, 4, nud.probe, null],
  ['confirmed by what it was used for', nud.reachable, 0, nud.stale, nud.delay],
  ['its timer was set again', nud.reachable, 0, nud.reachable, null],
  ['nobody answered', nud.failed, 6, nud.incomplete, nud.incomplete],
  ['nobody answered, once more', nud.failed, 6, nud.failed, nud.incomplete],
  ['a resolved one that does not answer', nud.failed, 3, nud.probe, nud.probe],
  ['failed, never seen before', nud.failed, 3, null, undefined],
  ['asks', nud.incomplete, 4, null, null],
])('the timer of an entry: %s', (_name, state, probes, known, before) => {
  expect(stateBeforeTimer({ entry: { state, mac }, probes }, known)).toBe(before);
});

it('knows that what has no MAC was never probed', () => {
  const entry = { state: nud.failed, mac: '00:00:00:00:00:00' };
  expect(stateBeforeTimer({ entry, probes: 6 }, null)).toBe(nud.incomplete);
});
