import type { Readable, Writable } from 'node:stream';
import { escapeText } from '../view/escape.js';
import { Output } from './output.js';

/** What a command has of the world around it: injected, so that commands run inside tests as they run outside. */
export interface Context {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  environment: NodeJS.ProcessEnv;
  /** SIGINT and SIGTERM come here. */
  onStop(callback: (signal: NodeJS.Signals) => void): void;
  /** What main() will exit with. */
  exitCode: number;
}

export function processContext(): Context {
  return {
    // to look at it opens it: a command that reads nothing leaves it alone
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    onStop(callback) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => callback(signal));
    },
    exitCode: 0,
  };
}

/** Words go to stderr, one line behind the program's name. Names that strangers gave cannot reach the terminal. */
export function say(context: Context, text: string): void {
  context.stderr.write(`arpwhy: ${escapeText(text)}\n`);
}

/** The width of the terminal, for views that break lines; nothing where there is none. */
export function widthOf({ stdout }: Context): { columns?: number } {
  return stdout.isTTY && stdout.columns ? { columns: stdout.columns } : {};
}

export function outputOf(context: Context): Output {
  return new Output(context.stdout);
}
