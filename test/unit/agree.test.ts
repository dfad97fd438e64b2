import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { betweenKernels, betweenTiers } from '../vm/agree.js';
import type { RowLine } from '../vm/lines.js';
import { decideOn, final, other, pass, reply } from './builders.js';

const decided = decideOn(
  pass({ route: final('unicast', other), reply, settings: { proxy_arp: 1 }, lookups: [] }),
);

function line(decision: Decision, fields: Partial<RowLine> = {}): RowLine {
  return {
    kind: 'row',
    row: 'a row',
    tier: 'tracepoint',
    state: 'passed',
    why: '',
    differs: null,
    decisions: [decision],
    ...fields,
  };
}

const withPvlan = (values: { all?: number; dev: number }): Decision => ({
  ...decided,
  unknown: [],
  settings: { proxy_arp_pvlan: values },
});

const played = (kernel: string, release: string, decision: Decision) => ({
  kernel,
  release,
  rows: [line(decision)],
});

describe('agreement between kernels', () => {
  it('leaves out what one of them does not read', () => {
    const old = played('5.10', '5.10.0-46-amd64', withPvlan({ dev: 0 }));
    const later = played('newest', '7.2.13+deb14-amd64', withPvlan({ all: 0, dev: 0 }));
    expect(betweenKernels([old, later])).toEqual([]);
    expect(betweenKernels([{ ...old, release: '6.1.0' }, later])).toEqual([
      'a row (tracepoint): 5.10, newest: /0/settings/proxy_arp_pvlan/all: undefined, 0',
    ]);
  });

  it('finds what they both read', () => {
    const old = played('5.10', '5.10.0-46-amd64', withPvlan({ dev: 0 }));
    const later = played('newest', '7.2.13+deb14-amd64', withPvlan({ all: 0, dev: 1 }));
    expect(betweenKernels([old, later])).toEqual([
      'a row (tracepoint): 5.10, newest: /0/settings/proxy_arp_pvlan/dev: 0, 1',
    ]);
  });
});

describe('agreement between tiers', () => {
  it('finds another reason', () => {
    const silent = { ...decided, verdict: { ...decided.verdict, action: 'silent' as const } };
    const known = (decision: Decision) => ({ ...decision, unknown: [] });
    expect(betweenTiers([line(known(decided)), line(known(silent), { tier: 'kprobe' })])).toEqual([
      'a row: tracepoint, kprobe: /0/verdict/action: "replied", "silent"',
    ]);
  });
});
