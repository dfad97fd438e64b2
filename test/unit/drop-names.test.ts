import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dropNames } from '../../src/kernel/drop-names.js';
import type { NativeLibrary } from '../../src/kernel/library.js';
import type { KernelSymbols } from '../../src/kernel/symbols.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

/** A kernel whose drop reasons have no names, and whose symbols are read each time that one is asked for. */
function namesOf(nameOf: () => string | null): { where(): string; readings(): number } {
  let readings = 0;
  const symbols = {
    nameOf: () => {
      readings++;
      return nameOf();
    },
  } as unknown as KernelSymbols;
  const names = dropNames({ arpwhy_enum_name: () => -2 } as unknown as NativeLibrary, symbols);
  return { where: () => names.where(77n, 9), readings: () => readings };
}

it('looks a name up once', () => {
  const names = namesOf(() => 'nft_do_chain');
  for (let i = 0; i < 3; i++) expect(names.where()).toBe('nft_do_chain (9)');
  vi.advanceTimersByTime(100_000);
  names.where();
  expect(names.readings()).toBe(1);
});

it('finds the name that comes later', () => {
  let name: string | null = null;
  const names = namesOf(() => name);
  expect(names.where()).toBe('unknown function (9)');
  name = 'nft_do_chain';
  expect(names.where()).toBe('unknown function (9)');
  vi.advanceTimersByTime(1001);
  expect(names.where()).toBe('nft_do_chain (9)');
});

it('reads the symbols ever more seldom for a place that has no name', () => {
  const names = namesOf(() => null);
  for (let second = 0; second < 600; second++) {
    names.where();
    vi.advanceTimersByTime(1001);
  }
  expect(names.readings()).toBeLessThanOrEqual(6);
});
