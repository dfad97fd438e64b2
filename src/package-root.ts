import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of this package: the nearest one above this file with a package.json, whatever the code is built into. */
const root = above(dirname(fileURLToPath(import.meta.url)));

/** The absolute path of a file that comes with the package. */
export function ofPackage(path: string): string {
  return join(root, path);
}

/** Of the package, from its package.json. */
export const version: string = JSON.parse(readFileSync(ofPackage('package.json'), 'utf8')).version;

/** @throws {Error} at the root of the file system: the code was taken out of its package */
function above(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
  return above(parent);
}
