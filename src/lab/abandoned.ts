import { existsSync, readdirSync } from 'node:fs';
import { Lab } from './lab.js';
import { namespaceDirectory } from './namespace.js';
import { topologies } from './topologies.js';

/** Labs that a command builds for itself carry its process id, so that one whose process was killed can be told. */
const own = /^((?:demo|run)(\d+)-)/;

/** The prefix of a lab that belongs to this process alone. */
export function ownPrefix(command: 'demo' | 'run'): string {
  return `${command}${process.pid}-`;
}

/**
 * Remove the labs of commands that were killed.
 * @returns their prefixes
 */
export async function removeAbandoned(): Promise<string[]> {
  const prefixes = abandonedPrefixes(names());
  for (const prefix of prefixes) for (const topology of topologies) await Lab.down(topology, { prefix });
  return prefixes;
}

/** Prefixes among names of namespaces whose process is gone. */
export function abandonedPrefixes(
  all: readonly string[],
  alive: (pid: number) => boolean = (pid) => existsSync(`/proc/${pid}`),
): string[] {
  const found = all.flatMap((name) => {
    const [, prefix, pid] = own.exec(name) ?? [];
    return prefix && !alive(Number(pid)) ? [prefix] : [];
  });
  return [...new Set(found)];
}

function names(): string[] {
  try {
    return readdirSync(namespaceDirectory);
  } catch {
    return [];
  }
}
