import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { batch, inside } from '../../src/lab/namespace.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { arpgen, Pair } from './support/pair.js';
import { Running } from './support/running.js';
import { runProgram } from './support/trace.js';

let cleanup: Cleanup;
let pair: Pair;
let file = '';
beforeEach(async () => {
  cleanup = new Cleanup();
  const directory = cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-finding-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  );
  file = join(directory, 'incident.pcapng');
  pair = cleanup.add(await Pair.up(`t${process.pid}f-`), (one) => one.down());
});
afterEach(() => cleanup.run());

const outside = '203.0.113.9';
const behind = '198.51.100.7';

it('keeps apart changes that overlap: what each of them did, what did nothing, and what a restore ended', async () => {
  const recording = cleanup.add(
    await Running.attached(['record', '--netns', pair.router, '-o', file, '--json']),
    (one) => one.kill(),
  );
  const decided = () => recording.stdout.split('"arpwhy.decision/1"').length - 1;
  const askAll = async () => {
    for (const target of [outside, behind]) {
      const before = decided();
      const what = ['--dev', 'h0', '--sender', '192.0.2.77', '--target', target, '--count', '1'];
      await run(inside(pair.host, [arpgen, ...what]));
      await eventually(`the decision about ${target}`, () => decided() > before || recording.stdout);
    }
  };
  /** Change something, and wait until the recording tells of it. */
  const change = async (command: string, told: string) => {
    const times = () => readFileSync(file, 'utf8').split(told).length;
    const before = times();
    await batch(pair.router, [command]);
    await eventually(`the recording tells of: ${command}`, () => times() > before || times());
  };
  await askAll();
  await change('route add default via 198.51.100.254 dev r1', '"change":"added","text":"0.0.0.0/0');
  await askAll();
  await change('route add blackhole 100.64.0.0/10 table 77', '"text":"blackhole 100.64.0.0/10');
  await askAll();
  await change('rule add pref 50 to 198.51.100.7 prohibit', '"change":"added","text":"50: ');
  await askAll();
  await change('route del default', '"change":"removed","text":"0.0.0.0/0');
  await askAll();
  expect(await recording.stop()).toBe(0);

  const { stdout, status } = await runProgram(['report', file, '--utc']);
  expect(status).toBe(0);
  const [, ...paragraphs] = stdout.split(/\nWhat was recorded/)[0]?.split('\n\n') ?? [];
  const of = (target: string) =>
    (paragraphs.find((text) => text.includes(`(${target})`)) ?? stdout).replaceAll('\n', ' ');
  expect(paragraphs, stdout).toHaveLength(2);
  expect(of(outside)).toMatch(/table main got 1 route \(0\.0\.0\.0\/0 via 198\.51\.100\.254 dev r1\)/);
  expect(of(outside)).toMatch(
    /was answered because of 0\.0\.0\.0\/0 .*; it was silent \(no-route.*\) before/,
  );
  expect(of(outside)).toMatch(
    /it was silent \(no-route.*\) after this: .*table main lost 1 route \(0\.0\.0\.0\/0/,
  );
  expect(of(behind)).toMatch(/rule 50: .*was added\. From .* got no answer any more/);
  expect(of(behind)).toMatch(/it was not seen to end/);
  for (const text of paragraphs) expect(text).not.toContain('100.64.0.0');
});
