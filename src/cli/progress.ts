import { escapeText } from '../view/escape.js';
import type { Context } from './context.js';

const clearLine = '\r\u001b[K';
/** What is told again and again is shown no more often than this, and not at all when it is over before. */
const everyMs = 250;

/** One line on stderr that tells how far a long command is, where somebody watches: nothing of it stays. */
export class Progress {
  readonly #stderr: Context['stderr'];
  readonly #watched: boolean;
  #shown = false;
  #toldMs = performance.now();

  /**
   * Where standard output is the terminal too, what a command writes there tells enough.
   * @param beside the command writes as it goes
   */
  constructor({ stderr, stdout, environment }: Context, { beside = false } = {}) {
    this.#stderr = stderr;
    this.#watched =
      stderr.isTTY === true && environment.TERM !== 'dumb' && !(beside && stdout.isTTY === true);
  }

  show(text: string): void {
    if (!this.#watched) return;
    this.#shown = true;
    const columns = this.#stderr.columns ?? 80;
    this.#stderr.write(`${clearLine}${escapeText(`arpwhy: ${text}`).slice(0, columns - 1)}`);
  }

  /** For what comes often: the text is made only when it is shown. */
  tick(text: () => string): void {
    if (!this.#watched || performance.now() - this.#toldMs < everyMs) return;
    this.#toldMs = performance.now();
    this.show(text());
  }

  /** Take the line away: before anything else is written, and at the end. */
  clear(): void {
    if (this.#shown) this.#stderr.write(clearLine);
    this.#shown = false;
  }
}
