import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { batch, inside } from '../../src/lab/namespace.js';
import { validateLine } from '../schema.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { arpgen, kinds, Pair } from './support/pair.js';
import { Running } from './support/running.js';
import { runProgram } from './support/trace.js';

let cleanup: Cleanup;
let pair: Pair;
let directory = '';
beforeEach(() => {
  cleanup = new Cleanup();
  directory = cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-record-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  );
});
beforeAll(async () => {
  pair = await Pair.up(`t${process.pid}e-`);
});
afterAll(() => pair?.down());
afterEach(() => cleanup.run());

const file = () => join(directory, 'incident.pcapng');
const attached = async (...args: string[]) =>
  cleanup.add(await Running.attached(['record', '--netns', pair.router, ...args]), (one) => one.kill());

/** Decisions of recordings, as lines. */
async function replayed(...paths: string[]) {
  const { stdout, stderr, status } = await runProgram(['replay', '--json', ...paths]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  for (const line of lines) validateLine(line);
  return { lines, stderr, status, decisions: lines.filter((line) => line.includes('arpwhy.decision/1')) };
}

/** The router's own address, again and again. */
const ask = (count: number, rate: number) => {
  const { sender, target } = kinds.local;
  const what = ['--dev', 'h0', '--sender', sender, '--target', target];
  return run(inside(pair.host, [arpgen, ...what, '--count', String(count), '--rate', String(rate)]));
};

describe('record', () => {
  it('keeps what the live trace told, byte for byte, and can decide it again', async () => {
    const recording = await attached('-o', file(), '--json');
    await ask(200, 500);
    await run(['ip', '-n', pair.router, 'route', 'add', 'blackhole', '203.0.113.0/24', 'table', '77']);
    await ask(50, 100);
    expect(await recording.stop()).toBe(0);
    const { lines, status } = await replayed(file());
    expect(status).toBe(0);
    const told = lines.filter((line) => !line.includes('arpwhy.change/1'));
    expect(told).toEqual(recording.stdout.trimEnd().split('\n'));
    expect(lines.find((line) => line.includes('arpwhy.change/1'))).toContain('blackhole 203.0.113.0/24');
    const again = await runProgram(['replay', '--rejudge', file()]);
    expect(again).toMatchObject({ status: 0, stdout: '' });
    expect(again.stderr).toMatch(/decided again: 250 the same, 0 otherwise/);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    if (existsSync('/usr/bin/tshark')) {
      const frames = execFileSync('/usr/bin/tshark', ['-r', file(), '-Y', 'arp.opcode == 1'], {
        stdio: 'pipe',
      });
      expect(frames.toString().trimEnd().split('\n')).toHaveLength(250);
    }
  });

  it('begins new files, keeps the newest, and each can be read alone', async () => {
    const recording = await attached('-o', file(), '--json', '--rotate', '64K', '--keep', '3', '--compress');
    await ask(600, 400);
    expect(await recording.stop()).toBe(0);
    const names = readdirSync(directory).sort();
    expect(names).toHaveLength(3);
    const paths = names.map((name) => join(directory, name));
    const all = await replayed(...paths);
    expect(all).toMatchObject({ status: 0 });
    const live = recording.stdout.split('\n').filter((line) => line.includes('arpwhy.decision/1'));
    expect(all.decisions.length).toBeGreaterThan(20);
    expect(all.decisions).toEqual(live.slice(-all.decisions.length));
    const last = await runProgram(['replay', '--rejudge', paths[2] as string]);
    expect(last).toMatchObject({ status: 0 });
  });

  it('killed in a flood leaves whole decisions, and one line that says so', async () => {
    const recording = await attached('-o', file());
    const flood = ask(20_000, 10_000);
    await eventually('something is written', () => statSync(file()).size > 1 << 20 || statSync(file()).size);
    await recording.stop('SIGKILL');
    await flood;
    const { decisions, stderr, status } = await replayed(file());
    expect(status).toBe(1);
    expect(stderr).toMatch(/(has no end|was cut off)/);
    expect(decisions.length).toBeGreaterThan(0);
  });

  it('on a full disk keeps whole blocks, says so, and fails', async () => {
    const small = join(directory, 'small');
    mkdirSync(small);
    await run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]);
    cleanup.add(null, () => run(['umount', small]));
    const recording = await attached('-o', join(small, 'incident.pcapng'));
    await ask(2000, 2000);
    expect(await recording.exit()).toBe(1);
    expect(recording.stderr).toMatch(/cannot write the recording .*: the disk is full/);
    const { decisions, stderr } = await replayed(join(small, 'incident.pcapng'));
    expect(decisions.length).toBeGreaterThan(10);
    expect(stderr).toMatch(/has no end/);
    if (existsSync('/usr/bin/capinfos')) {
      execFileSync('/usr/bin/capinfos', [join(small, 'incident.pcapng')], { stdio: 'pipe' });
    }
  });

  it('whose file is removed says so, and fails', async () => {
    const recording = await attached('-o', file());
    rmSync(file());
    expect(await recording.exit()).toBe(1);
    expect(recording.stderr).toMatch(/it was removed while it was being written/);
  });

  it('touches no file that is there, and leaves none where it cannot begin', async () => {
    const first = await attached('-o', file());
    const before = readFileSync(file());
    const second = await runProgram(['record', '-o', file()]);
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toMatch(/there is one already: remove it, or name another/);
    expect(readFileSync(file()).subarray(0, before.length)).toEqual(before);
    await first.stop();
    const other = join(directory, 'other.pcapng');
    const none = await runProgram(['record', '-o', other, '--netns', 'no-such-namespace']);
    expect(none.status).toBe(2);
    expect(existsSync(other)).toBe(false);
  });

  it('gives the file to the user behind sudo', async () => {
    const env = { ...process.env, SUDO_UID: '65534', SUDO_GID: '65534' };
    const recording = cleanup.add(
      await Running.attached(['record', '--netns', pair.router, '-o', file()], env),
      (one) => one.kill(),
    );
    expect(statSync(file())).toMatchObject({ uid: 65534, gid: 65534 });
    await recording.stop();
  });

  it('may end while the state of a namespace is being read', async () => {
    const own = cleanup.add(await Pair.up(`t${process.pid}w-`), (one) => one.down());
    const routes = Array.from({ length: 40_000 }, (_, i) => {
      const prefix = `10.${i >> 14}.${(i >> 6) & 255}.${(i & 63) << 2}/30`;
      return `route add ${prefix} dev r1 table 77`;
    });
    await batch(own.router, routes);
    const { stderr, status } = await runProgram([
      ...['record', '-o', file(), '--netns', own.router, '--duration', '0.05'],
    ]);
    expect(stderr).not.toContain('Error');
    expect(status).toBe(0);
  });

  it('leaves no process behind, however it ends', async () => {
    const recording = await attached('-o', file());
    await recording.stop('SIGKILL');
    await eventually('its processes end', () => pair.inhabitants().length === 0 || pair.inhabitants());
  });
});
