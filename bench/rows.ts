import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolPath } from '../dist/host/run.js';
import { inside } from '../dist/lab/namespace.js';
import type { Tool, ToolCommand } from './tool.js';
import type { World } from './world.js';

const arpwhy = fileURLToPath(new URL('../bin/arpwhy', import.meta.url));

/** What a tool says that it made of the requests; null where it cannot know. */
export interface Account {
  delivered: number | null;
  lost: number | null;
  bytes: number;
}

/** One line of the tables: a tool that runs while the load does. */
export interface Row {
  name: string;
  what: string;
  /** The Debian package that has it; null for our own. */
  package: string | null;
  command: (world: World, directory: string) => ToolCommand;
  /** After its end. @param answered requests that were sent and answered while it was attached */
  account: (tool: Tool, answered: number) => Promise<Account>;
}

/** Without any tool. */
export const untraced = 'untraced';

export const rows: readonly Row[] = [
  {
    name: 'tcpdump',
    what: 'tcpdump -i any -w FILE arp, in the router: no reasons',
    package: 'tcpdump',
    command: (world, directory) => ({
      command: inside(world.arp.router, [
        ...[toolPath('tcpdump'), '-i', 'any', '-Z', 'root', '-w', join(directory, 'out'), 'arp'],
      ]),
      attached: (tool) => tool.stderr().includes('listening on'),
    }),
    account: async (tool) => {
      // it has each request and its reply
      const packets = (what: string) =>
        Number(new RegExp(`(\\d+) packets? ${what}`).exec(tool.stderr())?.[1]);
      return {
        delivered: Math.round(packets('captured') / 2),
        lost: Math.round(packets('dropped by kernel') / 2),
        bytes: size(tool, 'out'),
      };
    },
  },
  trace('trace-json', 'arpwhy trace --json > FILE', ['--json']),
];

function trace(name: string, what: string, args: readonly string[]): Row {
  return {
    name,
    what,
    package: null,
    command: (_, directory) => ({
      command: [process.execPath, arpwhy, 'trace', ...args, '--ready-file', join(directory, 'ready')],
      attached: (tool) => tool.has('ready'),
    }),
    account: async (tool) => {
      const { delivered, lost } = (await lastLine(tool.stdoutPath)).accounts;
      return { delivered, lost, bytes: size(tool, 'stdout') };
    },
  };
}

function size(tool: Tool, file: string): number {
  return statSync(join(tool.directory, file)).size;
}

/** The last line of a large file, which is `arpwhy.end/1`. */
async function lastLine(path: string): Promise<{ accounts: { delivered: number; lost: number } }> {
  const file = await open(path);
  try {
    const tail = Buffer.alloc(16384);
    const { size: bytes } = await file.stat();
    const { bytesRead } = await file.read(tail, 0, tail.length, Math.max(0, bytes - tail.length));
    const lines = tail.subarray(0, bytesRead).toString().trimEnd().split('\n');
    return JSON.parse(lines.at(-1) ?? '');
  } finally {
    await file.close();
  }
}
