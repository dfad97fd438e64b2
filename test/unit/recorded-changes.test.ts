import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Snapshot } from '../../src/decision/types.js';
import { IprouteNames } from '../../src/host/names.js';
import { RecordingFiles } from '../../src/recording/files.js';
import { MergedReader } from '../../src/recording/merge.js';
import { Recorder } from '../../src/recording/recorder.js';
import type { ChangeEvent, StartEvent } from '../../src/stream/events.js';
import { asking, other, route, snapshot } from './builders.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-recorder-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const netns = { inode: 4026532177, name: 'node0' };
const start: StartEvent = {
  schema: 'arpwhy.start/1',
  version: '0.1.0',
  host: 'node0-4f1c',
  hostname: 'node0.example.net',
  bootId: '4f1c6719-d001-4771-8eba-ac50352c6e50',
  kernel: '6.18.44',
  time: '2026-11-22T03:33:00.000000001Z',
  monotonicNs: '100',
  clockOffsetNs: '1795336612105941614',
  tier: 'trampoline',
  hooks: { attached: ['fentry/fib_table_delete'], missing: [] },
};

/** The deletion of 192.0.2.0/24 from table 90, as hooks saw it. */
const deletion: ChangeEvent = {
  schema: 'arpwhy.change/1',
  id: '7f3a-c1',
  host: 'node0-4f1c',
  time: '2026-11-22T03:33:01.000000000Z',
  monotonicNs: '1500',
  fromNs: '1500',
  netns,
  evidence: 'observed',
  cause: { kind: 'message', device: null },
  process: { pid: 814, name: 'ip', parent: null },
  kernelThread: null,
  changes: [
    {
      object: 'route',
      change: 'removed',
      text: '192.0.2.0/24',
      was: null,
      device: null,
      table: { id: 90, name: null },
    },
  ],
  more: 0,
  flushed: [],
  lost: 0,
};

/** The changes of a recording in which hooks saw some, and the namespace was read at 1000 and at 2000. */
async function recorded(
  seen: ChangeEvent[],
  before: Snapshot,
  after: Snapshot,
  moved: { afterNs: bigint; beforeNs: bigint } | null = null,
): Promise<ChangeEvent[]> {
  const path = join(directory, 'a.pcapng');
  const files = await RecordingFiles.open({
    path,
    numbered: false,
    keep: null,
    compress: false,
    onError() {},
  });
  const recorder = new Recorder(files, { rotation: null, command: 'arpwhy' });
  const names = new IprouteNames(null, () => null);
  recorder.start(start);
  recorder.state({ netns, snapshot: before, names, readNs: 1000n, moved: null });
  for (const event of seen) recorder.change(event);
  recorder.state({ netns, snapshot: after, names, readNs: 2000n, moved });
  await recorder.close();
  const changes: ChangeEvent[] = [];
  for await (const batch of new MergedReader([path], {}).batches()) {
    for (const { event } of batch) if (event.schema === 'arpwhy.change/1') changes.push(event);
  }
  return changes;
}

const kept = route(254, '10.0.0.0/8', other);
const gone = route(90, '192.0.2.0/24', asking);

it('tells once what hooks saw and the next state shows', async () => {
  const changes = await recorded(
    [deletion],
    snapshot({ routes: [kept, gone] }),
    snapshot({ routes: [kept] }),
  );
  expect(changes).toEqual([deletion]);
});

it('tells of a state what no hook saw', async () => {
  const more = route(90, '198.51.100.0/24', asking);
  const changes = await recorded(
    [deletion],
    snapshot({ routes: [kept, gone, more] }),
    snapshot({ routes: [kept] }),
  );
  expect(changes.map(({ evidence, process }) => [evidence, process?.name])).toEqual([
    ['observed', 'ip'],
    ['inferred', undefined],
  ]);
  expect(changes[1]?.changes.map(({ text }) => text)).toEqual(['198.51.100.0/24 dev bond0.90 proto boot']);
});

it('keeps for the next state what hooks saw after this one was read', async () => {
  const late = { ...deletion, monotonicNs: '2500', fromNs: '2500' };
  const state = snapshot({ routes: [kept, gone] });
  expect(await recorded([late], state, snapshot({ routes: [kept] }))).toHaveLength(2);
});

it('tells of proxy neighbours by themselves: no notice tells when they came', async () => {
  const changes = await recorded(
    [],
    snapshot({ routes: [kept] }),
    snapshot({ routes: [kept, gone], proxyNeighbours: [{ ip: 0xcb007114, device: asking }] }),
    { afterNs: 1900n, beforeNs: 1950n },
  );
  expect(
    changes.map(({ changes: [one], fromNs, monotonicNs }) => [one?.object, fromNs, monotonicNs]),
  ).toEqual([
    ['route', '1900', '1950'],
    ['proxy-neighbour', '1000', '2000'],
  ]);
});
