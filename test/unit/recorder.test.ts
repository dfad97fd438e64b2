import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Decider } from '../../src/decision/decider.js';
import { noFilter } from '../../src/decision/filter.js';
import type { Decision, Pass } from '../../src/decision/types.js';
import { Clock } from '../../src/host/clock.js';
import { IprouteNames } from '../../src/host/names.js';
import * as layout from '../../src/kernel/layout.js';
import { ownRecord } from '../../src/kernel/record-parts.js';
import { RecordingFiles } from '../../src/recording/files.js';
import { requestFrame } from '../../src/recording/frames.js';
import { type Entry, FileReader, type ReadOptions } from '../../src/recording/reader.js';
import { Recorder } from '../../src/recording/recorder.js';
import type { StartEvent } from '../../src/stream/events.js';
import { around, final, ip, lookup, other, pass, proof, reply, request, route } from './builders.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-recorder-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const start: StartEvent = {
  schema: 'arpwhy.start/1',
  version: '0.1.0',
  host: 'node0-4f1c',
  hostname: 'node0',
  bootId: 'a',
  kernel: '6.18.0',
  time: '2026-11-22T03:33:01.000000000Z',
  monotonicNs: '1000000000',
  clockOffsetNs: '1700000000000000000',
  tier: 'tracepoint',
  hooks: { attached: [], missing: [] },
};
const clock = new Clock(BigInt(start.clockOffsetNs));
const names = new IprouteNames(null, () => null);
const proven = proof({ routes: [route(254, '0.0.0.0/0', other)] });
const { netnsName, names: _, ...base } = around;

/** Stands for a wire record: of those of one content, ids, times and addresses differ, which come first. */
function recordOf(id: number, target: number): Buffer {
  const bytes = Buffer.alloc(600, 7);
  bytes.writeUInt32LE(bytes.length, layout.record.size);
  bytes.writeUInt32LE(id, layout.record.id);
  bytes.writeUInt32BE(target, layout.record.targetIp);
  return bytes;
}
const proxied = { settings: { proxy_arp: 1 }, route: final('unicast', other), lookups: [lookup()] };
const replied = pass({ ...proxied, reply, customRules: true });

interface Recorded {
  path: string;
  /** What was told, and the wire records. */
  decisions: Decision[];
  records: (Buffer | undefined)[];
}

/** Record what is decided of passes. */
async function recorded(name: string, passes: readonly Pass[]): Promise<Recorded> {
  const path = join(directory, name);
  const onError = (error: Error) => {
    throw error;
  };
  const files = await RecordingFiles.open({ path, numbered: false, keep: null, compress: false, onError });
  const recorder = new Recorder(files, { rotation: null, command: 'test' });
  const decider = new Decider(base, clock);
  const decisions: Decision[] = [];
  recorder.start(start);
  for (const [i, one] of passes.entries()) {
    const asked = { ...request(one), id: `7f3a-${i + 1}` };
    const decision = decider.decide(asked, proven, { name: netnsName, names, namesAt: () => around.names });
    recorder.decision(decision, { request: asked, proof: proven, names, links: proven.snapshot.links });
    decisions.push(decision);
  }
  await recorder.close();
  return { path, decisions, records: passes.map(({ record }) => record) };
}

async function read(
  path: string,
  options: ReadOptions = {},
): Promise<{ entries: Entry[]; problem: string | null }> {
  const reader = new FileReader(path, options);
  const entries: Entry[] = [];
  for await (const batch of reader.batches()) entries.push(...batch);
  return {
    entries: entries.filter(({ event }) => event.schema === 'arpwhy.decision/1'),
    problem: reader.problem(),
  };
}

/** Offsets of the packets of decisions that are told by another one. */
function shortPackets(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf('","alike":"'); at >= 0; at = bytes.indexOf('","alike":"', at + 1))
    found.push(at);
  return found;
}

/** The same content again and again, for other addresses at other times, each told with other latencies. */
function storm(of: Pass, count: number): Pass[] {
  return Array.from({ length: count }, (_unused, i) => {
    const at = 9_000_000_000n + BigInt(i) * 123_456_789n;
    const latency = 10n ** BigInt(2 + (i % 7)) + BigInt(i);
    const targetIp = ip(`198.51.${100 + (i % 3)}.${i}`);
    const frame = { ...of.frame, targetIp, senderIp: i % 5 === 0 ? ip('192.0.2.9') : of.frame.senderIp };
    return {
      ...of,
      id: i,
      frame,
      lookups: of.lookups.map((one) => ({ ...one, daddr: targetIp, saddr: frame.senderIp })),
      startNs: of.startNs === null ? null : at,
      endNs: at + 1000n,
      reply: of.reply && { ...of.reply, ns: at + latency },
      record: recordOf(i, targetIp),
      ownRecord: ownRecord(recordOf(i, targetIp)),
    };
  });
}

const otherMac = '02:00:00:00:00:77';

function asks(of: Pass, sender: string, target: string): Pass {
  const [senderIp, targetIp] = [ip(sender), ip(target)];
  return {
    ...of,
    frame: { ...of.frame, senderIp, targetIp },
    lookups: of.lookups.map((one) => ({ ...one, daddr: targetIp, saddr: senderIp })),
  };
}

const cases: [string, Pass][] = [
  ['replied', replied],
  ['silent', pass({ ...proxied, settings: {} })],
  ['without its start', { ...replied, startNs: null }],
  ['of a first pass that was not seen', { ...replied, secondPass: true }],
  ['of two passes', { ...replied, secondPass: true, first: 1, firstNs: 10n }],
];

describe('a decision that says what another said', () => {
  it.each(cases)('is read byte for byte as it was told, with its wire record: %s', async (_case, of) => {
    const { path, decisions, records } = await recorded('storm.pcapng', storm(of, 120));
    const { entries } = await read(path, { evidence: true });
    expect(entries.map(({ bytes }) => bytes.toString())).toEqual(decisions.map((one) => JSON.stringify(one)));
    expect(entries.map(({ event }) => event)).toEqual(
      decisions.map((one) => JSON.parse(JSON.stringify(one))),
    );
    for (const [i, { evidence }] of entries.entries()) {
      expect(evidence?.record?.equals(records[i] as Buffer)).toBe(true);
      expect(evidence?.json).toBe(entries[0]?.evidence?.json);
    }
  });

  it('takes less than half of the room', async () => {
    const passes = storm(replied, 250);
    const together = readFileSync((await recorded('together', passes)).path);
    const apart = readFileSync(
      (
        await recorded(
          'apart',
          passes.map((one) => ({ ...one, alike: {} })),
        )
      ).path,
    );
    expect(shortPackets(together).length).toBeGreaterThan(230);
    expect(shortPackets(apart)).toEqual([]);
    expect(together.length).toBeLessThan(apart.length / 2);
  });

  it('is read where the one that it is told by is filtered out', async () => {
    const { path, decisions } = await recorded('storm.pcapng', storm(replied, 60));
    const target = decisions[40]?.request.target.ip as string;
    const targets = [{ ip: ip(target), length: 32 }];
    const filter = { ...noFilter, targets };
    const { entries } = await read(path, { filter });
    expect(entries.map(({ bytes }) => bytes.toString())).toEqual([JSON.stringify(decisions[40])]);
    const fromNs = BigInt(decisions[50]?.monotonicNs as string) + BigInt(start.clockOffsetNs);
    expect((await read(path, { fromNs })).entries).toHaveLength(10);
  });

  it('is not shown where the one that it is told by is damaged', async () => {
    const { path, decisions } = await recorded('storm.pcapng', storm(replied, 60));
    const bytes = readFileSync(path);
    const first = bytes.indexOf(`"id":"${decisions[0]?.id}","host"`);
    bytes[first + 400] = (bytes[first + 400] as number) ^ 1;
    writeFileSync(path, bytes);
    const { entries, problem } = await read(path);
    const told = decisions.map((one) => JSON.stringify(one));
    expect(entries.length).toBeLessThan(60);
    expect(entries.every((entry) => told.includes(entry.bytes.toString()))).toBe(true);
    expect(problem).toMatch(
      /is damaged: a packet whose checksum does not fit, at byte \d+, and \d+ more like it/,
    );
  });

  it('is missed by a filter not without a word, where what the filter asks for is damaged', async () => {
    const { path, decisions } = await recorded('storm.pcapng', storm(replied, 30));
    const bytes = readFileSync(path);
    const [first = 0] = shortPackets(bytes);
    const address = Buffer.alloc(4);
    address.writeUInt32BE(ip(decisions[20]?.request.target.ip as string));
    // the target stands in the frames, in what filters ask for, and in the wire record
    const at =
      bytes.indexOf(Buffer.from([0xa5, 0x02]), bytes.indexOf(decisions[20]?.id as string, first)) + 4;
    expect(bytes.subarray(at, at + 4)).toEqual(address);
    bytes[at] = (bytes[at] as number) ^ 0x40;
    writeFileSync(path, bytes);
    const filter = { ...noFilter, targets: [{ ip: ip('198.51.0.0'), length: 16 }] };
    const { entries, problem } = await read(path, { filter });
    expect(entries).toHaveLength(29);
    expect(problem).toMatch(/is damaged: a packet whose checksum does not fit/);
  });

  it('is never shown altered, whatever byte is flipped', async () => {
    const { path, decisions } = await recorded('storm.pcapng', storm(replied, 30));
    const whole = readFileSync(path);
    const told = new Set(decisions.map((one) => JSON.stringify(one)));
    for (let at = 700; at < whole.length; at += 89) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      writeFileSync(path, bytes);
      const { entries } = await read(path, { evidence: true });
      expect(entries.every((entry) => told.has(entry.bytes.toString()))).toBe(true);
      expect(entries.every((entry) => told.has(JSON.stringify(entry.event)))).toBe(true);
    }
  });

  it('is told by the one that it names, also where an odd one came between', async () => {
    const through = ip('198.5.1.8');
    const by = {
      ...replied,
      lookups: [lookup({ gateway: through, gatewayFamily: 2 })],
      route: { ...final('unicast', other), gateway: through },
    };
    const others = storm(by, 30).map((each, i) => asks(each, '192.0.2.9', `198.5.1.${i % 8}`));
    // it has the place of the others, and its target stands in it twice: as the gateway, too
    const [one] = storm(by, 1).map((each) => asks(each, '192.0.2.9', '198.5.1.8'));
    const odd = { ...(one as Pass), frame: { ...(one as Pass).frame, source: otherMac } };
    const { path, decisions } = await recorded('odd.pcapng', [
      ...others.slice(0, 20),
      odd,
      ...others.slice(20),
    ]);
    const { entries, problem } = await read(path);
    expect(entries.map(({ bytes }) => bytes.toString())).toEqual(
      decisions.map((each) => JSON.stringify(each)),
    );
    expect(problem).toMatch(/has no end/);
  });

  it('keeps its bytes, whatever they spell, and its own frame', async () => {
    const passes = storm(replied, 40).map((each, i) => {
      const record = Buffer.from(each.record as Buffer);
      record.write('who-has ', layout.record.source);
      record.write('{"schema":"arpwhy.decision/1","id":"', 300);
      record.writeUInt8(i, layout.record.targetMac + 5);
      return { ...each, record, ownRecord: ownRecord(record) };
    });
    const { path, decisions, records } = await recorded('spelled.pcapng', passes);
    const { entries } = await read(path, { evidence: true });
    expect(entries.map(({ bytes }) => bytes.toString())).toEqual(
      decisions.map((each) => JSON.stringify(each)),
    );
    const whole = readFileSync(path);
    for (const [i, { evidence }] of entries.entries()) {
      expect(evidence?.record?.equals(records[i] as Buffer)).toBe(true);
      expect(whole.includes(requestFrame(passes[i] as Pass, records[i] as Buffer))).toBe(true);
    }
  });

  it('is not told by another one of the same number', async () => {
    const [one, two] = [
      await recorded('one.pcapng', storm(replied, 3)),
      await recorded('two.pcapng', storm(pass({ ...proxied, settings: {} }), 60)),
    ];
    const [first, second] = [readFileSync(one.path), readFileSync(two.path)];
    // a recording whose begin was cut away, behind another one
    const [cut = 0] = shortPackets(second);
    const block = second.lastIndexOf(Buffer.from([6, 0, 0, 0]), cut);
    writeFileSync(one.path, Buffer.concat([first, second.subarray(block)]));
    const { entries, problem } = await read(one.path);
    const told = [...one.decisions, ...two.decisions].map((decision) => JSON.stringify(decision));
    expect(entries.every((entry) => told.includes(entry.bytes.toString()))).toBe(true);
    expect(problem).toMatch(/a decision that is told by another one, which is missing/);
  });
});
