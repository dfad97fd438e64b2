import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Decision } from '../../../src/decision/types.js';
import type { EndEvent, StreamEvent } from '../../../src/stream/events.js';
import { validateLine } from '../../schema.js';

export const program = fileURLToPath(new URL('../../../bin/arpwhy', import.meta.url));

/** A running `arpwhy trace --json`, attached. Every line that it prints is validated with the schemas. */
export class TraceProcess {
  readonly child: ChildProcess;
  readonly events: StreamEvent[] = [];
  stderr = '';
  readonly #directory = mkdtempSync(join(tmpdir(), 'arpwhy-test-'));
  readonly #exited: Promise<number | NodeJS.Signals>;
  #text = '';
  #failure: Error | null = null;
  #waiters: (() => void)[] = [];

  /** Resolves once it is attached, which its ready file tells. */
  static async start(...args: string[]): Promise<TraceProcess> {
    const trace = new TraceProcess(args);
    await trace.#ready();
    return trace;
  }

  private constructor(args: string[]) {
    this.child = spawn(
      process.execPath,
      [program, 'trace', '--json', '--ready-file', this.#readyFile, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    this.#exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
    });
  }

  /** Of all events the decisions; it grows with them. */
  readonly decisions: Decision[] = [];

  get end(): EndEvent {
    const end = this.events.find((event): event is EndEvent => event.schema === 'arpwhy.end/1');
    if (!end) throw new Error(`the trace printed no end: ${this.stderr}`);
    return end;
  }

  /** Wait until the decisions so far fulfil a condition. @throws {Error} after the deadline, with what there was */
  async until(
    what: string,
    condition: (decisions: Decision[]) => boolean,
    deadlineMs = 10_000,
  ): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while (!condition(this.decisions)) {
      this.#check();
      if (Date.now() > deadline) {
        const verdicts = this.decisions
          .slice(-20)
          .map((one) => `${one.request.target.ip} ${one.verdict.reason}`);
        throw new Error(`${what} did not come; the last were: ${verdicts.join('; ')}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#check();
  }

  /** End it by a signal and wait. Returns its exit code, or the signal that killed it. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exit();
  }

  async exit(): Promise<number | NodeJS.Signals> {
    const status = await this.#exited;
    rmSync(this.#directory, { recursive: true, force: true });
    this.#check();
    return status;
  }

  /** For clean-up: whatever state it is in, it and its files are gone afterwards. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #readyFile(): string {
    return join(this.#directory, 'ready');
  }

  async #ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const watcher = watch(this.#directory, () => check());
      const done = () => {
        watcher.close();
        resolve();
      };
      const check = () => {
        if (existsSync(this.#readyFile)) done();
      };
      void this.#exited.then((status) => {
        watcher.close();
        reject(new Error(`the trace ended with ${status} before it was ready: ${this.stderr}`));
      });
      check();
    });
  }

  #read(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      try {
        const event = validateLine(line);
        this.events.push(event);
        if (event.schema === 'arpwhy.decision/1') this.decisions.push(event);
      } catch (error) {
        this.#failure ??= error as Error;
      }
    }
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }
}

/** Run a command line to its end. */
export async function runProgram(
  args: readonly string[],
  options: { wrap?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<{ stdout: string; stderr: string; status: number | NodeJS.Signals }> {
  const [command = process.execPath, ...rest] = [...(options.wrap ?? []), process.execPath, program, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: options.env ?? process.env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const status = await new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  return { stdout, stderr, status };
}
