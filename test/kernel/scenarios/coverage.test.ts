import { describe, expect, it } from 'vitest';
import { reasons } from '../../../src/decision/reasons.js';
import { tables } from './tables.js';

/** The scenarios by reason: what `make test` shows is what is proven. */
const rows = Object.values(tables).flat();

/** Shown by another suite, and why. */
const elsewhere: Record<string, string> = {
  'proxy-delay': 'lifecycle.test.ts: told with --all, and when a trace ends before the second pass',
};

describe('scenarios by reason', () => {
  it('have names of their own', () => {
    const names = rows.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  for (const code of [...reasons.map((reason) => reason.code), 'unknown']) {
    const shown = rows.filter((row) => row.expect.some(({ reason }) => reason === code));
    it(`${code}: ${elsewhere[code] ?? shown.map(({ name }) => name).join('; ')}`, () => {
      if (!elsewhere[code]) expect(shown).not.toEqual([]);
    });
  }
});
