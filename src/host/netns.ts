import { closeSync, constants, openSync, readdirSync, readFileSync, statSync } from 'node:fs';

const runDirectory = '/run/netns';

/** A network namespace of this host. */
export interface NetnsPlace {
  inode: number;
  /**
   * As `ip netns` names it; else by the first process that lives in it, "nginx[1234]"; null for the one that the
   * host began with, and for our own.
   */
  name: string | null;
  /** A file that stands for it, to be opened. */
  path: string;
}

/** The namespaces that have a name, and our own. */
export function namedNamespaces(): NetnsPlace[] {
  const places: NetnsPlace[] = [];
  for (const name of entries(runDirectory)) {
    const inode = inodeOf(`${runDirectory}/${name}`);
    if (inode !== null) places.push({ inode, name, path: `${runDirectory}/${name}` });
  }
  const own = ownNamespace();
  if (!places.some(({ inode }) => inode === own.inode)) places.push(own);
  return places;
}

export function ownNamespace(): NetnsPlace {
  const inode = inodeOf('/proc/self/ns/net') ?? 0;
  return { inode, name: null, path: '/proc/self/ns/net' };
}

/** A namespace by its inode: a named one, or one that a process lives in. Null when there is none any more. */
export function findNamespace(inode: number): NetnsPlace | null {
  const named = namedNamespaces().find((place) => place.inode === inode);
  if (named) return named;
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const path = `/proc/${pid}/ns/net`;
    if (inodeOf(path) === inode) return { inode, name: nameOfInhabitant(inode, pid), path };
  }
  return null;
}

/** init stands for the host itself, which needs no name. */
function nameOfInhabitant(inode: number, pid: string): string | null {
  if (inode === inodeOf('/proc/1/ns/net')) return null;
  try {
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}[${pid}]`;
  } catch {
    return null;
  }
}

/**
 * A descriptor of a namespace: it keeps the namespace alive and in reach when its name or process goes.
 * Null when it went between finding and opening.
 */
export function openNamespace(place: NetnsPlace): number | null {
  try {
    const fd = openSync(place.path, constants.O_RDONLY);
    if (inodeOf(`/proc/self/fd/${fd}`) === place.inode) return fd;
    closeSync(fd);
  } catch {}
  return null;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function inodeOf(path: string): number | null {
  try {
    return Number(statSync(path).ino);
  } catch {
    return null;
  }
}
