import { closeSync } from 'node:fs';
import { type NetnsPlace, openNamespace } from './netns.js';
import { toolPath } from './run.js';
import { startTool, type Tool } from './tool.js';

/** What a batch of `ip` commands printed, one JSON array a command; null in place of one that was cut off. */
export interface BatchAnswer {
  answers: unknown[];
  /** False when the output was longer than the caller wanted: the answers end before that command. */
  whole: boolean;
}

/**
 * Run a batch of `ip` commands in a namespace and parse what they print. The child enters the namespace through a
 * descriptor that is open only meanwhile: we keep no namespace alive.
 * @param most bytes of output to read; the child is ended at the first command that passes it
 * @returns null when the namespace is gone or `ip` failed
 */
export async function ipBatch(
  place: NetnsPlace,
  commands: readonly string[],
  most: number,
): Promise<BatchAnswer | null> {
  const child = spawnIp(place, ['-4', '-N', '-j', '-batch', '-']);
  if (!child) return null;
  const { stdin, stdout } = child;
  stdin.end(`${commands.join('\n')}\n`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let whole = true;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) {
      whole = false;
      child.kill();
      break;
    }
    chunks.push(chunk);
  }
  const status = await child.ended;
  if (whole && status !== 0) return null;
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  if (!whole) lines.pop();
  const answers: unknown[] = [];
  for (const line of lines) {
    if (line === '') continue;
    try {
      answers.push(parseIpJson(line));
    } catch {
      return null;
    }
  }
  return { answers, whole };
}

/** Start `ip` in a namespace; null when it is gone, or `ip` cannot be started. */
export function spawnIp(place: NetnsPlace, args: readonly string[]): Tool | null {
  return inNamespace(place, [toolPath('nsenter'), ...enter, toolPath('ip'), ...args]);
}

/** The namespace that a tool is given as its descriptor 3. */
export const enter = ['--net=/proc/self/fd/3'];

/** Start a tool with a namespace as its descriptor 3; null when it is gone, or the tool cannot be started. */
export function inNamespace(place: NetnsPlace, command: readonly string[]): Tool | null {
  const fd = openNamespace(place);
  if (fd === null) return null;
  try {
    const tool = startTool(command, fd);
    tool.stderr.on('data', () => {});
    tool.stdin.on('error', () => {});
    return tool;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/**
 * Parse a line that `ip -j` printed. It writes control characters of names as they are, which JSON forbids; a
 * device may bear them, and one such name would hide all the others.
 */
export function parseIpJson(line: string): unknown {
  const legal = line.replace(
    /[\u0000-\u001f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return JSON.parse(legal);
}
