import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { recordVersion } from '../../src/kernel/layout.js';
import { MergedReader } from '../../src/recording/merge.js';
import type { Entry } from '../../src/recording/reader.js';
import { Rejudge } from '../../src/recording/rejudge.js';
import { validateLine } from '../schema.js';

const directory = fileURLToPath(new URL('../recordings/', import.meta.url));
/** One of each version of the format, and of the wire record in it: kept for ever, and read by every later arpwhy. */
const kept = readdirSync(directory).filter((name) => name.includes('.pcapng'));

async function entriesOf(name: string): Promise<{ entries: Entry[]; problems: string[] }> {
  const reader = new MergedReader([directory + name], { states: true, evidence: true });
  const entries: Entry[] = [];
  for await (const batch of reader.batches()) entries.push(...batch);
  return { entries, problems: reader.problems() };
}

it('there is one of the wire record of today', () => {
  expect(kept.some((name) => name.includes(`-record-${recordVersion}.`))).toBe(true);
});

describe.each(kept)('%s', (name) => {
  it('gives the lines of the live trace, byte for byte', async () => {
    const lines = readFileSync(directory + name.replace(/\.pcapng.*/, '.ndjson'), 'utf8').trimEnd();
    const { entries, problems } = await entriesOf(name);
    const told = entries.filter(({ event }) => /start|decision|lost|end/.test(event.schema));
    expect(told.map(({ bytes }) => bytes.toString())).toEqual(lines.split('\n'));
    expect(problems).toEqual([]);
    for (const { bytes } of told) validateLine(bytes.toString());
  });

  it('is decided again by an arpwhy that reads its wire records, and by no other', async () => {
    const { entries } = await entriesOf(name);
    const rejudge = new Rejudge();
    const judged = entries.flatMap((entry) => {
      rejudge.take(entry);
      return entry.event.schema === 'arpwhy.decision/1' ? [rejudge.judge(entry.event, entry)] : [];
    });
    expect(judged.length).toBeGreaterThan(5);
    const version = Number(/record-(\d+)/.exec(name)?.[1]);
    const expected =
      version === recordVersion
        ? { state: 'same' }
        : {
            state: 'impossible',
            why: expect.stringMatching(
              `wire record is of version ${version}, made by arpwhy 0.1.0, and this one reads version ${recordVersion}`,
            ),
          };
    for (const one of judged) expect(one).toEqual(expected);
  });
});
