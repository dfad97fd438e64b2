import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../dist/host/run.js';
import { start } from './children.js';

const usage = fileURLToPath(new URL('../bench/usage', import.meta.url));

/** Attaching takes a second at most; handing over what a storm left behind takes longer. */
const attachDeadlineMs = 30_000;
const endDeadlineMs = 120_000;
const pollMs = 2;

/** How to start something that traces, and how to know that it does. */
export interface ToolCommand {
  /** The tool's absolute path first. */
  command: readonly string[];
  /** Whether it is attached, asked every few milliseconds. */
  attached: (tool: Tool) => boolean;
  /** Its standard output goes through a pipe to this, which keeps up; into a file without. */
  reader?: readonly string[];
  /** A tool that hands over late gets so long before it is ended. */
  lingerMs?: number;
  /** Let go of what was made for it. */
  release?: () => void;
}

/** What a tool used from start to end. */
export interface Used {
  /** From exec. */
  attachSeconds: number;
  /** Processor time after it was attached, user and system. */
  cpuSeconds: number;
  peakMiB: number;
  /** From ^C until it had handed over all. */
  endSeconds: number;
}

/** A tool that runs. Its standard output and error go into files of its directory. */
export class Tool {
  readonly directory: string;
  readonly #how: ToolCommand;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #report = '';
  #attachSeconds = 0;
  #cpuAtAttach = 0;
  #ended = false;

  /** Resolves once it is attached. @throws {Error} when it ends before, or takes too long */
  static async start(how: ToolCommand, directory: string): Promise<Tool> {
    const stdout = how.reader
      ? await pipeTo(how.reader, directory)
      : openSync(join(directory, 'stdout'), 'wx');
    const tool = new Tool(how, directory, stdout);
    try {
      await tool.#attached();
    } catch (error) {
      await tool.kill();
      throw error;
    }
    return tool;
  }

  private constructor(how: ToolCommand, directory: string, stdout: number) {
    this.directory = directory;
    this.#how = how;
    const stderr = openSync(join(directory, 'stderr'), 'wx');
    this.#child = start(usage, how.command, { stdio: ['ignore', stdout, stderr, 'pipe'] });
    closeSync(stdout);
    closeSync(stderr);
    this.#child.stdio[3]?.on('data', (chunk: Buffer) => {
      this.#report += chunk;
    });
    this.#exited = new Promise((resolve) => {
      this.#child.on('close', () => {
        this.#ended = true;
        resolve();
      });
    });
  }

  get stdoutPath(): string {
    return join(this.directory, 'stdout');
  }

  stdout(): string {
    return readFileSync(this.stdoutPath, 'utf8');
  }

  stderr(): string {
    return readFileSync(join(this.directory, 'stderr'), 'utf8');
  }

  has(file: string): boolean {
    return existsSync(join(this.directory, file));
  }

  /** End it as its user would, by ^C, and wait until it has written all. @throws {Error} when it failed */
  async stop(): Promise<Used> {
    await sleep(this.#how.lingerMs ?? 0);
    const asked = performance.now();
    this.#child.kill('SIGINT');
    const late = Symbol();
    if ((await Promise.race([this.#exited, sleep(endDeadlineMs, late, { ref: false })])) === late) {
      throw new Error(`it did not end within ${endDeadlineMs / 1000} s of ^C`);
    }
    const last = this.#report.trim().split('\n')[1];
    if (!last) throw new Error('it was killed');
    const { user, system, peakKiB, status } = JSON.parse(last);
    if (status !== 0 && status !== interrupted) {
      throw new Error(`it ended with ${status}: ${this.stderr().trim()}`);
    }
    return {
      attachSeconds: this.#attachSeconds,
      cpuSeconds: user + system - this.#cpuAtAttach,
      peakMiB: peakKiB / 1024,
      endSeconds: (performance.now() - asked) / 1000,
    };
  }

  /** Whatever state it is in, it is gone afterwards. */
  async kill(): Promise<void> {
    if (!this.#ended) this.#child.kill('SIGKILL'); // the tool dies with it
    await this.#exited;
    this.#how.release?.();
  }

  async #attached(): Promise<void> {
    const deadline = performance.now() + attachDeadlineMs;
    while (!this.#report.includes('\n') || !this.#how.attached(this)) {
      const said = this.stderr().trim();
      if (this.#ended) throw new Error(`it ended before it was attached: ${said}`);
      if (performance.now() > deadline) throw new Error(`it did not attach: ${said}`);
      await sleep(pollMs);
    }
    this.#attachSeconds = Number(process.hrtime.bigint() - BigInt(this.#started().startedNs)) / 1e9;
    this.#cpuAtAttach = this.#cpu();
  }

  #started(): { pid: number; startedNs: string } {
    return JSON.parse(this.#report.slice(0, this.#report.indexOf('\n')));
  }

  /** Processor seconds so far, of all its threads. The kernel tells them in hundredths. */
  #cpu(): number {
    const stat = readFileSync(`/proc/${this.#started().pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}

/** How a shell tells that ^C ended a program: 128 and the signal's number. */
const interrupted = 130;

/** The writing end of a pipe to a reader that ends with it. */
async function pipeTo(reader: readonly string[], directory: string): Promise<number> {
  const path = join(directory, 'pipe');
  await run(['mkfifo', path]);
  const [command = '', ...args] = reader;
  // both ends of its own, so that opening waits for nobody
  const both = openSync(path, 'r+');
  const input = openSync(path, 'r');
  const output = openSync(path, 'w');
  closeSync(both);
  start(command, args, { stdio: [input, 'ignore', 'inherit'] });
  closeSync(input);
  return output;
}
