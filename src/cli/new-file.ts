import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { errnoWords } from '../errno-words.js';
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
    } catch (error) {
      // a part of it is of no use, and would be in the way of the next try
      await unlink(path).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new ArpwhyError(
      'output',
      code === 'EEXIST'
        ? `${path} exists already: remove it, or name another`
        : `cannot write ${path}: ${errnoWords[code] ?? message}`,
      { cause: error },
    );
  }
}
