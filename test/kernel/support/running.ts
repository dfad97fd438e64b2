import { type ChildProcess, spawn } from 'node:child_process';
import { eventually } from './eventually.js';
import { program } from './trace.js';

/** A command line that runs, with what it has written so far: for what is not `trace --json`. */
export class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #exited: Promise<number | NodeJS.Signals>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
    });
  }

  /** A trace that is attached: it says so. */
  static async attached(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Running> {
    const running = new Running(args, env);
    await running.until(/arpwhy: listening to .*\n/, 'stderr');
    return running;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Wait until it has written something. @throws {Error} after the deadline, with what it wrote */
  async until(pattern: RegExp, where: 'stdout' | 'stderr', deadlineMs = 10_000): Promise<void> {
    await eventually(
      `${pattern} did not come on ${where}`,
      () => pattern.test(this[where]) || `${this.stdout}\n${this.stderr}`,
      deadlineMs,
    );
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exit();
  }

  exit(): Promise<number | NodeJS.Signals> {
    return this.#exited;
  }

  /** For clean-up. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }
}
