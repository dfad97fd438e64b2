import { Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Context, say } from '../../src/cli/context.js';
import { main } from '../../src/cli/main.js';
import { version } from '../../src/package-root.js';

/** A stream that keeps what is written, or fails with an error of that code. */
class Sink extends Writable {
  text = '';

  constructor(readonly fails: string | null = null) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.text += chunk.toString();
    done(this.fails === null ? null : Object.assign(new Error(`write ${this.fails}`), { code: this.fails }));
  }
}

function world(fails: string | null = null) {
  const stdout = new Sink(fails);
  const stderr = new Sink();
  const context: Context = {
    stdin: Readable.from([]),
    stdout,
    stderr,
    environment: {},
    onStop() {},
    exitCode: 0,
  };
  return { stdout, stderr, context };
}

async function arpwhy(args: string[], fails: string | null = null) {
  const { stdout, stderr, context } = world(fails);
  const status = await main(args, context);
  return { status, stdout: stdout.text, stderr: stderr.text };
}

describe('main', () => {
  it.each([['--version'], ['-V']])('%s is the version', async (option) => {
    expect(await arpwhy([option])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('--help names the commands and the exit codes', async () => {
    const { status, stdout, stderr } = await arpwhy(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const word of ['trace', 'top', 'doctor', 'lab', 'demo', 'Exit codes: 0 done, 1 failed, 2 usage']) {
      expect(stdout).toContain(word);
    }
  });

  it('trace --help names every filter, and no knob of the tests', async () => {
    const { status, stdout, stderr } = await arpwhy(['trace', '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of 'netns dev target sender action reason all silent json duration count'.split(' ')) {
      expect(stdout).toContain(`--${name}`);
    }
    expect(stdout).not.toContain('--without-hook');
  });

  it('no command is a matter of usage', async () => {
    const { status, stdout, stderr } = await arpwhy([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: arpwhy /);
  });

  it.each<[string[], RegExp]>([
    [['trase'], /unknown command 'trase' \(Did you mean trace\?\): see arpwhy --help/],
    [['--bogus'], /unknown option '--bogus': see/],
    [['trace', '--bogus'], /unknown option '--bogus': see/],
    [['trace', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [['trace', '\u001b[7m'], /too many arguments/],
    [['trace', '--\u001b[7m'], /unknown option '--\\u\{1b\}\[7m'/],
    [['trace', '--count'], /argument missing/],
    [['trace', '--count', 'x'], /--count takes a whole number above 0, not "x"/],
    [['trace', '--count', '1e2'], /--count takes/],
    [['trace', '--count', '9007199254740993'], /--count takes/],
    [['trace', '--duration', '2147484'], /up to 2147483/],
    [['trace', '--target', '192.0.2.1/24'], /has bits set behind its length/],
    [['trace', '--target', '192.0.2.0/24/24'], /is no IPv4 prefix/],
    [['trace', '--action', 'REPLIED'], /there are replied, silent, dropped, deferred/],
    [['trace', '--without-hook', 'arp_rcv'], /there are consume_skb/],
    [['top', '--order', 'size'], /--order size: there is no such one; there are alarm, rate, count/],
    [['top', '--group', 'mac'], /there are justification, target, sender/],
    [['top', '--fade', '0'], /--fade takes a number of seconds above 0/],
    [['top', 'a.pcapng', '--duration', '3'], /leave out --duration/],
    [['top', '-'], /name its file, not -/],
    [['lab', 'up', 'nosuch'], /no lab topology is called "nosuch": known are ganeti/],
    [['lab', 'step', 'nosuch'], /no step "nosuch": known are healthy/],
    [['lab', 'step', 'flush', 'nosuch'], /no lab topology is called "nosuch"/],
  ])('%j is one line and exit code 2', async (args, line) => {
    const { status, stdout, stderr } = await arpwhy(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^arpwhy: [^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(stderr).not.toContain('\u001b');
  });

  it('lab list prints the topologies and their steps', async () => {
    const { status, stdout, stderr } = await arpwhy(['lab', 'list']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ganeti: .*\n {2}healthy {3}\S/);
  });

  it.each([['--help'], ['lab list']])('%s into a closed pipe ends in peace', async (words) => {
    expect(await arpwhy(words.split(' '), 'EPIPE')).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([['--help'], ['lab list']])('%s onto a full disk fails', async (words) => {
    const { status, stderr } = await arpwhy(words.split(' '), 'ENOSPC');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'arpwhy: cannot write the output: the disk is full\n',
    });
  });

  it('does not end because stderr is closed', async () => {
    const { stdout, context } = world();
    context.stderr = new Sink('EPIPE');
    expect(await main(['trase'], context)).toBe(2);
    await new Promise(setImmediate);
    expect(stdout.text).toBe('');
  });
});

describe('say', () => {
  it('is one line behind the name, whatever is in it', () => {
    const { stderr, context } = world();
    say(context, 'eth0\u001b[2J\nof \u202e');
    expect(stderr.text).toBe('arpwhy: eth0\\u{1b}[2J\\u{a}of \\u{202e}\n');
  });
});
