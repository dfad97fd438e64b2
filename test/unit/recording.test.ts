import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noFilter } from '../../src/decision/filter.js';
import { BlockWriter } from '../../src/recording/blocks.js';
import { interfaceName, linkType } from '../../src/recording/format.js';
import { MergedReader } from '../../src/recording/merge.js';
import type { Entry, ReadOptions } from '../../src/recording/reader.js';
import { validateLine } from '../schema.js';

const kept = fileURLToPath(new URL('../recordings/format-1.0-record-1.pcapng', import.meta.url));
const lines = readFileSync(kept.replace(/pcapng$/, 'ndjson'), 'utf8')
  .trimEnd()
  .split('\n');
const decisions = lines.filter((line) => line.startsWith('{"schema":"arpwhy.decision/1"'));
/** What was answered because of the default route. */
const rogue = decisions.filter((line) => {
  const { steps, because } = JSON.parse(line);
  return steps[because]?.route?.prefix === '0.0.0.0/0';
});
const bytes = readFileSync(kept);

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-recording-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function read(
  paths: string[],
  options: ReadOptions = {},
): Promise<{ entries: Entry[]; problems: string[] }> {
  const reader = new MergedReader(paths, options);
  const entries: Entry[] = [];
  for await (const batch of reader.batches()) entries.push(...batch);
  return { entries, problems: reader.problems() };
}

/** Read bytes as if they came through a pipe, in chunks of that size. */
function readBytes(content: Buffer, chunk = 1 << 16, options: ReadOptions = {}) {
  const chunks: Buffer[] = [];
  for (let at = 0; at < content.length; at += chunk) chunks.push(content.subarray(at, at + chunk));
  return read(['-'], { ...options, stdin: Readable.from(chunks, { objectMode: true }) });
}

const jsonOf = (entries: Entry[], schema = 'arpwhy.decision/1') =>
  entries.filter(({ event }) => event.schema === schema).map(({ bytes }) => bytes.toString());

describe('a recording of format 1.0', () => {
  it('gives the lines of the live trace, byte for byte, and changes that keep to their schema', async () => {
    const { entries, problems } = await read([kept]);
    expect(problems).toEqual([]);
    const told = entries.filter(({ event }) => /start|decision|lost|end/.test(event.schema));
    expect(told.map(({ bytes }) => bytes.toString())).toEqual(lines);
    for (const { event, bytes } of entries) {
      const json = bytes.toString();
      if (event.schema === 'arpwhy.decision/1') expect(event).toEqual(JSON.parse(json));
    }
    const changes = jsonOf(entries, 'arpwhy.change/1');
    expect(changes.length).toBeGreaterThan(0);
    for (const change of changes) validateLine(change);
  });

  it.each([1, 7, 64, 4096])('is the same in chunks of %i bytes', async (chunk) => {
    const { entries, problems } = await readBytes(bytes, chunk);
    expect({ told: jsonOf(entries), problems }).toEqual({ told: decisions, problems: [] });
  });

  it('is the same when it is compressed', async () => {
    const { entries, problems } = await readBytes(gzipSync(bytes));
    expect({ told: jsonOf(entries), problems }).toEqual({ told: decisions, problems: [] });
  });

  it('is filtered as live', async () => {
    const filter = {
      ...noFilter,
      actions: ['replied'],
      tables: ['main'],
      routes: ['0.0.0.0/0'],
      rules: [32766],
    };
    const { entries } = await read([kept], { filter });
    expect(rogue.length).toBeGreaterThan(0);
    expect(jsonOf(entries)).toEqual(rogue);
    const none = await read([kept], { filter: { ...noFilter, netns: ['.'] } });
    expect(jsonOf(none.entries)).toEqual([]);
  });

  it('is cut by time, the second bound left out', async () => {
    const times = (await read([kept])).entries
      .filter(({ event }) => event.schema === 'arpwhy.decision/1')
      .map(({ timeNs }) => timeNs);
    const [fromNs, toNs] = [times[3] as bigint, times[7] as bigint];
    const { entries } = await read([kept], { fromNs, toNs });
    expect(jsonOf(entries)).toEqual(decisions.filter((_, i) => i >= 3 && i < 7));
  });
});

describe('a damaged recording', () => {
  it('cut anywhere in its last 4 KB gives all whole decisions and one problem', async () => {
    for (let end = bytes.length - 4096; end < bytes.length; end++) {
      const { entries, problems } = await readBytes(bytes.subarray(0, end));
      const told = jsonOf(entries);
      expect(told).toEqual(decisions.slice(0, told.length));
      expect(told.length).toBeGreaterThanOrEqual(decisions.length - 2);
      expect(problems, `cut at ${end}`).toHaveLength(1);
      expect(problems[0]).toMatch(/was cut off|has no end/);
    }
  });

  it('with one byte flipped loses one decision at most, and alters none', async () => {
    for (let at = 12; at < bytes.length; at += 61) {
      const spoiled = Buffer.from(bytes);
      spoiled[at] = (spoiled[at] as number) ^ 0x41;
      const { entries, problems } = await readBytes(spoiled);
      const told = jsonOf(entries);
      for (const line of told) expect(decisions).toContain(line);
      expect(told.length, `byte ${at}`).toBeGreaterThanOrEqual(decisions.length - 1);
      if (told.length < decisions.length) expect(problems, `byte ${at}`).toHaveLength(1);
    }
  });

  it('that lies about a length is read on behind the lie', async () => {
    for (const lie of [0xffff_fffc, 0x1000_0000, 0x0010_0000, 8, 13]) {
      const spoiled = Buffer.from(bytes);
      spoiled.writeUInt32LE(lie, blockAt(spoiled, 12) + 4);
      const { entries, problems } = await readBytes(spoiled);
      expect(jsonOf(entries).length, `${lie}`).toBeGreaterThanOrEqual(decisions.length - 1);
      expect(problems).toHaveLength(1);
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /standard input is empty/],
    ['something else', Buffer.from('#!/bin/sh\necho hello\n'), /is no pcapng file/],
    [
      'pcap',
      Buffer.concat([Buffer.from([0xd4, 0xc3, 0xb2, 0xa1]), Buffer.alloc(40)]),
      /pcap file, which holds no/,
    ],
    ['the other byte order', Buffer.from('0a0d0d0a0000001c1a2b3c4d00010000', 'hex'), /big-endian/],
    ['pcapng of others', foreign(), /no recording of arpwhy/],
  ])('%s is refused in one line', async (_, content, words) => {
    await expect(readBytes(content)).rejects.toThrow(words);
  });

  it('of a later format is refused with a word on what to do', async () => {
    const about = { schema: 'arpwhy.recording/1', format: '3.0', version: '9.0.0', host: 'a', trace: 'b' };
    const text = JSON.stringify({ ...about, segment: 1, time: 't', recordVersion: 9, command: '' });
    await expect(readBytes(withMessages(text))).rejects.toThrow(
      /format 3\.0, made by arpwhy 9\.0\.0.*install a newer/,
    );
  });

  it('with deep, huge or wrong JSON passes over it', async () => {
    const [decision = ''] = decisions;
    const deep = `{"schema":"arpwhy.decision/1","steps":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
    const huge = `{"schema":"arpwhy.decision/1","id":"${'x'.repeat(3_000_000)}"}`;
    const wrong = [
      '{"schema":"arpwhy.decision/1"}',
      'null',
      '[]',
      '{"schema":"arpwhy.nothing/7"}',
      decision.replace('"because":', '"because":99,"was":'),
      decision.replace('"steps":[', '"steps":[null,'),
      decision.replace(/"time":"[^"]*"/, '"time":"\\u001b[2J"'),
      `{\n${decision.slice(1)}`,
    ];
    const { entries, problems } = await readBytes(withMessages(deep, huge, ...wrong, decision));
    expect(jsonOf(entries)).toEqual([decision]);
    expect(problems).toHaveLength(1);
  });
});

/** The blocks of a recording, in their order. */
function blocksOf(content: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const end = at + content.readUInt32LE(at + 4);
    blocks.push(content.subarray(at, end));
    at = end;
  }
  return blocks;
}

/** One file of a recording that was rotated, without a decision. */
function segmentFile(segment: number): string {
  const about = { schema: 'arpwhy.recording/1', format: '2.0', version: '0.1.0', host: 'a', trace: 'b' };
  const head = JSON.stringify({ ...about, segment, time: 't', recordVersion: 4, command: '' });
  const close = { schema: 'arpwhy.close/1', host: 'a', trace: 'b', segment, time: 't', why: 'rotated' };
  const path = join(directory, `part-${segment}.pcapng`);
  writeFileSync(path, withMessages(head, JSON.stringify({ ...close, decisions: 0 })));
  return path;
}

describe('recordings together', () => {
  it('tell where one has no end, and another begins behind it', async () => {
    const blocks = blocksOf(bytes);
    const killed = Buffer.concat(blocks.slice(0, -1));
    const { entries, problems } = await readBytes(Buffer.concat([killed, bytes]));
    expect(jsonOf(entries)).toHaveLength(2 * decisions.length);
    expect(problems).toEqual([
      expect.stringMatching(/^standard input holds a recording without an end, before the next one begins/),
    ]);
  });

  it('tell of decisions that stand there twice', async () => {
    const blocks = blocksOf(bytes);
    const at = blocks.findIndex((block) => block.includes('arpwhy.decision/1'));
    const doubled = Buffer.concat([...blocks.slice(0, at + 1), ...blocks.slice(at)]);
    const { problems } = await readBytes(doubled);
    expect(problems).toEqual([expect.stringMatching(/holds 1 decisions more than its end says/)]);
  });

  it('are not read twice under two names', async () => {
    const copy = join(directory, 'copy.pcapng');
    writeFileSync(copy, bytes);
    await expect(read([kept, copy])).rejects.toThrow(/are the same file of one recording: name it once/);
  });

  it('tell of a file that is missing between two', async () => {
    const files = [1, 2, 4].map(segmentFile);
    const { problems } = await read(files);
    expect(problems).toEqual([
      expect.stringMatching(
        /^a file of the recording is missing between .*part-2\.pcapng and .*part-4\.pcapng$/,
      ),
    ]);
    expect((await read(files.slice(0, 2))).problems).toEqual([]);
  });
});

describe('the writer', () => {
  it('splits what Wireshark would refuse, and the reader joins it', async () => {
    const [decision = ''] = decisions;
    const long = decision.replace(
      '"unknown":[]',
      `"unknown":[${Array(60_000).fill('"/steps/0/rule"').join(',')}]`,
    );
    expect(long.length).toBeGreaterThan(800_000);
    const content = withMessages(long, decision);
    expect(jsonOf((await readBytes(content)).entries)).toEqual([long, decision]);
    const filter = { ...noFilter, actions: ['deferred'] };
    expect((await readBytes(content, 1 << 16, { filter })).problems).toEqual(
      (await readBytes(content)).problems,
    );
    if (hasTshark) expect(tshark(content, ['-Y', 'frame']).trim().split('\n').length).toBeGreaterThan(4);
  });
});

const hasTshark = existsSync('/usr/bin/tshark');

describe.runIf(hasTshark)('tshark, capinfos and editcap', () => {
  it('accept it, and find what the host answered because of the default route', () => {
    const found = tshark(bytes, ['-Y', 'arp.opcode == 2 && frame.comment contains "rule 32766"']);
    expect(found.trim().split('\n')).toHaveLength(rogue.length);
    const tree = tshark(bytes, ['-Y', 'json.value.string == "proxy-arp"']);
    expect(tree.trim().split('\n')).toHaveLength(
      decisions.filter((line) => line.includes('"reason":"proxy-arp"')).length,
    );
    execFileSync('/usr/bin/capinfos', [kept], { stdio: 'pipe' });
  });

  it('can cut it: what editcap leaves is read', async () => {
    const cut = join(directory, 'cut.pcapng');
    execFileSync('/usr/bin/editcap', ['-r', kept, cut, '1-20'], { stdio: 'pipe' });
    const { entries } = await read([cut]);
    const told = jsonOf(entries);
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual(decisions.slice(0, told.length));
  });
});

/** What tshark prints of a file. @throws {Error} when it does not accept it whole */
function tshark(content: Buffer, args: string[]): string {
  const path = join(directory, 'read.pcapng');
  writeFileSync(path, content);
  return execFileSync('/usr/bin/tshark', ['-r', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
}

/** Where the n-th block begins. */
function blockAt(content: Buffer, n: number): number {
  let at = 0;
  for (let i = 0; i < n; i++) at += content.readUInt32LE(at + 4);
  return at;
}

function foreign(): Buffer {
  const writer = new BlockWriter();
  writer.section('somebody else', 'Linux', '');
  writer.interface(linkType.ethernet, 'eth0', '');
  writer.frame(0, 1n, Buffer.alloc(42), 1, 1, []);
  return writer.take();
}

function withMessages(...messages: string[]): Buffer {
  const writer = new BlockWriter();
  writer.section('a test', 'Linux', '');
  writer.interface(linkType.upperPdu, interfaceName, '');
  for (const json of messages) writer.message(0, { timeNs: 1n, json, info: 'a message' });
  return writer.take();
}
