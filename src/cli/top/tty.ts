import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** So long a last word may take to get out to a terminal that is slow. */
const lastWordMs = 500;
const idle = new Int32Array(new SharedArrayBuffer(4));

/**
 * A terminal to write to that never holds us up: Node's own stream blocks when the far end of an ssh does not read,
 * and who traces must not. The descriptor is our own, so that what others do with theirs stays as it is.
 */
export class Tty {
  readonly #fd: number;
  #left: Buffer = Buffer.alloc(0);
  #retry: NodeJS.Timeout | null = null;

  /** @param fd a descriptor of the terminal */
  constructor(fd: number) {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    this.#fd = openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  }

  /** Not all of what was written is out yet. */
  get busy(): boolean {
    return this.#left.length > 0;
  }

  write(text: string): void {
    this.#left = Buffer.concat([this.#left, Buffer.from(text)]);
    this.#flush();
  }

  /** Write and wait, though not for ever: for the last word before the process stops or ends. */
  writeNow(text: string): void {
    this.#left = Buffer.concat([this.#left, Buffer.from(text)]);
    const deadline = performance.now() + lastWordMs;
    while (!this.#push() && performance.now() < deadline) Atomics.wait(idle, 0, 0, 5);
    this.#left = Buffer.alloc(0);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = this.#push() ? null : setTimeout(() => this.#flush(), 20);
  }

  /** @returns true when all is out, or never will be */
  #push(): boolean {
    try {
      while (this.#left.length > 0) this.#left = this.#left.subarray(writeSync(this.#fd, this.#left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.#left = Buffer.alloc(0); // the terminal is gone
    }
    return true;
  }
}
