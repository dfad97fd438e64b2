import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Fold } from '../../src/decision/fold.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { kinds, Pair } from './support/pair.js';
import { Running } from './support/running.js';
import { TraceProcess } from './support/trace.js';

const cleanup = new Cleanup();
const many = 2000;
let pair: Pair;

beforeAll(async () => {
  pair = await Pair.up(`t${process.pid}d-`);
});
afterAll(() => pair?.down());
afterEach(() => cleanup.run());

const attach = async (...args: string[]) =>
  cleanup.add(await TraceProcess.start('--netns', pair.router, ...args), (one) => one.kill());

it('counts what repeats, exactly, and tells at once what does not', async () => {
  const folded = await attach('--fold');
  const plain = await attach();
  await pair.ask(kinds.local, many);
  await pair.ask(kinds.noRoute, many);
  await pair.ask(kinds.proxied);
  await plain.until('all', (decisions) => decisions.length === 2 * many + 1);
  await folded.until('what is new', (decisions) =>
    decisions.some(({ request }) => request.target.ip === kinds.proxied.target),
  );
  for (const trace of [folded, plain]) expect(await trace.stop()).toBe(0);
  const folds = folded.events.filter((event): event is Fold => event.schema === 'arpwhy.fold/1');
  const { accounts } = folded.end;
  expect(accounts).toMatchObject({ seen: 2 * many + 1, lost: 0, abandoned: 0, filtered: 0 });
  expect(accounts.delivered).toBe(folded.decisions.length);
  expect(accounts.folded).toBe(folds.reduce((sum, { count }) => sum + count, 0));
  expect(plain.end.accounts).toMatchObject({ delivered: 2 * many + 1, folded: 0 });
  const counted = new Map<string | null, number>();
  const ids = new Set<string>();
  for (const { request, id } of folded.decisions) {
    counted.set(request.target.ip, (counted.get(request.target.ip) ?? 0) + 1);
    ids.add(id);
  }
  // the first request may come before its proof, and is another justification then; two windows may hold the rest
  expect(folded.decisions.length).toBeLessThanOrEqual(6 * 2 + 1);
  for (const { first, last, count } of folds) {
    expect(first.target).toBe(last.target);
    counted.set(first.target, (counted.get(first.target) ?? 0) + count);
    for (const { id } of [first, last]) expect(ids).not.toContain(id);
  }
  expect(Object.fromEntries(counted)).toEqual({
    [kinds.local.target]: many,
    [kinds.noRoute.target]: many,
    [kinds.proxied.target]: 1,
  });
});

it('does so in text, unless told not to', async () => {
  const start = async (...args: string[]) =>
    cleanup.add(await Running.attached(['trace', '--netns', pair.router, ...args]), (one) => one.kill());
  const text = await start();
  const each = await start('--no-fold', '-q');
  await pair.ask(kinds.local, many);
  const lines = () => each.stdout.match(/who-has/g)?.length ?? 0;
  await eventually('not all came', () => lines() === many || lines());
  for (const one of [text, each]) expect(await one.stop()).toBe(0);
  expect(text.stdout.match(/who-has .* REPLIED local-address/g)?.length).toBeLessThanOrEqual(6);
  const folds = [...text.stdout.matchAll(/ ([\d,]+) more: 192\.0\.2\.1 +REPLIED local-address {2}in/g)];
  const told = text.stdout.match(/who-has/g)?.length ?? 0;
  expect(folds.reduce((sum, [, count = '']) => sum + Number(count.replace(',', '')), told)).toBe(many);
  expect(text.stderr).toMatch(new RegExp(`: ${told} delivered, ${many - told} folded, 0 lost\n$`));
  expect(lines()).toBe(many);
  expect(each.stderr).toMatch(new RegExp(`: ${many} delivered, 0 lost\n$`));
});

it('tells three in a row one by one, in full', async () => {
  const trace = cleanup.add(await Running.attached(['trace', '--netns', pair.router]), (one) => one.kill());
  for (let i = 0; i < 3; i++) await pair.ask(kinds.proxied);
  await trace.until(/(who-has.*because.*){3}/s, 'stdout');
  expect(await trace.stop()).toBe(0);
  expect(trace.stdout).not.toContain('more:');
});
