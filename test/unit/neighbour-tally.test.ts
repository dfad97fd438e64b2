import { expect, it } from 'vitest';
import type { Learning, NeighbourChange } from '../../src/decision/neighbour/types.js';
import { NeighbourTally } from '../../src/decision/tally/neighbours.js';
import { asciiGlyphs } from '../../src/view/glyphs.js';
import { plain } from '../../src/view/style.js';
import { neighbourTable } from '../../src/view/top/neighbours.js';

const [owner, rogue] = ['02:00:00:00:00:77', 'a0:36:9f:59:be:ef'];
const about = {
  id: '7f3a-n1',
  host: 'guest-4f1c',
  time: '2026-11-22T03:31:09.600000000Z',
  monotonicNs: '1',
  tier: 'tracepoint',
  netns: { inode: 1, name: 'guest' },
  device: { index: 2, name: 'eth0' },
  unknown: [],
} as const;

function learning(from: string, to: string, more: Partial<Learning> = {}): Learning {
  return {
    schema: 'arpwhy.learning/1',
    ...about,
    unknown: [],
    claim: {
      operation: 'reply',
      ip: '192.0.2.77',
      mac: to,
      target: { ip: '192.0.2.66', mac: '02:00:00:00:00:66' },
      source: to,
      destination: '02:00:00:00:00:66',
      cast: 'unicast',
    },
    entry: { met: { state: 'stale', mac: from, ageNs: 5e9 }, left: { state: 'reachable', mac: to } },
    moved: from === to ? null : { from, to },
    verdict: {
      action: 'updated',
      reason: 'locktime-passed',
      detail: null,
      candidates: null,
      evidence: 'observed',
    },
    asked: null,
    settings: {},
    ...more,
  };
}

it('tells who holds an address, how often it moved, and who else claims it', () => {
  const tally = new NeighbourTally();
  tally.take(learning(owner, owner));
  tally.take(learning(owner, rogue, { time: '2026-11-22T03:31:10.600000000Z' }));
  tally.take(
    learning(rogue, owner, {
      entry: { met: { state: 'reachable', mac: rogue, ageNs: 1 }, left: { state: 'reachable', mac: rogue } },
      moved: null,
      verdict: {
        action: 'ignored',
        reason: 'locktime',
        detail: null,
        candidates: null,
        evidence: 'observed',
      },
    }),
  );
  expect(tally.rows()).toMatchObject([
    {
      ip: '192.0.2.77',
      mac: rogue,
      before: owner,
      moves: 1,
      disputed: 1,
      since: '2026-11-22T03:31:10.600000000Z',
    },
  ]);
  const view = { style: plain, utc: true, glyphs: asciiGlyphs };
  expect(neighbourTable(tally.rows(), view)[1]).toBe(
    '! guest     eth0   192.0.2.77 a0:36:9f:59:be:ef reachable 03:31:10.6 1x    1x       02:00:00:00:00:77',
  );
  expect(neighbourTable(tally.rows(), { ...view, columns: 30 })[1]).toHaveLength(30);
});

it('tells that an entry is gone, and a claim that met nothing makes no row', () => {
  const tally = new NeighbourTally();
  tally.take(
    learning(owner, owner, {
      entry: { met: null, left: null },
      verdict: {
        action: 'ignored',
        reason: 'no-entry',
        detail: null,
        candidates: null,
        evidence: 'inferred',
      },
    }),
  );
  expect(tally.rows()).toEqual([]);
  const gone: NeighbourChange = {
    schema: 'arpwhy.neighbour/1',
    ...about,
    unknown: [],
    entry: { ip: '192.0.2.77', was: { state: 'stale', mac: owner }, is: null },
    cause: { code: 'link-down', detail: 'neigh_ifdown', process: null },
  };
  tally.take(gone);
  expect(tally.rows()).toMatchObject([{ mac: owner, state: 'gone', moves: 0 }]);
});
