import { emitKeypressEvents, type Interface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { widthOfText } from '../../view/spans.js';
import { Guard } from './guard.js';
import { Tty } from './tty.js';

/** Alternate screen, no cursor, nothing wraps; and back. */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';
/** A lone Esc is one when nothing follows for so long. */
const escapeMs = 50;
const unstoppableMs = 100;
/** SIGINT and SIGTERM are the command's. */
const goneSignals = ['SIGHUP', 'SIGQUIT'] as const;

export type TerminalOutput = WriteStream & { fd: number };

export interface TerminalEvents {
  /** A key by its name: "up", "enter", "escape", "ctrl-c", or the character itself. */
  onKey(key: string): void;
  onResize(): void;
  /** The terminal is back after a stop: all has to be drawn anew. */
  onResume(): void;
  /** The terminal is gone. */
  onGone(): void;
}

/**
 * The terminal as long as the screen is ours. It is a guest there: whatever way it ends, also by a signal, an
 * exception or kill -9, screen, cursor and modes are as they were before.
 */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: TerminalOutput;
  readonly #tty: Tty;
  readonly #events: TerminalEvents;
  #guard: Guard | null = null;
  #shown: string[] = [];
  #entered = false;
  #closed = false;
  readonly #onExit = () => this.#restore();
  readonly #onStop = () => this.#stop(process.pid);
  readonly #onContinue = () => this.#resume();
  readonly #onResize = () => {
    this.#shown = [];
    this.#events.onResize();
  };
  readonly #onKey = (text: string | undefined, key: Key) => this.#events.onKey(nameOf(text, key));
  readonly #onGone = () => this.#events.onGone();

  constructor(input: ReadStream, output: TerminalOutput, events: TerminalEvents) {
    this.#input = input;
    this.#output = output;
    this.#events = events;
    this.#tty = new Tty(output.fd);
    emitKeypressEvents(input, { escapeCodeTimeout: escapeMs } as unknown as Interface);
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Take the screen. */
  open(): void {
    process.on('exit', this.#onExit);
    for (const signal of goneSignals) process.on(signal, this.#onGone);
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#onContinue);
    this.#output.on('resize', this.#onResize);
    this.#input.on('keypress', this.#onKey);
    this.#input.on('end', this.#onGone);
    this.#input.on('error', this.#onGone);
    this.#guard = new Guard(this.#output.fd, leave);
    this.#take();
    this.#input.resume();
  }

  /** Give it back, for good. */
  close(): void {
    this.#closed = true;
    process.off('exit', this.#onExit);
    for (const signal of goneSignals) process.off(signal, this.#onGone);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    this.#output.off('resize', this.#onResize);
    this.#input.off('keypress', this.#onKey);
    this.#input.pause();
    this.#restore();
    this.#guard?.dismiss();
    this.#tty.close();
  }

  /** Stop as ^Z does: the whole job, for the shell looks at whom it started. */
  suspend(): void {
    this.#stop(0);
  }

  /** The next frame is drawn from nothing. */
  forget(): void {
    this.#shown = [];
  }

  /**
   * Show a frame: what differs from the one before, in one write. Left out while an earlier one is still on its way.
   * @param lines as many as there are rows, none wider than the screen
   */
  draw(lines: readonly string[]): void {
    if (!this.#entered || this.#tty.busy) return;
    const { columns } = this;
    let frame = '';
    for (const [i, line] of lines.entries()) {
      if (this.#shown[i] === line) continue;
      // to erase behind a line that fills the screen would take its last character
      const rest = widthOfText(line.replace(styling, '')) < columns ? '\u001b[K' : '';
      frame += `\u001b[${i + 1};1H${line}\u001b[0m${rest}`;
    }
    this.#shown = [...lines];
    if (frame !== '') this.#tty.write(frame);
  }

  #take(): void {
    this.#guard?.tell('in');
    this.#input.setRawMode(true);
    this.#tty.writeNow(`${enter}\u001b[2J`);
    this.#shown = [];
    this.#entered = true;
  }

  #restore(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#tty.writeNow(leave);
    try {
      this.#input.setRawMode(false);
    } catch {
      // the terminal is gone: nobody is left to see it
    }
    this.#guard?.tell('out');
  }

  /** @param whom a process, or 0 for all of our process group */
  #stop(whom: number): void {
    this.#restore();
    process.off('SIGTSTP', this.#onStop);
    process.kill(whom, 'SIGTSTP');
    // where no shell would bring us back, the kernel does not stop us
    setTimeout(this.#onContinue, unstoppableMs);
  }

  #resume(): void {
    if (this.#closed) return;
    process.off('SIGTSTP', this.#onStop);
    process.on('SIGTSTP', this.#onStop);
    if (this.#entered) return;
    this.#take();
    this.#events.onResume();
  }
}

const styling = /\u001b\[[0-9;]*m/g;

interface Key {
  name?: string;
  ctrl?: boolean;
  meta?: boolean;
  sequence?: string;
}

function nameOf(text: string | undefined, { name, ctrl, meta, sequence }: Key): string {
  if (ctrl && name) return `ctrl-${name}`;
  if (name === 'return') return 'enter';
  if (meta && name !== 'escape') return '';
  if (text !== undefined && [...text].length === 1 && text >= ' ' && text !== '\u007f') return text;
  return name ?? sequence ?? '';
}
