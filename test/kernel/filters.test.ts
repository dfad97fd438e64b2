import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { run } from '../../src/host/run.js';
import { Cleanup } from './support/cleanup.js';
import { kinds, Pair } from './support/pair.js';
import { TraceProcess } from './support/trace.js';

/** Addresses are filtered where requests are seen: what is left out is counted, and nothing else is made of it. */
const cleanup = new Cleanup();
let pair: Pair;

beforeAll(async () => {
  pair = await Pair.up(`t${process.pid}e-`);
});
afterAll(() => pair?.down());
afterEach(() => cleanup.run());

const attach = async (...args: string[]) =>
  cleanup.add(await TraceProcess.start('--netns', pair.router, ...args), (one) => one.kill());

it.each([
  ['--target', kinds.proxied.target, 3],
  ['--target', `${kinds.proxied.target}/32`, 3],
  ['--target', '203.0.113.77', 0],
  ['--sender', '0.0.0.0/0', 8],
  ['--sender', '192.0.2.77', 3],
  ['--sender', '203.0.113.0/24', 0],
])('%s %s', async (option, prefix, matching) => {
  const filtered = await attach(option, prefix);
  const plain = await attach();
  await pair.ask(kinds.local, 5);
  await pair.ask(kinds.proxied, 3);
  await plain.until('all', (decisions) => decisions.length === 8);
  await filtered.until('those asked for', (decisions) => decisions.length === matching);
  for (const trace of [filtered, plain]) expect(await trace.stop()).toBe(0);
  expect(plain.end.accounts).toMatchObject({ seen: 8, delivered: 8, filtered: 0 });
  expect(filtered.end.accounts).toMatchObject({
    ...{ seen: 8, delivered: matching, filtered: 8 - matching, lost: 0, pending: 0, abandoned: 0 },
  });
  const verdicts = ({ decisions }: TraceProcess) => decisions.map(({ verdict }) => verdict);
  expect(verdicts(filtered)).toEqual(verdicts(plain).slice(8 - matching));
});

it('two lists have to match both', async () => {
  const trace = await attach('--target', kinds.proxied.target, '--sender', kinds.local.sender);
  const other = await attach('--target', kinds.proxied.target, '--sender', kinds.proxied.sender);
  await pair.ask(kinds.local);
  await pair.ask(kinds.proxied, 2);
  await other.until('both', (decisions) => decisions.length === 2);
  for (const one of [trace, other]) expect(await one.stop()).toBe(0);
  expect(trace.end.accounts).toMatchObject({ seen: 3, delivered: 0, filtered: 3 });
  expect(other.end.accounts).toMatchObject({ seen: 3, delivered: 2, filtered: 1 });
});

it('counts a request that waits on the proxy queue once', async () => {
  const delay = (jiffies: number) => pair.set({ 'ipv4/neigh/r0/proxy_delay': jiffies });
  await delay(5);
  cleanup.add(pair, () => delay(0));
  const trace = await attach('--target', '203.0.113.77');
  const plain = await attach();
  await pair.ask(kinds.proxied, 2);
  await plain.until('both', (decisions) => decisions.length === 2);
  expect(plain.decisions.map(({ verdict }) => verdict.deferredNs)).not.toContain(null);
  for (const one of [trace, plain]) expect(await one.stop()).toBe(0);
  expect(trace.end.accounts).toMatchObject({
    ...{ seen: 2, delivered: 0, filtered: 2, pending: 0, abandoned: 0, lost: 0 },
  });
});

it('counts a request that is purged from the proxy queue', async () => {
  const delay = (jiffies: number) => pair.set({ 'ipv4/neigh/r0/proxy_delay': jiffies });
  await delay(100_000);
  cleanup.add(pair, () => delay(0));
  const trace = await attach('--target', '203.0.113.77');
  const plain = await attach('--all');
  const actions = (decisions: Decision[]) => decisions.map(({ verdict }) => verdict.action).join(' ');
  await pair.ask(kinds.proxied);
  await plain.until('the deferral', (decisions) => actions(decisions) === 'deferred');
  await run(['ip', '-n', pair.router, 'link', 'del', 'r0']);
  cleanup.add(pair, (one) => one.wire('r0', '192.0.2.1/24'));
  await plain.until('the purge', (decisions) => actions(decisions) === 'deferred dropped');
  for (const one of [trace, plain]) expect(await one.stop()).toBe(0);
  expect(plain.end.accounts).toMatchObject({ seen: 1, delivered: 1 });
  expect(trace.end.accounts).toMatchObject({ seen: 1, delivered: 0, filtered: 1, pending: 0, abandoned: 0 });
});
