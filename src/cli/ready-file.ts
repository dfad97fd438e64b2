import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { ArpwhyError } from '../errors.js';

/** A file that tells, by being there, that a trace is attached. It holds the process id. */
export class ReadyFile {
  readonly #path: string;
  /** Open as long as the trace runs, so that no other file can get its inode number. */
  readonly #fd: number;

  /**
   * Make it. A file of that name from before would announce a trace that is not attached.
   * @throws {ArpwhyError} `output` when there is one already, or none can be made; nothing is removed then
   */
  static make(path: string): ReadyFile {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    try {
      const file = new ReadyFile(path, openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
      writeSync(file.#fd, `${process.pid}\n`);
      return file;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ArpwhyError(
        'output',
        code === 'EEXIST'
          ? `the ready file ${path} exists already: remove it, or name another`
          : `cannot make the ready file ${path} (${message}): name one in a directory that can be written`,
        { cause: error },
      );
    }
  }

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Remove what this run made, and nothing else that may lie at the path by then. */
  remove(): void {
    try {
      const [there, ours] = [lstatSync(this.#path), fstatSync(this.#fd)];
      if (there.dev === ours.dev && there.ino === ours.ino) unlinkSync(this.#path);
    } catch {}
    closeSync(this.#fd);
  }
}
