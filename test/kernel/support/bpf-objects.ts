import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { run } from '../../../src/host/run.js';
import { eventually } from './eventually.js';

const kinds = ['prog', 'map', 'link'] as const;

/** The ids of BPF objects, by kind. The kernel gives each id once. */
export type BpfIds = Record<(typeof kinds)[number], number[]>;

/** Why nothing can be said about BPF objects here; null when bpftool is installed. */
export function missingBpftool(): string | null {
  const found = ['/usr/sbin/bpftool', '/usr/bin/bpftool', '/sbin/bpftool'].some(existsSync);
  return found ? null : 'SKIPPED: what a trace leaves in the kernel needs bpftool: apt-get install bpftool';
}

/** The BPF objects that a process holds open. Other traces may run beside it: their objects are theirs. */
export function heldBy(pid: number): BpfIds {
  const ids: BpfIds = { prog: [], map: [], link: [] };
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const text = readOrEmpty(`/proc/${pid}/fdinfo/${fd}`);
    for (const kind of kinds) {
      const id = Number(new RegExp(`^${kind}_id:\\s*(\\d+)$`, 'm').exec(text)?.[1] ?? 0);
      if (id > 0 && !ids[kind].includes(id)) ids[kind].push(id);
    }
  }
  return ids;
}

/** A descriptor may be closed while we look. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Those of the ids that the kernel still has. */
async function left(ids: BpfIds): Promise<BpfIds> {
  const still: BpfIds = { prog: [], map: [], link: [] };
  for (const kind of kinds) {
    const { stdout } = await run(['bpftool', '-j', kind, 'show']);
    const all = new Set((JSON.parse(stdout || '[]') as { id: number }[]).map(({ id }) => id));
    still[kind] = ids[kind].filter((id) => all.has(id));
  }
  return still;
}

/** The kernel frees them some time after their last descriptor went. @throws {Error} naming those that stay */
export async function gone(ids: BpfIds): Promise<void> {
  await eventually('the BPF objects did not go', async () => {
    const still = await left(ids);
    return kinds.every((kind) => still[kind].length === 0) || JSON.stringify(still);
  });
}
