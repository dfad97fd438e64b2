import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Decider } from '../../src/decision/decider.js';
import type { Pass } from '../../src/decision/types.js';
import { Clock } from '../../src/host/clock.js';
import { IprouteNames } from '../../src/host/names.js';
import * as layout from '../../src/kernel/layout.js';
import { RecordingFiles } from '../../src/recording/files.js';
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
  bytes.writeUInt32LE(id, layout.record.id);
  bytes.writeUInt32BE(target, layout.record.targetIp);
  return bytes;
}
const proxied = { settings: { proxy_arp: 1 }, route: final('unicast', other), lookups: [lookup()] };
const replied = pass({ ...proxied, reply, customRules: true });

/** The packets of arpwhy and the frames that a recorder makes of passes. */
async function recorded(name: string, passes: readonly Pass[]): Promise<Buffer> {
  const path = join(directory, name);
  const onError = (error: Error) => {
    throw error;
  };
  const files = await RecordingFiles.open({ path, numbered: false, keep: null, compress: false, onError });
  const recorder = new Recorder(files, { rotation: null, command: 'test' });
  const decider = new Decider(base, clock);
  recorder.start(start);
  for (const [i, one] of passes.entries()) {
    const asked = { ...request(one), id: `7f3a-${i + 1}` };
    const decision = decider.decide(asked, proven, { name: netnsName, names, namesAt: () => around.names });
    recorder.decision(decision, { request: asked, proof: proven, names, links: proven.snapshot.links });
  }
  await recorder.close();
  // what stands before it holds the time at which it was written
  const bytes = readFileSync(path);
  return bytes.subarray(bytes.indexOf('arpwhy.names/1'));
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
    };
  });
}

describe('a decision that says what another said', () => {
  it.each<[string, Pass]>([
    ['replied', replied],
    ['silent', pass({ ...proxied, settings: {} })],
    ['without its start', { ...replied, startNs: null }],
    ['of a first pass that was not seen', { ...replied, secondPass: true }],
    ['of two passes', { ...replied, secondPass: true, first: 1, firstNs: 10n }],
  ])('is written byte for byte as by itself: %s', async (_case, of) => {
    const passes = storm(of, 120);
    const alone = passes.map((one) => ({ ...one, alike: {} }));
    const [together, apart] = [await recorded('together', passes), await recorded('apart', alone)];
    expect(together.length).toBeGreaterThan(120 * 600);
    expect(together.equals(apart)).toBe(true);
  });
});
