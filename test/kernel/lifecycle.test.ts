import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { run } from '../../src/host/run.js';
import { batch, inside, waitUp } from '../../src/lab/namespace.js';
import { gone, heldBy, missingBpftool } from './support/bpf-objects.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { type Asked, arpgen, kinds, Pair } from './support/pair.js';
import { Running } from './support/running.js';
import { program, TraceProcess } from './support/trace.js';

const prefix = `t${process.pid}c-`;
const cleanup = new Cleanup();
let pair: Pair;

beforeAll(async () => {
  pair = await Pair.up(prefix);
});
afterAll(() => pair?.down());
afterEach(() => cleanup.run());

const attach = async (...args: string[]) =>
  cleanup.add(await TraceProcess.start(...args), (one) => one.kill());
const attachText = async (...args: string[]) =>
  cleanup.add(await Running.attached(['trace', ...args]), (one) => one.kill());
const directory = () =>
  cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-test-')), (path) => rmSync(path, { recursive: true }));
const another = async (name: string) => cleanup.add(await Pair.up(`${prefix}${name}-`), (one) => one.down());

const seen = (decisions: Decision[]) =>
  decisions.map(
    ({ device, request, verdict }) =>
      `${device.name} ${request.sender.ip} ${request.target.ip} ${verdict.action} ${verdict.reason}`,
  );
const wanted = (...asked: Asked[]) =>
  asked.map(
    ({ device, sender, target, action, reason }) => `${device} ${sender} ${target} ${action} ${reason}`,
  );
const least = (count: number) => (decisions: Decision[]) => decisions.length >= count;

/** For arpgen. */
const flood = ['--dev', 'h0', '--sender', '192.0.2.66', '--target', '192.0.2.1'];

/** What a process has used of the CPU so far, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

describe('two traces at once', () => {
  it('see the same, and the end of one leaves the other at work', async () => {
    const first = await attach('--netns', pair.router);
    const second = await attach('--netns', pair.router);
    for (const asked of Object.values(kinds)) await pair.ask(asked);
    const all = wanted(...Object.values(kinds));
    for (const trace of [first, second]) await trace.until('all of them', least(all.length));
    expect(seen(first.decisions)).toEqual(all);
    expect(seen(second.decisions)).toEqual(all);
    expect(await first.stop()).toBe(0);
    await pair.ask(kinds.noRoute);
    await second.until('one more', least(all.length + 1));
    expect(await second.stop()).toBe(0);
    expect(first.end.accounts).toMatchObject({ seen: 6, delivered: 6 });
    expect(second.end.accounts).toMatchObject({ seen: 7, delivered: 7 });
  });
});

const noBpftool = missingBpftool();
if (noBpftool) process.stderr.write(`${noBpftool}\n`);

describe('the end of a trace', () => {
  /** How it is brought about, the exit status, and what the end event says of it. */
  const endings: [string, string[], (trace: Running) => unknown, number | NodeJS.Signals, string | null][] = [
    ['SIGINT', [], (trace) => trace.child.kill('SIGINT'), 0, 'signal'],
    ['SIGTERM', [], (trace) => trace.child.kill('SIGTERM'), 0, 'signal'],
    ['--duration', ['--duration', '0.5'], () => {}, 0, 'duration'],
    ['--count', ['--count', '2'], () => pair.ask(kinds.local), 0, 'count'],
    [
      'a closed pipe',
      [],
      async (trace) => {
        trace.child.stdout?.destroy();
        await pair.ask(kinds.local);
      },
      0,
      null,
    ],
    ['kill -9', [], (trace) => trace.child.kill('SIGKILL'), 'SIGKILL', null],
  ];

  it.skipIf(noBpftool).each(endings)(
    'by %s leaves nothing behind',
    async (how, args, finish, status, why) => {
      const readyFile = join(directory(), 'ready');
      const common = ['--json', '--netns', pair.router, '--ready-file', readyFile];
      const trace = await attachText(...common, ...args);
      await pair.ask(kinds.proxied);
      const held = heldBy(trace.pid);
      expect([held.prog.length, held.map.length, held.link.length]).not.toContain(0);
      expect(readFileSync(readyFile, 'utf8')).toBe(`${trace.pid}\n`);
      await trace.until(/arpwhy\.decision/, 'stdout');
      await finish(trace);
      expect(await trace.exit(), trace.stderr).toBe(status);
      expect(trace.stderr).not.toMatch(/ {4}at |Error|bug/);
      const end = trace.stdout
        .split('\n')
        .filter((line) => line.includes('arpwhy.end/1'))
        .map((line) => JSON.parse(line).why);
      expect(end).toEqual(why === null ? [] : [why]);
      expect(existsSync(readyFile)).toBe(how === 'kill -9');
      await gone(held);
      await eventually('processes stayed in the namespaces', () => pair.inhabitants().length === 0);
    },
  );

  it('comes in peace behind head -1', async () => {
    const script = 'set -o pipefail; "$0" "$@" | head -1';
    const readyFile = join(directory(), 'ready');
    const args = ['trace', '--json', '--netns', pair.router, '--ready-file', readyFile];
    const shell = spawn('/bin/bash', ['-c', script, process.execPath, program, ...args]);
    let stdout = '';
    let stderr = '';
    let status: number | null = null;
    shell.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    shell.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const closed = new Promise<void>((resolve) => {
      shell.on('close', (code) => {
        status = code;
        resolve();
      });
    });
    cleanup.add(closed, (it) => it);
    await eventually('it did not attach', () => existsSync(readyFile) || stderr);
    await eventually('it did not end', async () => {
      if (status === null) await pair.ask(kinds.local);
      return status !== null;
    });
    expect({ status, lines: stdout.trim().split('\n').length }).toEqual({ status: 0, lines: 1 });
    expect(stderr).not.toMatch(/ {4}at |EPIPE|Error/);
    expect(existsSync(readyFile)).toBe(false);
  });

  it('does not come from a closed stderr', async () => {
    const trace = await attachText('--json', '--netns', pair.router);
    trace.child.stderr?.destroy();
    await pair.ask(kinds.local);
    await trace.until(/arpwhy\.decision/, 'stdout');
    expect(await trace.stop()).toBe(0);
    expect(trace.stdout).toContain('arpwhy.end/1');
  });

  it.each([1, 3])('by --count %i comes after exactly so many', async (count) => {
    const trace = await attach('--netns', pair.router, '--count', String(count));
    await pair.ask(kinds.local, 8);
    expect(await trace.exit()).toBe(0);
    expect(trace.decisions).toHaveLength(count);
    expect(trace.events.at(-1)).toMatchObject({ schema: 'arpwhy.end/1', why: 'count' });
    expect(trace.end.accounts).toMatchObject({ delivered: count, filtered: 0, pending: 0, lost: 0 });
  });

  it('by --count does not count what was filtered out', async () => {
    const trace = await attach('--netns', pair.router, '--count', '2', '--reason', 'no-route');
    await pair.ask(kinds.local, 3);
    await pair.ask(kinds.noRoute, 2);
    expect(await trace.exit()).toBe(0);
    expect(trace.end.accounts).toMatchObject({ seen: 5, delivered: 2, filtered: 3 });
  });

  it('has told everything that it counted, from the first request on', async () => {
    const [tool = '', ...words] = inside(pair.host, [
      arpgen,
      ...flood,
      '--rate',
      '3000',
      '--count',
      '1000000',
    ]);
    const sender = spawn(tool, words);
    const ended = new Promise((resolve) => sender.on('close', resolve));
    cleanup.add(sender, async () => {
      sender.kill('SIGKILL');
      await ended;
    });
    const trace = await attach('--netns', pair.router, '--dev', 'r0');
    await trace.until('a decision', least(1));
    expect(await trace.stop()).toBe(0);
    expect(trace.end.accounts).toMatchObject({ delivered: trace.decisions.length, lost: 0 });
  });

  it('by a signal while it attaches is an end as any other', async () => {
    const trace = cleanup.add(new Running(['trace', '--json', '--netns', pair.router]), (one) => one.kill());
    await eventually('it holds no BPF program', () => heldBy(trace.pid).prog.length > 0, 10_000, 1);
    expect(await trace.stop('SIGTERM')).toBe(0);
    expect(trace.stdout).toContain('"why":"signal"');
  });
});

describe('a reader that stops reading', { timeout: 60_000 }, () => {
  const count = 30_000;
  const lines = (trace: Running) => trace.stdout.split('\n').length - 1;

  /** A trace that has told more than a pipe holds, and waits for us. */
  const stuck = async () => {
    const trace = await attachText('--json', '--netns', pair.router);
    trace.child.stdout?.pause();
    await run(inside(pair.host, [arpgen, ...flood, '--rate', '20000', '--count', String(count)]));
    let worked = -1;
    await eventually(
      'it did not come to rest',
      () => {
        const before = worked;
        worked = cpuTicks(trace.pid);
        return worked - before < 20 || `${worked} ticks of CPU`;
      },
      30_000,
      500,
    );
    return trace;
  };

  it('holds it up, and gets everything when it goes on', async () => {
    const trace = await stuck();
    trace.child.stdout?.resume();
    await eventually('the rest did not come', () => lines(trace) > count * 0.9 || lines(trace), 30_000, 100);
    expect(await trace.stop()).toBe(0);
    const { accounts } = JSON.parse(trace.stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(accounts).toMatchObject({ delivered: lines(trace) - 2, lost: 0 });
  });

  it.skipIf(noBpftool)('may take its time after the end, too', async () => {
    const trace = await attachText('--json', '--netns', pair.router);
    trace.child.stdout?.pause();
    const held = heldBy(trace.pid);
    await pair.ask(kinds.local, 500);
    trace.child.kill('SIGTERM');
    // what it holds in the kernel goes at once; what it has to say waits
    await gone(held);
    expect(trace.child.exitCode).toBeNull();
    trace.child.stdout?.resume();
    expect(await trace.exit(), trace.stderr).toBe(0);
    expect(trace.stderr).not.toMatch(/ {4}at /);
    expect(lines(trace)).toBe(502);
  });
});

describe('--ready-file', () => {
  const refused = async (path: string) => {
    const trace = cleanup.add(
      new Running(['trace', '--netns', pair.router, '--ready-file', path, '--duration', '5']),
      (one) => one.kill(),
    );
    expect(await trace.exit()).toBe(1);
    expect(trace.stdout).toBe('');
    return trace.stderr;
  };

  it('does not touch a file that exists already', async () => {
    const path = join(directory(), 'ready');
    writeFileSync(path, 'precious');
    expect(await refused(path)).toBe(
      `arpwhy: the ready file ${path} exists already: remove it, or name another\n`,
    );
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('does not follow a link', async () => {
    const place = directory();
    symlinkSync(join(place, 'elsewhere'), join(place, 'ready'));
    expect(await refused(join(place, 'ready'))).toMatch(/^arpwhy: the ready file .* exists already.*\n$/);
    expect(existsSync(join(place, 'elsewhere'))).toBe(false);
  });

  it('says where none can be made', async () => {
    expect(await refused('/nonexistent/ready')).toMatch(
      /^arpwhy: cannot make the ready file \/nonexistent\/ready .*ENOENT.*\n$/,
    );
  });

  it('leaves alone what another put in its place', async () => {
    const path = join(directory(), 'ready');
    const trace = await attachText('--netns', pair.router, '--ready-file', path);
    rmSync(path);
    writeFileSync(path, 'another');
    expect(await trace.stop()).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('another');
  });
});

describe('a namespace', () => {
  it('that is deleted ends at once, and the trace goes on', async () => {
    const dying = await another('dying');
    const trace = await attach('--netns', pair.router, '--netns', dying.router);
    await dying.ask(kinds.proxied);
    await trace.until('a decision there', least(1));
    await run(['ip', 'netns', 'del', dying.router]);
    // its devices go with it, and with them their peers: unless somebody holds it
    await eventually(
      'the peers stayed',
      async () => {
        const { stdout } = await run(['ip', '-n', dying.host, '-o', 'link', 'show']);
        return !/h[01]@/.test(stdout) || stdout;
      },
      3000,
    );
    await pair.ask(kinds.local);
    await trace.until('a decision elsewhere', least(2));
    expect(await trace.stop()).toBe(0);
    expect(trace.end.accounts).toMatchObject({ seen: 2, delivered: 2 });
  });

  it('that is new is seen by its name, and proven soon', async () => {
    const trace = await attach();
    const fresh = await another('fresh');
    const there = () => trace.decisions.filter(({ netns }) => netns.name === fresh.router);
    await fresh.ask(kinds.proxied);
    await trace.until('the first decision', () => there().length > 0);
    await eventually(
      'no decision was proven',
      async () => {
        await fresh.ask(kinds.proxied);
        const before = there().length;
        await trace.until('the next decision', () => there().length > before - 1);
        const last = there().at(-1);
        return last?.unknown.length === 0 || JSON.stringify(last);
      },
      3000,
      100,
    );
    const last = there().at(-1);
    expect(last?.steps[last.because ?? -1]).toMatchObject({
      table: { name: 'main' },
      route: { prefix: '198.51.100.0/24', device: { name: 'r1' } },
    });
    expect(await trace.stop()).toBe(0);
  });

  it('that is made again under its name is still meant', async () => {
    const first = await another('again');
    const trace = await attach('--netns', first.router);
    await first.ask(kinds.local);
    await trace.until('the first decision', least(1));
    await first.down();
    const second = await another('again');
    await eventually('no decision came', async () => {
      await second.ask(kinds.local);
      return trace.decisions.length > 1;
    });
    expect(trace.decisions.at(-1)?.netns.name).toBe(second.router);
    expect(await trace.stop()).toBe(0);
  });
});

describe('a device', () => {
  it('that is made again is still meant by its name, and said to be new', async () => {
    const own = await another('dev');
    const trace = await attach('--netns', own.router, '--dev', 'r0');
    await own.ask(kinds.local);
    await trace.until('the first decision', least(1));
    await batch(own.router, ['link del r0']);
    await own.wire('r0', '192.0.2.1/24');
    await own.ask(kinds.local);
    await own.ask(kinds.otherLocal);
    await trace.until('the second decision', least(2));
    expect(await trace.stop()).toBe(0);
    const [before, after] = trace.decisions.map(({ device }) => device);
    expect(after?.name).toBe(before?.name);
    expect(after?.index).not.toBe(before?.index);
    expect(trace.decisions).toHaveLength(2);
    expect(trace.stderr).toContain(
      `arpwhy: r0 in ${own.router} was made again: index ${before?.index} is now ${after?.index}\n`,
    );
    expect(trace.end.accounts).toMatchObject({ seen: 2, delivered: 2, filtered: 0 });
  });
});

describe('filters', () => {
  const { local, sameDevice, proxied, noRoute, otherLocal, notProxied } = kinds;
  const all = Object.values(kinds);
  /** The words, what they let through, and how many the kernel let through. */
  const cases: [string, Asked[], number][] = [
    ['--target 192.0.2.0/24', [local, sameDevice, notProxied], 6],
    ['--target 192.0.2.1 --target 203.0.113.9/32', [local, noRoute], 6],
    ['--sender 192.0.2.77', [proxied, noRoute], 6],
    ['--sender 192.0.2.64/28 --target 192.0.2.0/24', [local, sameDevice, proxied, noRoute].slice(0, 2), 6],
    ['--action silent', [sameDevice, noRoute, notProxied], 6],
    ['--action dropped', [], 6],
    ['--action silent --action replied', all, 6],
    ['--reason no-route --reason proxy-arp', [proxied, noRoute], 6],
    ['--reason no-route --action replied', [], 6],
    ['--dev r1', [otherLocal, notProxied], 2],
    ['--dev r0 --dev r1', all, 6],
    ['--dev r1 --action replied', [otherLocal], 2],
  ];

  it('let through what they say, and count the rest', async () => {
    const plain = await attach('--netns', pair.router);
    const traces = await Promise.all(
      cases.map(([words]) => attach('--netns', pair.router, ...words.split(' '))),
    );
    for (const asked of all) await pair.ask(asked);
    await plain.until('all decisions', least(all.length));
    expect(await plain.stop()).toBe(0);
    expect(seen(plain.decisions)).toEqual(wanted(...all));
    for (const [i, [words, through, inKernel]] of cases.entries()) {
      const trace = traces[i] as TraceProcess;
      expect(await trace.stop(), words).toBe(0);
      expect(seen(trace.decisions), words).toEqual(wanted(...through));
      expect(trace.end.accounts, words).toMatchObject({
        seen: inKernel,
        delivered: through.length,
        filtered: inKernel - through.length,
      });
    }
  });

  it('by namespace take several, and our own by a dot', async () => {
    const other = await another('other');
    const both = await attach('--netns', pair.router, '--netns', other.router);
    const one = await attach('--netns', other.router);
    const mine = await attach('--netns', '.');
    await pair.ask(local);
    await other.ask(noRoute);
    await both.until('both', least(2));
    // each namespace is proven by itself: between two of them there is no order
    expect(new Set(both.decisions.map(({ netns }) => netns.name))).toEqual(
      new Set([pair.router, other.router]),
    );
    for (const trace of [both, one, mine]) expect(await trace.stop()).toBe(0);
    expect(one.end.accounts).toMatchObject({ seen: 1, delivered: 1 });
    expect(mine.decisions.map(({ netns }) => netns.name).filter((name) => name !== null)).toEqual([]);
  });
});

describe('a deferral', () => {
  const { proxied } = kinds;
  const delay = (value: number) => pair.set({ 'ipv4/neigh/r0/proxy_delay': value });

  it('is told with --all, and its decision after it bears its id', async () => {
    cleanup.add(await delay(30), () => delay(0));
    const all = await attach('--netns', pair.router, '--all');
    const plain = await attach('--netns', pair.router);
    await pair.ask(proxied);
    await all.until('deferral and decision', least(2));
    await plain.until('the decision', least(1));
    for (const trace of [all, plain]) expect(await trace.stop()).toBe(0);
    const [deferral, decision] = all.decisions;
    expect(deferral?.verdict).toMatchObject({ action: 'deferred', reason: 'proxy-delay' });
    expect(decision?.verdict).toMatchObject({ action: 'replied', reason: 'proxy-arp' });
    expect(decision?.id).toBe(deferral?.id);
    expect(decision?.verdict.deferredNs).toBeGreaterThan(0);
    expect(seen(plain.decisions)).toEqual(wanted(proxied));
    for (const trace of [all, plain]) {
      expect(trace.end.accounts).toMatchObject({ seen: 1, delivered: 1, pending: 0 });
    }
  });

  it.each([[[]], [['--all']]])(
    'that is pending at the end is told once and counted as pending (%j)',
    async (args) => {
      // up to a thousand seconds: it does not come before the end
      cleanup.add(await delay(100_000), async () => {
        await delay(0);
        // a device that goes down lets go of what it deferred
        await batch(pair.router, ['link set r0 down', 'link set r0 up']);
        // what comes next is to find it at rest
        await waitUp(pair.router, ['r0']);
      });
      const trace = await attach('--netns', pair.router, ...args);
      await pair.ask(proxied);
      // the delay was changed just now: until that is known, what is asked is not proven
      let asked = 0;
      const others = () => trace.decisions.filter(({ request }) => request.target.ip === kinds.local.target);
      do {
        await pair.ask(kinds.local);
        asked++;
        await trace.until('the other one', () => others().length === asked);
      } while (!seen(others()).includes(wanted(kinds.local)[0] ?? '') && asked < 20);
      expect(await trace.stop()).toBe(0);
      const deferred = trace.decisions.filter(({ verdict }) => verdict.action === 'deferred');
      expect(deferred).toHaveLength(1);
      expect(deferred[0]).toMatchObject({
        request: { target: { ip: proxied.target } },
        verdict: { reason: 'proxy-delay' },
      });
      expect(trace.end.accounts).toMatchObject({
        seen: 1 + asked,
        delivered: asked,
        pending: 1,
        abandoned: 0,
      });
    },
  );
});

describe('text', () => {
  it('counts the silent ones, and has no escape codes where there is no terminal', async () => {
    const trace = await attachText('--netns', pair.router, '--utc');
    for (const asked of [kinds.sameDevice, kinds.noRoute, kinds.noRoute, kinds.proxied])
      await pair.ask(asked);
    await trace.until(/REPLIED proxy-arp/, 'stdout');
    expect(await trace.stop()).toBe(0);
    expect(trace.stdout).toMatch(/^\d{4}-\d\d-\d\d \(UTC\)\n/);
    expect(trace.stdout).not.toMatch(/SILENT/);
    expect(trace.stdout).toMatch(/\n[\d:.]+ 3 silent: no-route 2, same-device 1 \(--silent shows them\)\n$/);
    expect(trace.stdout).toMatch(
      new RegExp(
        ` ${pair.router} r0 {2}who-has 198\\.51\\.100\\.7 tell 192\\.0\\.2\\.77 +REPLIED proxy-arp {2}is-at [0-9a-f:]{17}\n` +
          ' {13}because +~198\\.51\\.100\\.0/24 dev r1, table main\n',
      ),
    );
    expect(trace.stdout + trace.stderr).not.toContain('\u001b');
    expect(trace.stderr).toMatch(/arpwhy: 4 requests in [\d.]+ s: 4 delivered, 0 lost\n$/);
  });

  it('shows the silent ones with --silent', async () => {
    const trace = await attachText('--netns', pair.router, '--silent');
    await pair.ask(kinds.sameDevice);
    await trace.until(/SILENT same-device/, 'stdout');
    expect(await trace.stop()).toBe(0);
    expect(trace.stdout).not.toMatch(/silent:/);
  });

  it('says what it listens to, what ~ means, and every now and then that it still listens', async () => {
    const trace = await attachText('--netns', pair.router, '--dev', 'r0');
    expect(trace.stderr).toMatch(/^arpwhy: tracepoint tier on \S+: .*inferred and marked ~\n/);
    expect(trace.stderr).toContain(`arpwhy: listening to namespace ${pair.router}, device r0; ^C ends\n`);
    await trace.until(/arpwhy: listening; no request seen so far, none to tell just now\n/, 'stderr');
    expect(await trace.stop()).toBe(0);
    expect(trace.stdout).toBe('');
  });

  /** Under a terminal of its own, as `script` makes it. */
  const onTerminal = async (env: NodeJS.ProcessEnv) => {
    const line = `${process.execPath} ${program} trace --netns ${pair.router} --count 1`;
    const shell = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], { env: { ...process.env, ...env } });
    let text = '';
    shell.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise((resolve) => shell.on('close', resolve));
    cleanup.add(shell, async () => {
      shell.kill('SIGKILL');
      await closed;
    });
    await eventually('it did not attach', () => text.includes('listening to') || text);
    await pair.ask(kinds.local);
    expect(await closed).toBe(0);
    return text;
  };

  it('is coloured on a terminal, but not with NO_COLOR', async () => {
    expect(await onTerminal({ NO_COLOR: '' })).toContain('\u001b[');
    expect(await onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[');
  });

  it('makes hostile names of devices harmless, and reads their namespace all the same', async () => {
    const own = await another('evil');
    const name = 'e\u001b[7m\u202e';
    await batch(own.router, ['link set r0 down']);
    await run(['ip', '-n', own.router, 'link', 'set', 'r0', 'name', name]);
    await run(['ip', '-n', own.router, 'link', 'set', name, 'up']);
    const trace = await attachText('--netns', own.router, '--dev', name);
    const json = await attach('--netns', own.router, '--dev', name);
    await eventually('no proven decision came', async () => {
      await own.ask(kinds.local);
      const last = json.decisions.at(-1);
      return last?.unknown.length === 0 || JSON.stringify(last);
    });
    await trace.until(/REPLIED local-address/, 'stdout');
    for (const one of [trace, json]) expect(await one.stop()).toBe(0);
    expect(json.decisions[0]?.device.name).toBe(name);
    expect(trace.stdout).toContain(`${own.router} e\\u{1b}[7m\\u{202e}  who-has`);
    expect(trace.stderr).toContain('device e\\u{1b}[7m\\u{202e}; ^C ends');
    expect(trace.stdout + trace.stderr).not.toMatch(/[\u001b\u202e]/);
  });
});
