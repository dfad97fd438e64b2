import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { toolEnvironment } from './run.js';

/** A tool that runs. */
export interface Tool {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit status, or 128 and the signal that ended it; -1 when it could not be started. */
  readonly ended: Promise<number>;
  kill(): void;
}

/**
 * Starts a tool with the environment of all tools.
 * @param command its absolute path, and its arguments
 * @param keep a descriptor that it has as its 3
 */
export type ToolStarter = (command: readonly string[], keep: number) => Tool;

/** Start a tool, in the way that was chosen last. */
export function startTool(command: readonly string[], keep: number): Tool {
  return starter(command, keep);
}

/** How tools are started from now on: a trace holds much memory, and has a way that does not copy it. */
export function useStarter(way: ToolStarter): void {
  starter = way;
}

let starter: ToolStarter = ([path = '', ...args], keep) => {
  const child = spawn(path, args, { env: toolEnvironment, stdio: ['pipe', 'pipe', 'pipe', keep] });
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', (code) => resolve(code ?? 128));
  });
  const [stdin, stdout, stderr] = child.stdio as unknown as [Writable, Readable, Readable];
  return { stdin, stdout, stderr, ended, kill: () => void child.kill('SIGKILL') };
};
