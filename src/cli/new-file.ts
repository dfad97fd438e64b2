import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ArpwhyError } from '../errors.js';

/**
 * Write a file that is not there yet, for its owner alone.
 * @throws {ArpwhyError} `output` when there is one of that name, or it cannot be written
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ArpwhyError(
      'output',
      code === 'EEXIST'
        ? `${path} exists already: remove it, or name another`
        : `cannot write ${path}: ${message}`,
      { cause: error },
    );
  }
}
