import { describe, expect, it } from 'vitest';
import { type Fold, Folder } from '../../src/decision/fold.js';
import { type Grouped, Groups } from '../../src/decision/groups.js';
import type { Decision } from '../../src/decision/types.js';
import { withFolded } from '../../src/stream/folded.js';
import { validateEvent } from '../schema.js';
import { matched, missed, replied } from './example.js';

/** The nth decision like it: of another request, from another array of steps. */
const nth = (n: number, of: Decision = replied): Decision => ({
  ...of,
  id: `7f3a-${n}`,
  steps: structuredClone(of.steps),
  request: { ...of.request, target: { ip: `192.0.2.${n % 256}` } },
});
const withStep = (step: Partial<typeof matched>): Decision => ({
  ...replied,
  steps: [{ ...matched, ...step }],
  because: 0,
});
const route = matched.route as NonNullable<typeof matched.route>;
const unproven: Decision = {
  ...withStep({ rule: null, evidence: { outcome: 'observed' }, route: { ...route, prefix: null } }),
  unknown: ['/steps/0/rule', '/steps/0/route/prefix', '/steps/0/later', '/steps/1/rule', '/verdict/reason'],
};

describe('Groups', () => {
  const find = () => new Groups<Grouped>((first) => ({ first }));

  it('tells decisions apart by what justified them, not by what was asked', () => {
    const groups = find();
    const group = groups.of(replied);
    expect(groups.of(nth(7))).toBe(group);
    expect(
      groups.of({ ...replied, steps: [missed(255, 'local', 0, ''), ...replied.steps], because: 3 }),
    ).toBe(group);
    expect(groups.size).toBe(1);
  });

  it.each<[string, Decision]>([
    ['host', { ...replied, host: 'node1-0000' }],
    ['namespace', { ...replied, netns: { inode: 7, name: 'node0' } }],
    ['device without a name', { ...replied, device: { index: 9, name: null } }],
    ['name of the device', { ...replied, device: { index: 2, name: 'bond0.91' } }],
    ['action', { ...replied, verdict: { ...replied.verdict, action: 'dropped' } }],
    ['reason', { ...replied, verdict: { ...replied.verdict, reason: 'local-route' } }],
    ['detail', { ...replied, verdict: { ...replied.verdict, detail: 'rp-filter' } }],
    ['candidates', { ...replied, verdict: { ...replied.verdict, candidates: ['same-device'] } }],
    ['evidence', { ...replied, verdict: { ...replied.verdict, evidence: 'inferred' } }],
    ['MAC claimed', { ...replied, reply: { mac: '02:00:00:00:00:01', latencyNs: 1 } }],
    ['no reply', { ...replied, reply: null }],
    ['no justification', { ...replied, because: null }],
    ['table', withStep({ table: { id: 90, name: 'main' } })],
    ['rule', withStep({ rule: { priority: 1, selector: '' } })],
    ['selector', withStep({ rule: { priority: 32766, selector: 'iif eth0' } })],
    ['rule that there is none', withStep({ rule: null })],
    ['rule that was not seen', unproven],
    ['outcome', withStep({ outcome: 'suppressed' })],
    ['purpose', withStep({ purpose: 'source' })],
    ['errno', withStep({ errno: 1 })],
    ['no route', withStep({ route: null })],
    ['prefix', withStep({ route: { ...route, prefix: '0.0.0.0/1' } })],
    ['out device', withStep({ route: { ...route, device: { index: 4, name: 'bond1' } } })],
    ['gateway', withStep({ route: { ...route, gateway: null } })],
    ['type of route', withStep({ route: { ...route, type: 'local' } })],
    ['metric', withStep({ route: { ...route, metric: 1 } })],
    ['protocol', withStep({ route: { ...route, protocol: 'static' } })],
    ['table that the route lies in', withStep({ route: { ...route, table: { id: 255, name: 'local' } } })],
    ['what is proven', withStep({ evidence: { ...matched.evidence, prefix: 'observed' } })],
  ])('another %s is another group', (_, other) => {
    const groups = find();
    expect(groups.of(other)).not.toBe(groups.of(replied));
    expect(groups.size).toBe(2);
  });

  it('a device that was made again is the same, by its name', () => {
    const groups = find();
    const again = withStep({ route: { ...route, device: { index: 14, name: 'bond0' } } });
    expect(groups.of({ ...again, device: { index: 12, name: 'bond0.90' } })).toBe(groups.of(replied));
  });

  it('a rule that was not seen is not one that there is none', () => {
    const groups = find();
    expect(groups.of(unproven)).not.toBe(groups.of({ ...unproven, unknown: ['/steps/0/route/prefix'] }));
  });

  it('the same candidates are the same group', () => {
    const groups = find();
    const left = (candidates: string[]) => ({ ...replied, verdict: { ...replied.verdict, candidates } });
    expect(groups.of(left(['a', 'b']))).toBe(groups.of(left(['a', 'b'])));
    expect(groups.of(left(['a', 'b']))).not.toBe(groups.of(left(['a', 'c'])));
  });

  it('forgets', () => {
    const groups = find();
    const group = groups.of(replied);
    groups.delete(group);
    groups.delete(group);
    expect(groups.size).toBe(0);
    expect(groups.of(replied)).not.toBe(group);
  });
});

describe('Folder', () => {
  it('tells the first ones, and counts the others until the window is over', () => {
    const folder = new Folder();
    const told = Array.from({ length: 10 }, (_, i) => folder.add(nth(i), i));
    expect(told).toEqual([true, true, true, ...Array(7).fill(false)]);
    expect(folder.due(4999)).toEqual([]);
    const [fold, ...others] = folder.due(5000) as [Fold];
    expect(others).toEqual([]);
    validateEvent(fold);
    expect(fold).toMatchObject({
      netns: replied.netns,
      device: replied.device,
      because: matched,
      reply: { mac: 'a0:36:9f:59:be:ef' },
      count: 7,
      first: { id: '7f3a-3', target: '192.0.2.3', sender: '192.0.2.1', time: replied.time },
      last: { id: '7f3a-9', target: '192.0.2.9' },
      unknown: [],
    });
    expect(folder.folded).toBe(7);
  });

  it('tells seldom ones as if it were not there', () => {
    const folder = new Folder();
    for (let hour = 0; hour < 3; hour++) {
      for (let i = 0; i < 3; i++) {
        const now = hour * 3_600_000 + i * 1_200_000;
        expect(folder.due(now)).toEqual([]);
        expect(folder.add(nth(i), now)).toBe(true);
      }
    }
    expect(folder.rest()).toEqual([]);
    expect(folder.folded).toBe(0);
  });

  it('goes on counting while they go on, and tells again once a window passed without one', () => {
    const folder = new Folder();
    for (let i = 0; i < 5; i++) folder.add(nth(i), 0);
    expect(folder.due(5000).map(({ count }) => count)).toEqual([2]);
    expect(folder.add(nth(5), 5001)).toBe(false);
    expect(folder.due(9999)).toEqual([]);
    expect(folder.due(10_000).map(({ count }) => count)).toEqual([1]);
    expect(folder.due(15_000)).toEqual([]);
    expect(folder.add(nth(6), 15_001)).toBe(true);
  });

  it('tells what is new in the middle of a storm at once', () => {
    const folder = new Folder();
    for (let i = 0; i < 100_000; i++) folder.add(nth(i), i / 100);
    expect(folder.add(withStep({ table: { id: 90, name: 'public_90' } }), 1000)).toBe(true);
  });

  it('names as unseen what it shows and was not seen', () => {
    const folder = new Folder();
    for (let i = 0; i < 4; i++) folder.add(nth(i, unproven), 0);
    expect(folder.rest()).toMatchObject([
      { unknown: ['/because/rule', '/because/route/prefix', '/because/later', '/verdict/reason'] },
    ]);
  });

  it('counts no request twice that was deferred, and told of with --all', () => {
    const folder = new Folder();
    const deferred = nth(1, {
      ...replied,
      verdict: { ...replied.verdict, action: 'deferred', reason: 'proxy-delay' },
      reply: null,
    });
    for (let i = 0; i < 5; i++) folder.add(deferred, 0);
    for (let i = 0; i < 4; i++) folder.add(nth(i), 0);
    expect(folder.folded).toBe(1);
    expect(folder.rest().map(({ count, verdict }) => [verdict.action, count])).toEqual([
      ['deferred', 2],
      ['replied', 1],
    ]);
  });

  it('is exact and bounded, however many justifications there are', () => {
    const folder = new Folder();
    const count = 30_000;
    const counted: Fold[] = [];
    let told = 0;
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < count / 2; i++) {
        const prefix = `10.${i >> 8}.${i & 255}.0/24`;
        if (folder.add(withStep({ route: { ...route, prefix } }), round)) told++;
      }
      counted.push(...folder.due(round));
    }
    counted.push(...folder.rest());
    const folded = counted.reduce((sum, one) => sum + one.count, 0);
    expect(folder.folded).toBe(folded);
    expect(told + folded).toBe((5 * count) / 2);
  });
});

it('accounts close where some were folded', () => {
  const end = withFolded(
    {
      schema: 'arpwhy.end/1',
      host: 'node0-4f1c',
      time: '2026-11-22T03:33:09.000000000Z',
      monotonicNs: '2777000000000',
      durationNs: 9000000000,
      why: 'signal',
      accounts: { seen: 21, delivered: 11, folded: 0, filtered: 2, pending: 1, abandoned: 4, lost: 3 },
      cut: 0,
      untracked: 0,
      frames: 40,
      changesLost: 0,
    },
    7,
  );
  validateEvent(end);
  expect(end.accounts).toMatchObject({ delivered: 4, folded: 7 });
});
