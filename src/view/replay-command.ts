import type { Group } from '../recording/story.js';

/** Host routes are told one by one up to here. */
const mostTargets = 20;

/** The command line that lists the decisions of a group, and no others that were justified otherwise. */
export function replayCommand(group: Group, files: readonly string[], utc: boolean): string {
  const { justification: one, targets, firstNs, lastNs } = group;
  const words = ['arpwhy', 'replay', ...files];
  const add = (name: string, value: string | number | null) => {
    if (value !== null) words.push(name, String(value));
  };
  add('--netns', one.netns.name ?? one.netns.inode);
  add('--dev', one.device.name);
  add('--action', one.action);
  add('--reason', one.reason);
  add('--rule', one.rule?.priority ?? null);
  add('--table', one.table?.id ?? null);
  if (one.hostRoute) {
    if (targets.size <= mostTargets) for (const target of targets) add('--target', target);
  } else add('--route', one.prefix);
  add('--from', moment(firstNs));
  add('--to', moment(lastNs + 1n));
  if (utc) words.push('--utc');
  return words.map(quote).join(' ');
}

/** "2026-11-22T03:33:01.123456789Z" */
function moment(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** For a shell, as it is pasted. */
function quote(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
