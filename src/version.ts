import { readFileSync } from 'node:fs';

/** Of the package, from package.json beside it. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
