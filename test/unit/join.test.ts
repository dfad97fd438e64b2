import { expect, it } from 'vitest';
import { Joiner } from '../../src/decision/join.js';
import { pass } from './builders.js';

const deferred = (id: number) => pass({ id, ending: { closed: 'deferred' } });

it('numbers requests of one pass', () => {
  const joiner = new Joiner('7f3a');
  expect([joiner.add(pass())?.id, joiner.add(pass())?.id]).toEqual(['7f3a-1', '7f3a-2']);
});

it('joins the second pass to the first, under the first one’s number', () => {
  const joiner = new Joiner('t');
  const first = deferred(5);
  expect(joiner.add(first)).toBeNull();
  expect(joiner.waitingFor(first)?.id).toBe('t-1');
  joiner.add(pass({ id: 6 }));
  const second = pass({ id: 7, first: 5 });
  expect(joiner.add(second)).toEqual({ id: 't-1', first, pass: second });
  expect(joiner.waiting()).toEqual([]);
});

it('lets a second pass stand alone when the first was lost', () => {
  expect(new Joiner('t').add(pass({ id: 7, first: 5 }))).toMatchObject({ id: 't-1', first: null });
});

it('forgets the oldest of too many', () => {
  const joiner = new Joiner('t');
  for (let id = 1; id <= 16385; id++) joiner.add(deferred(id));
  expect(joiner.waiting()).toHaveLength(16384);
  expect(joiner.waiting()[0]?.pass.id).toBe(2);
});
