import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Counter } from '../../src/cli/top/counter.js';
import { RecordingPlayer } from '../../src/cli/top/player.js';
import { noFilter } from '../../src/decision/filter.js';
import type { Decision } from '../../src/decision/types.js';
import type { StreamEvent } from '../../src/stream/events.js';

const recording = fileURLToPath(new URL('../recordings/format-1.0-record-1.pcapng', import.meta.url));
const told = readFileSync(recording.replace('pcapng', 'ndjson'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as StreamEvent);
const decisions = told.filter((event): event is Decision => event.schema === 'arpwhy.decision/1');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const opened = (paced: boolean, files = [recording]) => RecordingPlayer.open(files, { filter: null, paced });

describe('a recording that is read at once', () => {
  it('tells all that it holds, in steps of its own time', async () => {
    const player = await opened(false);
    const ids: string[] = [];
    let before = Number.NEGATIVE_INFINITY;
    let moments = 0;
    for await (const { now, events } of player.moments()) {
      expect(now).toBeGreaterThanOrEqual(before);
      expect(player.now()).toBe(now);
      before = now;
      moments++;
      for (const event of events) if (event.schema === 'arpwhy.decision/1') ids.push(event.id);
    }
    expect(ids).toEqual(decisions.map(({ id }) => id));
    expect(moments).toBeGreaterThan(4);
    expect([player.seen(), player.state(), player.problems(), player.rewound]).toEqual([
      decisions.length,
      'END',
      [],
      false,
    ]);
    const end = told.at(-1);
    expect(player.wallMs()).toBeCloseTo(Date.parse(end && 'time' in end ? end.time : ''), -1);
  });

  it('tells what passes a filter, and knows the subnets of devices', async () => {
    const filter = { ...noFilter, actions: ['replied'] };
    const player = await RecordingPlayer.open([recording], { filter, paced: false });
    const counter = new Counter();
    for await (const moment of player.moments()) counter.take(moment);
    expect(counter.all.totals).toMatchObject({ replied: 6, silent: 0 });
    expect(counter.change?.changes.length).toBeGreaterThan(0);
    const [row] = counter.all.rows();
    // the VLAN of the incident has no address of its own
    expect(row && player.subnets(row.first)).toEqual([]);
  });

  it('says what it could not read', async () => {
    const cut = join(directory, 'cut.pcapng');
    copyFileSync(recording, cut);
    truncateSync(cut, 60_000);
    const player = await opened(false, [cut]);
    let count = 0;
    for await (const { events } of player.moments()) count += events.length;
    expect(count).toBeGreaterThan(5);
    expect(player.problems()).toEqual([
      expect.stringMatching(/cut\.pcapng was cut off: .* all whole decisions were read/),
    ]);
  });

  it('is refused where it is none', async () => {
    await expect(opened(false, [fileURLToPath(import.meta.url)])).rejects.toMatchObject({
      code: 'recording',
    });
    await expect(opened(false, [join(directory, 'nosuch')])).rejects.toMatchObject({ code: 'recording' });
  });
});

describe('a recording that is played', () => {
  /** Take what comes until a condition holds. */
  async function play(player: RecordingPlayer, until: (counter: Counter) => boolean): Promise<Counter> {
    const counter = new Counter();
    for await (const moment of player.moments()) {
      counter.take(moment);
      if (until(counter)) break;
    }
    return counter;
  }

  it('takes its time, less where it is accelerated, and holds at its end', async () => {
    const player = await opened(true);
    expect(player.state()).toBe('PLAYING');
    player.accelerate(64);
    expect(player.state()).toBe('PLAYING 64x');
    const began = performance.now();
    const counter = await play(player, ({ decisions: count }) => count === decisions.length);
    const took = performance.now() - began;
    // 8.2 s lie between the start and the last decision
    expect(took).toBeGreaterThan(100);
    expect(took).toBeLessThan(4000);
    expect(counter.all.totals.all).toBe(decisions.length);
    player.stop();
  });

  it('stands still, goes on elsewhere, and begins again', async () => {
    const player = await opened(true);
    player.toggle();
    expect(player.state()).toBe('PAUSED');
    const still = player.now();
    player.seek(60_000);
    const end = await play(player, ({ decisions: count }) => count === decisions.length);
    expect(end.all.totals.all).toBe(decisions.length);
    expect(player.now()).toBeGreaterThan(still);
    const seeking = player.moments();
    player.seek(Number.NEGATIVE_INFINITY);
    expect(player.rewound).toBe(true);
    const next = seeking.next();
    player.seek(2500);
    expect((await next).value?.events[0]?.schema).toBe('arpwhy.start/1');
    await seeking.return(undefined);
    player.stop();
    expect(player.rewound).toBe(false);
  });

  it('comes to its end when it is wound back, to be read again, and when it is stopped', async () => {
    const player = await opened(true);
    player.seek(60_000);
    const moments = player.moments();
    const first: Decision[] = [];
    const reading = (async () => {
      for await (const { events } of moments) {
        first.push(...events.filter((event): event is Decision => event.schema === 'arpwhy.decision/1'));
      }
    })();
    await expect.poll(() => player.state()).toBe('END');
    player.seek(-1e9);
    await reading;
    expect([first.length, player.rewound]).toEqual([decisions.length, true]);
    player.seek(60_000);
    const again = await play(player, ({ decisions: count }) => count === decisions.length);
    expect(again.all.totals.all).toBe(decisions.length);
    const rest = player.moments();
    const ending = rest.next();
    player.stop();
    await ending;
    expect((await rest.next()).done).toBe(true);
  });
});
