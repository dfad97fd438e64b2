import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();
let why: string | null = null;

/**
 * From now on ^C, or a reader of our output that goes away, ends what runs, and the next {@link start} or
 * {@link checkInterrupted} fails: all is undone as after an error.
 */
export function catchInterrupts(): void {
  const interrupt = (what: string) => {
    why ??= what;
    for (const child of running) child.kill('SIGKILL');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));
  process.stdout.on('error', () => interrupt('its reader'));
}

/** What ended it from outside; null as long as nothing did. */
export function interruption(): string | null {
  return why;
}

/** @throws {Error} after an interruption */
export function checkInterrupted(): void {
  if (why) throw new Error(`ended by ${why}`);
}

/** Start a program that an interruption ends. It is in a process group of its own, so that a terminal's ^C does not reach it first. */
export function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  checkInterrupted();
  const child = spawn(command, args, { ...options, detached: true });
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}
