import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { run, toolPath } from '../../../src/host/run.js';
import { batch, inside, plainSettings } from '../../../src/lab/namespace.js';
import type { Cleanup } from './cleanup.js';

const generator = fileURLToPath(new URL('../../../bench/arpgen', import.meta.url));

/** An empty namespace with stock settings. What is in it goes with it. */
export async function makeNamespace(cleanup: Cleanup, name: string): Promise<string> {
  await run(['ip', 'netns', 'add', name]);
  cleanup.add(name, () => run(['ip', 'netns', 'del', name]));
  await plainSettings(name);
  await batch(name, ['link set lo up']);
  return name;
}

/** Frames on their way from a device of a namespace: bench/arpgen. */
export class Generator {
  readonly child: ChildProcess;
  readonly #exited: Promise<number>;
  #stdout = '';
  #stderr = '';

  constructor(cleanup: Cleanup, netns: string, options: Record<string, string | number | true>) {
    const args = Object.entries(options).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, String(value)],
    );
    const [tool = '', ...rest] = inside(netns, [generator, ...args]);
    this.child = spawn(toolPath(tool), rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#exited = new Promise((resolve) => {
      this.child.on('close', (code) => resolve(code ?? -1));
    });
    cleanup.add(this, (self) => self.stop());
  }

  /** Wait until all frames are sent. @throws {Error} when not all of them were */
  async sent(): Promise<number> {
    const status = await this.#exited;
    if (status !== 0) throw new Error(`arpgen ended with ${status}: ${this.#stderr}`);
    return (JSON.parse(this.#stdout) as { sent: number }).sent;
  }

  /** Whatever is not sent yet never will be. */
  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }
}
