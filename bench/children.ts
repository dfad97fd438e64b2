import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();
let interrupted: NodeJS.Signals | null = null;

/** From now on ^C ends what runs, and the next {@link start} or {@link checkInterrupted} fails: all is undone as after an error. */
export function catchInterrupts(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted ??= signal;
      for (const child of running) child.kill('SIGKILL');
    });
  }
}

/** The signal that ended it; null as long as none did. */
export function interruption(): NodeJS.Signals | null {
  return interrupted;
}

/** @throws {Error} after ^C */
export function checkInterrupted(): void {
  if (interrupted) throw new Error(`ended by ${interrupted}`);
}

/** Start a program that ^C ends. It is in a process group of its own, so that a terminal's ^C does not reach it first. */
export function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  checkInterrupted();
  const child = spawn(command, args, { ...options, detached: true });
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}
