import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';

/** Where iproute2 looks for files that replace those of /etc while it works inside a named namespace. */
const perNamespace = '/etc/netns';

/** The first line of every file that we put there: we remove no other. */
const mark = '# made by "arpwhy lab up", removed by "arpwhy lab down"';

const stockTables: Record<number, string> = { 255: 'local', 254: 'main', 253: 'default', 0: 'unspec' };

/** Name routing tables for one namespace only: `ip -n NAME route show table public_90` then works. */
export function nameTables(netns: string, names: Readonly<Record<number, string>>): void {
  const lines = Object.entries({ ...stockTables, ...names }).map(([id, name]) => `${id}\t${name}`);
  const content = `${[mark, ...lines].join('\n')}\n`;
  const { directory, file } = places(netns);
  if (isOurs(file)) rmSync(file);
  for (let attempt = 1; ; attempt++) {
    try {
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, content, { flag: 'wx' });
      return;
    } catch (error) {
      // Another lab that goes down may take the empty directories away between the two calls.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error;
    }
  }
}

/** Take the names away again, and the directories that this leaves empty. What others put there stays. */
export function forgetTables(netns: string): void {
  const { home, directory, file } = places(netns);
  if (isOurs(file)) rmSync(file, { force: true });
  removeEmpty(directory);
  if (removeEmpty(home)) removeEmpty(perNamespace);
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

function places(netns: string): { home: string; directory: string; file: string } {
  const home = `${perNamespace}/${netns}`;
  return { home, directory: `${home}/iproute2`, file: `${home}/iproute2/rt_tables` };
}

function isOurs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').startsWith(mark);
  } catch {
    return false;
  }
}
