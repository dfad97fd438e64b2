import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NeighbourReport } from '../../src/view/top/neighbours.js';
import { validateNeighbours } from '../schema.js';
import { arpFrame } from './neighbours/frames.js';
import { macs, World } from './scenarios/world.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { Running } from './support/running.js';
import { TmuxTerminal } from './support/tmux.js';
import { program, runProgram } from './support/trace.js';

const cleanup = new Cleanup();
const rogue = '02:00:00:00:01:77';
let worlds = 0;
let world: World;

beforeEach(async () => {
  world = cleanup.add(await World.up(`h${process.pid}x${++worlds}-`), (one) => one.down());
  await world.lines([
    'sysctl neigh/in0/locktime=0',
    `ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`,
  ]);
});
afterEach(() => cleanup.run());

const claim = (senderMac: string) =>
  world.send({ raw: arpFrame({ senderIp: '10.1.0.9', senderMac, targetIp: '10.1.0.1' }) });

it('the view by neighbour: live, on a terminal of any size, until q', async () => {
  const terminal = await TmuxTerminal.open(cleanup, 120, 20);
  const command = `${process.execPath} ${program} top --neighbours --netns ${world.router}`;
  terminal.type(`clear; echo what was there; ${command}`);
  terminal.press('Enter');
  await terminal.until(/by neighbour[\s\S]*0 neighbours, 0 records lost {2}q quit/);
  expect(terminal.state('alternate_on')).toBe('1');
  await claim(macs.asker);
  await terminal.until(/^ {2}\S+ +in0 +10\.1\.0\.9 +02:00:00:00:01:09 +reachable +[\d:.]+ - +- +-$/m);
  await claim(rogue);
  const moved = /^! \S+ +in0 +10\.1\.0\.9 +02:00:00:00:01:77 +reachable +[\d:.]+ 1x +- +02:00:00:00:01:09$/m;
  await terminal.until(moved);
  await world.lines(['sysctl neigh/in0/locktime=100000']);
  await claim(macs.asker);
  await terminal.until(/^! .* 1x +1x +02:00:00:00:01:09$/m);
  terminal.resize(60, 8);
  const narrow = await terminal.until(/^! .*10\.1\.0\.9 .*…$/m);
  expect(narrow.split('\n').every((line) => line.length <= 60)).toBe(true);
  terminal.resize(120, 20);
  await world.lines(['ip neigh del 10.1.0.9 dev in0']);
  await terminal.until(/^! .* gone +[\d:.]+ 1x/m);
  terminal.press('q');
  await terminal.until(/^what was there\n\$ *$/m);
  expect(terminal.state('alternate_on')).toBe('0');
});

it('once, as JSON; and the same of a recording', async () => {
  const directory = cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-holders-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  );
  const file = join(directory, 'neighbours.pcapng');
  const [live, recording] = await Promise.all(
    [
      ['top', '--neighbours', '--once', '--json', '--duration', '60'],
      ['record', '--kind', 'decision,learning,solicitation,neighbour', '-o', file],
    ].map(async (words, i) => {
      const ready = join(directory, `ready-${i}`);
      const args = [...words, '--netns', world.router, '--ready-file', ready];
      const running = cleanup.add(new Running(args), (one) => one.kill());
      await eventually('it is not attached', () => existsSync(ready) || running.stderr);
      return running;
    }),
  );
  await claim(macs.asker);
  await claim(rogue);
  expect(await live?.stop()).toBe(0);
  expect(await recording?.stop()).toBe(0);
  const { stdout } = await runProgram(['top', '--neighbours', '--once', '--json', file]);
  for (const text of [live?.stdout ?? '', stdout]) {
    const report = JSON.parse(text) as NeighbourReport;
    validateNeighbours(report);
    expect(report).toMatchObject({ schema: 'arpwhy.neighbours/1', lost: 0, dropped: 0 });
    expect(report.neighbours).toHaveLength(1);
    expect(report.neighbours[0]).toMatchObject({
      netns: { name: world.router },
      device: { name: 'in0' },
      ip: '10.1.0.9',
      mac: rogue,
      state: 'reachable',
      moves: 1,
      before: macs.asker,
      disputed: 0,
    });
  }
});
