import { escapeText } from '../view/escape.js';
import type { Context } from './context.js';

const clearLine = '\r\u001b[K';

/** One line on stderr that tells how far a long command is, where somebody watches: nothing of it stays. */
export class Progress {
  readonly #stderr: Context['stderr'];
  readonly #watched: boolean;
  #shown = false;

  constructor({ stderr, environment }: Context) {
    this.#stderr = stderr;
    this.#watched = stderr.isTTY === true && environment.TERM !== 'dumb';
  }

  show(text: string): void {
    if (!this.#watched) return;
    this.#shown = true;
    const columns = this.#stderr.columns ?? 80;
    this.#stderr.write(`${clearLine}${escapeText(text).slice(0, columns - 1)}`);
  }

  /** Take the line away: before anything else is written, and at the end. */
  clear(): void {
    if (this.#shown) this.#stderr.write(clearLine);
    this.#shown = false;
  }
}
