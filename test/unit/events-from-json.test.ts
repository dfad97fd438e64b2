import { expect, it } from 'vitest';
import { eventFrom } from '../../src/recording/events-from-json.js';
import { validateEvent } from '../schema.js';
import { replied } from './example.js';

/** Where a decision may have null: the contract allows it, and some tier and moment writes it. */
const nullable = paths(replied).filter((path) => {
  try {
    validateEvent(withNull(path));
    return true;
  } catch {
    return false;
  }
});

it('the contract allows null in many places', () => {
  expect(nullable.length).toBeGreaterThan(15);
  expect(nullable).toContain('steps/1/rule/selector');
});

it.each(nullable)('a decision with null as its %s is read from a recording', (path) => {
  const decision = withNull(path);
  expect(eventFrom(decision)).toEqual(decision);
});

function paths(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    key,
    ...paths(inner).map((rest) => `${key}/${rest}`),
  ]);
}

function withNull(path: string): typeof replied {
  const decision = structuredClone(replied);
  const keys = path.split('/');
  const last = keys.pop() as string;
  let at: Record<string, unknown> = decision as unknown as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = null;
  return decision;
}
