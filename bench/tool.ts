import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const usage = fileURLToPath(new URL('../bench/usage', import.meta.url));

/** Attaching takes a second at most; draining a storm into a slow disk takes longer. */
const attachDeadlineMs = 30_000;
const endDeadlineMs = 120_000;
const pollMs = 2;

/** How to start something that traces, and how to know that it does. */
export interface ToolCommand {
  /** An absolute path first. */
  command: string[];
  /** Whether it is attached, asked every few milliseconds. */
  attached: (tool: Tool) => boolean;
}

/** What a tool used from start to end. */
export interface Used {
  attachSeconds: number;
  /** Processor time after it was attached, user and system. */
  cpuSeconds: number;
  peakMiB: number;
}

/** A tool that runs. Its standard output and error go into files of its directory. */
export class Tool {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #report = '';
  #attachSeconds = 0;
  #cpuAtAttach = 0;
  #ended = false;

  /** Resolves once it is attached. @throws {Error} when it ends before, or takes too long */
  static async start(how: ToolCommand, directory: string): Promise<Tool> {
    const tool = new Tool(how.command, directory);
    const deadline = performance.now() + attachDeadlineMs;
    while (tool.#report === '' || !how.attached(tool)) {
      if (tool.#ended) throw new Error(`${how.command[0]} ended: ${tool.stderr().trim()}`);
      if (performance.now() > deadline) {
        await tool.kill();
        throw new Error(`${how.command[0]} did not attach: ${tool.stderr().trim()}`);
      }
      await sleep(pollMs);
    }
    const { startedNs } = tool.#started();
    tool.#attachSeconds = Number(process.hrtime.bigint() - BigInt(startedNs)) / 1e9;
    tool.#cpuAtAttach = tool.#cpu();
    return tool;
  }

  private constructor(command: readonly string[], directory: string) {
    this.directory = directory;
    const [stdout, stderr] = [openSync(this.stdoutPath, 'wx'), openSync(join(directory, 'stderr'), 'wx')];
    this.#child = spawn(usage, command, { stdio: ['ignore', stdout, stderr, 'pipe'] });
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

  stderr(): string {
    return readFileSync(join(this.directory, 'stderr'), 'utf8');
  }

  has(file: string): boolean {
    return existsSync(join(this.directory, file));
  }

  /** End it as its user would, by ^C, and wait until it has written all. @throws {Error} when it failed */
  async stop(): Promise<Used> {
    this.#child.kill('SIGINT');
    const late = Symbol();
    if ((await Promise.race([this.#exited, sleep(endDeadlineMs, late, { ref: false })])) === late) {
      await this.kill();
      throw new Error(`it did not end within ${endDeadlineMs / 1000} s of ^C`);
    }
    const last = this.#report.trim().split('\n')[1];
    if (!last) throw new Error('it was killed');
    const { user, system, peakKiB, status } = JSON.parse(last);
    if (status !== 0 && status !== 130) throw new Error(`it ended with ${status}: ${this.stderr().trim()}`);
    return {
      attachSeconds: this.#attachSeconds,
      cpuSeconds: user + system - this.#cpuAtAttach,
      peakMiB: peakKiB / 1024,
    };
  }

  /** Whatever state it is in, it is gone afterwards. */
  async kill(): Promise<void> {
    if (!this.#ended) this.#child.kill('SIGKILL'); // the tool dies with it
    await this.#exited;
  }

  #started(): { pid: number; startedNs: string } {
    return JSON.parse(this.#report.slice(0, this.#report.indexOf('\n')));
  }

  /** Processor time so far, in hundredths of a second, as the kernel accounts it for all its threads. */
  #cpu(): number {
    const stat = readFileSync(`/proc/${this.#started().pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}
