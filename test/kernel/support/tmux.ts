import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.js';
import { eventually } from './eventually.js';

/** A terminal of a size of its own with a shell in it, driven as a person would: tmux, with a server of its own. */
export class TmuxTerminal {
  readonly #directory = mkdtempSync(join(tmpdir(), 'arpwhy-tmux-'));

  /** Resolves once the shell waits for words. */
  static async open(
    cleanup: Cleanup,
    columns: number,
    rows: number,
    env: NodeJS.ProcessEnv = {},
  ): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal();
    cleanup.add(terminal, () => terminal.#close());
    const words = Object.entries({ LANG: 'C.UTF-8', PS1: '$ ', ...env }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const shell = ['env', ...words, 'bash', '--norc', '--noprofile', '+o', 'history'];
    terminal.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      String(columns),
      '-y',
      String(rows),
      ...shell,
    );
    await terminal.until(/^\$ *$/m);
    return terminal;
  }

  /** What the screen shows, without blanks at the end of lines. */
  screen(): string {
    return this.#tmux('capture-pane', '-p');
  }

  /** The same with its colours. */
  styled(): string {
    return this.#tmux('capture-pane', '-p', '-e');
  }

  /** Press keys, by tmux's names: "Enter", "Up", "C-z". */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  type(text: string): void {
    this.#tmux('send-keys', '-l', '--', text);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** A variable of tmux, such as `cursor_flag` or `alternate_on`. */
  state(name: string): string {
    return this.#tmux('display-message', '-p', `#{${name}}`).trim();
  }

  async until(pattern: RegExp, deadlineMs = 10_000): Promise<string> {
    let screen = '';
    await eventually(
      `${pattern} did not appear`,
      () => {
        screen = this.screen();
        return pattern.test(screen) || screen;
      },
      deadlineMs,
    );
    return screen;
  }

  #close(): void {
    try {
      this.#tmux('kill-server');
    } finally {
      // tmux leaves its socket behind
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', join(this.#directory, 'socket'), ...args], { encoding: 'utf8' });
  }
}
