import { readFileSync, writeFileSync } from 'node:fs';

const file = '/proc/sys/kernel/bpf_stats_enabled';

/**
 * Whether the kernel measures BPF programs, which costs each run two reads of the clock: it must not while anything
 * else is measured.
 * @returns what it was before
 */
export function setRunStats(value: string): string {
  const before = readFileSync(file, 'latin1').trim();
  if (before !== value) writeFileSync(file, value);
  return before;
}
