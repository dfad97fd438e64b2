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

/** Every namespace that can be reached: those with a name, our own, and those that a process lives in. */
export function reachableNamespaces(): NetnsPlace[] {
  const places = namedNamespaces();
  const known = new Set(places.map(({ inode }) => inode));
  for (const inhabitant of inhabitants()) {
    if (known.has(inhabitant.inode)) continue;
    known.add(inhabitant.inode);
    places.push(placeOf(inhabitant));
  }
  return places;
}

/** A namespace by its inode: a named one, or one that a process lives in. Null when there is none any more. */
export function findNamespace(inode: number): NetnsPlace | null {
  const named = namedNamespaces().find((place) => place.inode === inode);
  if (named) return named;
  for (const inhabitant of inhabitants()) if (inhabitant.inode === inode) return placeOf(inhabitant);
  return null;
}

interface Inhabitant {
  inode: number;
  pid: string;
  path: string;
}

/** Every process with the namespace that it lives in. */
function* inhabitants(): Generator<Inhabitant> {
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const path = `/proc/${pid}/ns/net`;
    const inode = inodeOf(path);
    if (inode !== null) yield { inode, pid, path };
  }
}

function placeOf({ inode, pid, path }: Inhabitant): NetnsPlace {
  return { inode, name: nameOfInhabitant(inode, pid), path };
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
