import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { Lab } from '../../src/lab/lab.js';
import { inside } from '../../src/lab/namespace.js';
import { whoHas } from '../../src/lab/requests.js';
import { topology } from '../../src/lab/topologies.js';
import type { TopReport } from '../../src/view/top/report.js';
import { validateLine, validateTop } from '../schema.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { arpgen, kinds, Pair } from './support/pair.js';
import { TmuxTerminal } from './support/tmux.js';
import { program, runProgram } from './support/trace.js';

const prefix = `t${process.pid}o-`;
const cleanup = new Cleanup();
const attached = /arpwhy top .* up 0:00:/;
let pair: Pair;
let directory: string;

beforeAll(async () => {
  pair = await Pair.up(prefix);
  directory = mkdtempSync(join(tmpdir(), 'arpwhy-test-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await pair?.down();
});
afterEach(() => cleanup.run());

interface Running {
  terminal: TmuxTerminal;
  pid: number;
  /** The screen is as it was, but for a new prompt; so are the cursor and the modes of the terminal. */
  isRestored(said?: RegExp): Promise<void>;
}

/** `arpwhy top` in a terminal with something on its screen. */
async function start(
  args: readonly string[] = [],
  { columns = 80, rows = 24, env = {}, node = '' } = {},
): Promise<Running> {
  const terminal = await TmuxTerminal.open(cleanup, columns, rows, env);
  const [modes, pidFile] = [join(directory, 'modes'), join(directory, 'pid')];
  const saved = async () => {
    rmSync(modes, { force: true });
    terminal.type(`stty -g > ${modes}`);
    terminal.press('Enter');
    await eventually('the shell does not answer', () => {
      try {
        return readFileSync(modes, 'utf8').endsWith('\n');
      } catch {
        return false;
      }
    });
    return readFileSync(modes, 'utf8');
  };
  const modesBefore = await saved();
  const words = [process.execPath, node, program, 'top', '--netns', pair.router, ...args].filter(Boolean);
  writeFileSync(
    join(directory, 'top'),
    `echo $$ > ${pidFile}\ncd ${directory}\nexec ${words.join(' ')} "$@"\n`,
  );
  terminal.type('clear; echo what was there; bash');
  terminal.type(` ${join(directory, 'top')}`);
  terminal.press('Enter');
  await terminal.until(attached);
  const before = 'what was there\n';
  return {
    terminal,
    pid: Number(readFileSync(pidFile, 'utf8')),
    async isRestored(said = /^$/) {
      await terminal.until(/^\$ *$/m);
      const lines = terminal.screen().trimEnd().split('\n');
      expect(`${lines[0]}\n`).toBe(before);
      expect(lines.at(-1)?.trimEnd()).toBe('$');
      expect(lines.slice(1, -1).join('\n')).toMatch(said);
      const state = ['alternate_on', 'cursor_flag', 'wrap_flag'].map((name) => terminal.state(name));
      expect(state).toEqual(['0', '1', '1']);
      expect(await saved()).toBe(modesBefore);
      await eventually('something of it is left', () => isGone(Number(readFileSync(pidFile, 'utf8'))));
    },
  };
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

const flood = (target: string, count: number, ...more: string[]) => {
  const what = ['--dev', 'h0', '--sender', '192.0.2.66', '--target', target, '--count', String(count)];
  return run(inside(pair.host, [arpgen, ...what, ...more]));
};

describe('the screen', () => {
  it('shows what is answered within a second, and the rest when it is asked for', async () => {
    const { terminal, isRestored } = await start();
    await terminal.until(/No request was seen yet/);
    await pair.ask(kinds.proxied);
    await pair.ask(kinds.sameDevice, 3);
    await terminal.until(
      /REPLIED proxy-arp +1 [\d. ]*1 +1 +\ds.*\n +~198\.51\.100\.0\/24 dev r1, table main\n/,
    );
    await terminal.until(/4 requests, .* 1 replied, 3 silent, 0 lost/);
    await terminal.until(/1 silent row \(3 requests\) hidden: s/);
    terminal.press('s');
    await terminal.until(/silent same-device +3 /);
    expect(terminal.state('alternate_on')).toBe('1');
    expect(terminal.state('cursor_flag')).toBe('0');
    terminal.press('q');
    await isRestored();
  });

  it('sorts, groups, filters and pauses by keys', async () => {
    const { terminal, isRestored } = await start(['--silent']);
    await flood('192.0.2.1', 30);
    await flood('198.51.100.7', 20, '--targets', '10');
    await flood('192.0.2.99', 10);
    const rows = () => terminal.screen().match(/(REPLIED|silent) \w+-\w+/g);
    await terminal.until(/60 requests/);
    await eventually('not by alarm', () => rows()?.[0] === 'REPLIED proxy-arp' || rows());
    terminal.press('o', 'o');
    await terminal.until(/▼COUNT.*\n.*local-address +30 /);
    terminal.press('O');
    await terminal.until(/▲COUNT.*\n.*same-device +10 /);
    terminal.press('g');
    await terminal.until(/TARGET +NAMESPACE[\s\S]*198\.51\.100\.16 .* REPLIED proxy-arp +2 192\.0\.2\.66/);
    terminal.press('g');
    await terminal.until(/SENDER +NAMESPACE[\s\S]*192\.0\.2\.66 .* REPLIED local-address +30 192\.0\.2\.1 /);
    terminal.press('g', '/');
    await terminal.until(/^filter: *$/m);
    terminal.type('--target 198.51.100.9/33');
    terminal.press('Enter');
    await terminal.until(/--target 198\.51\.100\.9\/33 is no IPv4 prefix/);
    terminal.press('C-u');
    terminal.type('target 198.51.100.0/24 action replied');
    terminal.press('Enter');
    await terminal.until(/filter --target 198\.51\.100\.0\/24 --action replied, counted since \d\d:/);
    await eventually('more is shown', () => rows()?.join() === 'REPLIED proxy-arp' || rows());
    await flood('198.51.100.7', 5);
    await flood('192.0.2.1', 5);
    await terminal.until(/70 requests/);
    terminal.press('/', 'C-u', 'Enter');
    await terminal.until(
      /REPLIED proxy-arp +25 [\s\S]*REPLIED local-address +35 |local-address +35 [\s\S]*proxy-arp +25 /,
    );
    terminal.press('p');
    await terminal.until(/PAUSED at \d\d:\d\d:\d\d: still counting/);
    await flood('192.0.2.1', 7);
    await terminal.until(/77 requests/);
    expect(terminal.screen()).toMatch(/local-address +35 /);
    terminal.press('p');
    await terminal.until(/local-address +42 /);
    terminal.press('q');
    await isRestored();
  });

  it('freezes a row, and tells why; helps whoever asks', async () => {
    const { terminal, isRestored } = await start();
    await pair.ask(kinds.proxied);
    await pair.ask(kinds.local, 5);
    await terminal.until(/6 requests/);
    terminal.press('Down', 'Down');
    await terminal.until(/▶ {2}\S+ +r0 +REPLIED local-address/);
    terminal.press('Up', 'Enter');
    const why = await terminal.until(/REPLIED proxy-arp {2}FROZEN at/);
    expect(why).toContain('because   ~198.51.100.0/24 dev r1, table main');
    expect(why).toMatch(/change .*proxy_arp=0 on r0 and on all/);
    await pair.ask(kinds.proxied);
    await terminal.until(/; 1 more since/);
    terminal.press('End');
    await terminal.until(
      /The decision:[\s\S]*who-has 198\.51\.100\.7 tell 192\.0\.2\.77[\s\S]*decision .*tier/,
    );
    terminal.press('?');
    await terminal.until(/What this host answers for[\s\S]*lines 1-/);
    terminal.press('Escape');
    await terminal.until(/FROZEN/);
    terminal.press('r');
    await terminal.until(/2 requests/);
    terminal.press('Escape');
    await terminal.until(/NAMESPACE/);
    terminal.press('q');
    await isRestored();
  });

  it('follows the size of the terminal', async () => {
    const { terminal, isRestored } = await start();
    await pair.ask(kinds.proxied);
    const narrow = await terminal.until(/REPLIED proxy-arp/);
    expect(narrow).not.toContain('IS-AT');
    terminal.resize(160, 50);
    const wide = await terminal.until(/FIRST +IS-AT +DELAY/);
    expect(wide.trimEnd().split('\n')).toHaveLength(50);
    terminal.resize(40, 8);
    await eventually('it does not shrink', () => {
      const lines = terminal.screen().trimEnd().split('\n');
      return (lines.length <= 8 && lines.every((line) => line.length <= 40)) || lines.join('\n');
    });
    terminal.resize(80, 24);
    await terminal.until(/REPLIED proxy-arp[\s\S]*q quit/);
    terminal.press('q');
    await terminal.until(/^\$ *$/m);
    expect(terminal.state('alternate_on')).toBe('0');
    void isRestored;
  });

  it('is plain ASCII without UTF-8, and without colours with NO_COLOR', async () => {
    const { terminal, isRestored } = await start([], { env: { LANG: 'C', NO_COLOR: '1' } });
    await pair.ask(kinds.proxied);
    await terminal.until(/REPLIED proxy-arp/);
    terminal.press('Down');
    expect(await terminal.until(/^> {2}\S+ +r0 +REPLIED/m)).toMatch(/^[\n -~]*$/);
    expect(terminal.styled()).not.toContain('\u001b[');
    terminal.press('q');
    await isRestored();
  });

  it('is coloured otherwise', async () => {
    const { terminal } = await start();
    await pair.ask(kinds.proxied);
    await terminal.until(/REPLIED proxy-arp/);
    expect(terminal.styled()).toMatch(
      /\u001b\[1m\u001b\[33mREPLIED|\u001b\[33m\u001b\[1mREPLIED|\u001b\[1;33mREPLIED/,
    );
    terminal.press('q');
  });

  it('makes hostile names harmless', async () => {
    const own = cleanup.add(await Pair.up(`${prefix}x`), (one) => one.down());
    const name = 'e\u001b[7m\u202e';
    await run(['ip', '-n', own.router, 'link', 'set', 'r0', 'down']);
    await run(['ip', '-n', own.router, 'link', 'set', 'r0', 'name', name]);
    await run(['ip', '-n', own.router, 'link', 'set', name, 'up']);
    const { terminal } = await start(['--netns', own.router]);
    await own.ask(kinds.local);
    await terminal.until(/ e\\u\{1b\}\[7m\\u\{2… REPLIED local-addre/);
    expect(terminal.screen()).not.toContain('\u202e');
    terminal.press('q');
    await terminal.until(/^\$ *$/m);
  });

  it('says when a device was made again', async () => {
    const { terminal } = await start();
    await pair.ask(kinds.otherLocal);
    await terminal.until(/ r1 +REPLIED local-address/);
    await run(['ip', '-n', pair.router, 'link', 'del', 'r1']);
    await pair.wire('r1', '198.51.100.1/24');
    await pair.ask(kinds.otherLocal);
    await terminal.until(/r1 in \S+ was made again: index \d+ is now \d+/);
    terminal.press('q');
    await terminal.until(/^\$ *$/m);
  });
});

describe('the terminal is as it was', () => {
  it('while it is suspended, and the table goes on after it', async () => {
    const { terminal, pid, isRestored } = await start();
    for (const stop of [() => terminal.press('C-z'), () => process.kill(pid, 'SIGTSTP')]) {
      stop();
      await terminal.until(/\[1\]\+ {2}Stopped/);
      expect(['alternate_on', 'cursor_flag', 'wrap_flag'].map((name) => terminal.state(name))).toEqual([
        '0',
        '1',
        '1',
      ]);
      terminal.type('clear; echo what was there; fg > /dev/null');
      terminal.press('Enter');
      await terminal.until(attached);
      expect(terminal.state('cursor_flag')).toBe('0');
    }
    await pair.ask(kinds.proxied);
    await terminal.until(/REPLIED proxy-arp/);
    terminal.press('q');
    await isRestored();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGSEGV'] as const)(
    'after %s',
    async (signal) => {
      const { terminal, pid, isRestored } = await start();
      process.kill(pid, signal);
      await eventually('it does not end', () => isGone(pid));
      await eventually('the screen is not given back', () => terminal.state('alternate_on') === '0');
      terminal.press('Enter'); // the shell may have spoken on the other screen
      await isRestored(/^(.*(Killed|Segmentation fault).*)?(\n?\$)*$/s);
    },
  );

  it('after ^C, --duration, and an exception, which is told', async () => {
    const one = await start();
    one.terminal.press('C-c');
    await one.isRestored();
    const two = await start(['--duration', '1']);
    await two.isRestored();
    const crash = join(directory, 'crash.mjs');
    writeFileSync(crash, "process.on('SIGUSR2', () => { throw new Error('it fell'); });\n");
    const three = await start([], { node: `--import=${crash}`, rows: 40 });
    process.kill(three.pid, 'SIGUSR2');
    await three.isRestored(/Error: it fell/);
  });
});

describe('a recording', () => {
  it('is played, wound and explained like a live table', async () => {
    const file = fileURLToPath(new URL('../recordings/format-1.0-record-1.pcapng', import.meta.url));
    const terminal = await TmuxTerminal.open(cleanup, 80, 24);
    terminal.type(`${process.execPath} ${program} top --utc ${file}`);
    terminal.press('Enter');
    await terminal.until(/format-1\.0-record-1\.pcapng .* 2026-11-25 04:22:4\d UTC[\s\S]* PLAYING/);
    terminal.press('Right');
    await terminal.until(/12 requests, .* 6 replied, 6 silent[\s\S]* END\n/);
    await terminal.until(/^ ! rec-node0 bond0\.90 REPLIED proxy-arp +3 /m);
    terminal.press('Enter');
    await terminal.until(/stayed silent about 3 of these addresses/);
    terminal.press('Escape');
    await terminal.until(/NAMESPACE/);
    terminal.press('0');
    await terminal.until(/0:00:0\d .* 04:22:4\d UTC\n[01] requests?,/);
    terminal.press('>', '>', '>');
    await terminal.until(/PLAYING 8x/);
    await terminal.until(/12 requests/);
    terminal.press('w');
    await terminal.until(/it is recorded already, in format-1\.0/);
    terminal.press('q');
    await terminal.until(/^\$ *$/m);
    expect(terminal.state('alternate_on')).toBe('0');
  });
});

describe('a live table that is recorded', () => {
  it('leaves all of it in the file, whatever was on the screen', async () => {
    const file = join(directory, 'beside.pcapng');
    const { terminal, isRestored } = await start(['--target', '192.0.2.99', '-o', file], { columns: 120 });
    await terminal.until(/recording [\d.]+ kB in beside\.pcapng\s+filter --target 192\.0\.2\.99/);
    await pair.ask(kinds.proxied, 3);
    await pair.ask(kinds.sameDevice, 2);
    await terminal.until(/5 requests/);
    terminal.press('q');
    await isRestored(/recorded 5 decisions, [\d.]+ kB, in .*beside\.pcapng$/);
    const { stdout, status } = await runProgram(['replay', file, '--json']);
    expect(status).toBe(0);
    const told = stdout.trimEnd().split('\n').map(validateLine);
    expect(told.filter(({ schema }) => schema === 'arpwhy.decision/1')).toHaveLength(5);
  });

  it('goes on when the disk is full, and says so on the screen and in the end', async () => {
    const small = join(directory, 'small');
    mkdirSync(small);
    await run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]);
    cleanup.add(null, () => run(['umount', small]));
    const file = join(small, 'full.pcapng');
    const { terminal, isRestored } = await start(['-o', file], { columns: 160 });
    await flood('198.51.100.10', 2000);
    await terminal.until(/NOT RECORDING: cannot write the recording .*full\.pcapng: the disk is full/);
    await pair.ask(kinds.proxied);
    await terminal.until(/2,001 replied/);
    terminal.press('q');
    await isRestored(/what was written before stays readable: .*\n.*: the disk is full$/);
    const { stdout } = await runProgram(['replay', file, '--json']);
    expect(stdout.split('\n').length).toBeGreaterThan(10);
  });
});

describe('the incident', () => {
  it('stands first and marked within a second, and fades once it is over', async () => {
    const lab = cleanup.add(await Lab.up(topology('ganeti'), { prefix: `${prefix}l` }), (one) => one.down());
    const { terminal } = await start(['--netns', lab.netns('node0'), '--fade', '3'], { rows: 30 });
    await whoHas(lab, 'host1', '192.0.2.10');
    await whoHas(lab, 'host1', '192.0.2.99');
    const healthy = await terminal.until(/bond0\.90 REPLIED proxy-arp +1 [\s\S]*192\.0\.2\.10\/32 dev tap0/);
    expect(healthy).not.toMatch(/^ !/m);
    await lab.step('flush');
    await whoHas(lab, 'host1', '192.0.2.10');
    const answered = whoHas(lab, 'host1', '192.0.2.99');
    expect((await answered).answeredBy).toBe('a0:36:9f:59:be:ef');
    const rogue = await terminal.until(
      /LAST.*\n !.* bond0\.90 REPLIED proxy-arp +1 .*\n +~0\.0\.0\.0\/0 via 10\.0\.0\.1 dev bond0, table main, ~rule 32766/,
      1000,
    );
    expect(rogue).toMatch(/! 1 of these met silence before {2}! by a default route/);
    expect(rogue).toContain('! not by table public_90, which the rule for the device names');
    terminal.press('Enter');
    await terminal.until(
      /because +~0\.0\.0\.0\/0[\s\S]*tried +table public_90 \(~rule 32765, iif bond0\.90\): no/,
    );
    terminal.press('w');
    const saved = await terminal.until(/saved \d+ decisions: arpwhy report \S+\.pcapng/);
    const file = join(directory, /report (\S+\.pcapng)/.exec(saved)?.[1] ?? '');
    const replay = await runProgram(['replay', '--json', file]);
    expect(replay).toMatchObject({ status: 0 });
    const kept = replay.stdout.trimEnd().split('\n').map(validateLine);
    const targets = kept.flatMap((one) =>
      one.schema === 'arpwhy.decision/1' ? [one.request.target.ip] : [],
    );
    expect(new Set(targets)).toEqual(new Set(['192.0.2.10', '192.0.2.99']));
    expect(await runProgram(['replay', '--rejudge', file])).toMatchObject({ status: 0 });
    const report = await runProgram(['report', file]);
    expect(report.stdout.replace(/\s+/g, ' ')).toMatch(
      /table public_90 lost \d routes.* because of 0\.0\.0\.0\/0 via/,
    );
    terminal.press('Escape');
    await lab.step('restore');
    expect((await whoHas(lab, 'host1', '192.0.2.99')).answeredBy).toBeNull();
    // the guest is asked for again and again, and its row passes the one that is over
    await eventually('the rogue row does not fade', async () => {
      await whoHas(lab, 'host1', '192.0.2.10');
      const [first = '', second = ''] = terminal.screen().match(/(?<=proxy-arp.*\n) +~\S+/g) ?? [];
      return (first.includes('192.0.2.10/32') && second.includes('0.0.0.0/0')) || terminal.screen();
    });
    terminal.press('q');
    await terminal.until(/^\$ *$/m);
  });
});

describe('--once', () => {
  /** Run it to its end, and ask once it is attached. */
  const once = async (args: readonly string[], ask: () => Promise<unknown>) => {
    const ready = join(directory, 'ready');
    const running = runProgram([
      'top',
      '--duration',
      '2',
      '--netns',
      pair.router,
      '--ready-file',
      ready,
      ...args,
    ]);
    await eventually('it does not attach', () => existsSync(ready));
    await ask();
    return running;
  };

  it('prints one table, silence only when it is asked for', async () => {
    const texts = [];
    for (const more of [[], ['--silent']]) {
      const { stdout, stderr, status } = await once(['--once', ...more], async () => {
        await pair.ask(kinds.proxied, 2);
        await pair.ask(kinds.sameDevice);
      });
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      expect(stdout).toMatch(/ r0 +│ 2 requests.*│ ~198\.51\.100\.0\/24 dev r1, table main +│\n/);
      expect(stdout).toMatch(/│ REPLIED proxy-arp +│ 1 target, 1 sender +│/);
      texts.push(stdout);
    }
    expect(texts[0]).toContain('1 silent row (1 request) not shown: --silent shows them\n');
    expect(texts[1]).toContain('silent same-device');
  });

  it('with --json counts each request that was delivered, and is what there is without a terminal', async () => {
    const args = ['--json', '--action', 'replied', '--action', 'dropped'];
    const { stdout, status } = await once(args, async () => {
      await flood('198.51.100.10', 500, '--targets', '200');
      await flood('192.0.2.1', 500);
      await flood('192.0.2.99', 500);
    });
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as TopReport;
    validateTop(report);
    expect(report.accounts).toMatchObject({ seen: 1500, delivered: 1000, filtered: 500, lost: 0 });
    const proxied = report.rows.filter(({ verdict }) => verdict.reason === 'proxy-arp');
    expect(proxied.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    // the first one may come before its proof, and is a row of its own then
    expect(Math.max(...proxied.map(({ targets }) => targets.count))).toBeGreaterThanOrEqual(199);
    for (const { targets, senders } of proxied) {
      expect({ exact: targets.exact, senders }).toEqual({ exact: true, senders: { count: 1, exact: true } });
    }
  });
});
