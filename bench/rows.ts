import { execFileSync } from 'node:child_process';
import { closeSync, constants, createReadStream, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { toolPath } from '../dist/host/run.js';
import { hooksOf } from '../dist/kernel/hooks.js';
import { inside } from '../dist/lab/namespace.js';
import { countSamples } from './perf-data.js';
import type { Tool, ToolCommand } from './tool.js';
import type { World } from './world.js';

/** Our command. */
export const arpwhy = fileURLToPath(new URL('../bin/arpwhy', import.meta.url));
const nothing = fileURLToPath(new URL('../bench/nothing', import.meta.url));
const script = fileURLToPath(new URL('../bench/peers/lookups.bt', import.meta.url));

/** What a tool made of the requests. */
export interface Account {
  /** Requests that it told of whole. */
  delivered: number;
  lost: number;
  /** What it wrote. */
  bytes: number;
  /** The part of them in which nothing is named as unknown; null where there are no reasons to prove. */
  proven: number | null;
}

/** A tool that runs while the load does: one line of the tables. */
export interface Row {
  name: string;
  /** The command, for the reader. */
  what: string;
  /** A peer has a reason not to run here, a missing package to begin with; for one of ours that is an error. */
  peer: boolean;
  /** @throws {ArpwhyError} when it is not installed */
  command: (world: World, directory: string) => ToolCommand;
  /** After its end. @param requests those that came while it was attached */
  account: (tool: Tool, requests: number) => Promise<Account>;
}

export const rows: readonly Row[] = [
  {
    name: 'tcpdump',
    what: 'tcpdump -i any -w FILE arp, in the router: no reasons',
    peer: true,
    command: (world, directory) => ({
      command: inside(world.arp.router, [
        ...[toolPath('tcpdump'), '-i', 'any', '-Z', 'root', '-w', join(directory, 'out'), 'arp'],
      ]),
      attached: (tool) => tool.stderr().includes('listening on'),
      // the kernel hands it what there is once a second
      lingerMs: 1100,
    }),
    account: async (tool) => {
      const packets = (what: string) =>
        Number(new RegExp(`(\\d+) packets? ${what}`).exec(tool.stderr())?.[1]);
      // each request comes with its reply
      const delivered = Math.round(packets('captured') / 2);
      return {
        delivered,
        lost: Math.round(packets('dropped by kernel') / 2),
        bytes: size(tool, 'out'),
        proven: null,
      };
    },
  },
  {
    name: 'perf',
    what: 'perf record -a, fib_table_lookup of the devices that ARP takes here and net_dev_queue of the asking one',
    peer: true,
    command: perf,
    account: async (tool, requests) => {
      const { samples, lost } = await countSamples(join(tool.directory, 'out'));
      const part = lost / (samples + lost || 1);
      return {
        delivered: requests * (1 - part),
        lost: requests * part,
        bytes: size(tool, 'out'),
        proven: null,
      };
    },
  },
  {
    name: 'bpftrace',
    what: 'bpftrace bench/peers/lookups.bt > FILE, which prints the same',
    peer: true,
    command: (world) => {
      const { inIndex, outIndex, in: name } = world.arp;
      return {
        command: [toolPath('bpftrace'), script, String(inIndex), String(outIndex), name],
        // it reads its first line back only when all is attached
        attached: (tool) => tool.stdout().includes('attached'),
      };
    },
    account: async (tool, requests) => {
      let delivered = 0;
      for await (const line of createInterface(createReadStream(tool.stdoutPath))) {
        if (line.startsWith('reply')) delivered++;
      }
      return {
        delivered,
        lost: Math.max(0, requests - delivered),
        bytes: size(tool, 'stdout'),
        proven: null,
      };
    },
  },
  {
    name: 'nothing',
    what: 'programs that do nothing at all, on the tracepoints that trace looks at',
    peer: false,
    command: () => ({
      command: [nothing, ...tracepoints()],
      attached: (tool) => tool.stdout().includes('attached'),
    }),
    account: async () => ({ delivered: 0, lost: 0, bytes: 0, proven: null }),
  },
  trace('trace-json', 'arpwhy trace --json > FILE', ['--json']),
  trace('trace-device', 'arpwhy trace --dev lo > FILE: a device that no request comes to', ['--dev', 'lo']),
  trace('trace-target', 'arpwhy trace --target 203.0.113.1 > FILE: an address that nobody asks for', [
    '--target',
    '203.0.113.1',
  ]),
  trace('trace-action', 'arpwhy trace --action dropped > FILE: what no decision says', [
    '--action',
    'dropped',
  ]),
];

/** What a sustained load is read with. */
export const piped: Row = {
  ...trace('trace-pipe', 'arpwhy trace --json | cat > /dev/null', ['--json']),
  command: (_, directory) => ({
    ...arpwhyCommand(['trace', '--json'], directory),
    reader: [toolPath('cat')],
  }),
};

/** What records a sustained load. */
export function recordInto(file: string): Row {
  return {
    ...trace('record', 'arpwhy record -o FILE', []),
    command: (_, directory) => arpwhyCommand(['record', '-o', file], directory),
  };
}

function tracepoints(): string[] {
  return hooksOf('tracepoint').flatMap(({ of, onDemand }) =>
    'tracepoint' in of && !onDemand ? [of.tracepoint] : [],
  );
}

function trace(name: string, what: string, args: readonly string[]): Row {
  return {
    name,
    what,
    peer: false,
    command: (_, directory) => arpwhyCommand(['trace', ...args], directory),
    account: async (tool) => {
      const said = tool.stderr();
      const told = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(said)?.[1] ?? 0);
      if (!/ delivered/.test(said)) throw new Error(`arpwhy did not tell its accounts: ${said.trim()}`);
      const bytes = tool.has('stdout') ? size(tool, 'stdout') : 0;
      const delivered = told('delivered') + told('folded') + told('filtered out');
      const proven =
        args.includes('--json') && bytes > 0 ? (await countProven(tool.stdoutPath)) / delivered : null;
      return { delivered, lost: told('lost'), bytes, proven };
    },
  };
}

function arpwhyCommand(args: readonly string[], directory: string): ToolCommand {
  return {
    command: [arpwhy, ...args, '--ready-file', join(directory, 'ready')],
    attached: (tool) => tool.has('ready'),
  };
}

/** It answers a ping once its events run. */
function perf(world: World, directory: string): ToolCommand {
  const { inIndex, outIndex, in: name } = world.arp;
  const [control, answer] = [join(directory, 'control'), join(directory, 'answer')];
  execFileSync(toolPath('mkfifo'), [control, answer]);
  const asked = openSync(control, 'r+');
  const answered = openSync(answer, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(asked, 'ping\n');
  return {
    command: [
      ...[toolPath('perf'), 'record', '-a', '-B', '-N', '-o', join(directory, 'out')],
      ...['-e', 'fib:fib_table_lookup', '--filter', `iif == ${inIndex} || iif == ${outIndex}`],
      ...['-e', 'net:net_dev_queue', '--filter', `name == "${name}"`],
      ...['--control', `fifo:${control},${answer}`],
    ],
    attached: () => hasData(answered),
    release: () => {
      closeSync(asked);
      closeSync(answered);
    },
  };
}

function hasData(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(16)) > 0;
  } catch {
    return false; // EAGAIN
  }
}

function size(tool: Tool, file: string): number {
  return statSync(join(tool.directory, file)).size;
}

/** Decisions in which nothing is named as unknown. */
async function countProven(path: string): Promise<number> {
  const whole = '"unknown":[]';
  let [count, tail] = [0, ''];
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
    const text: string = tail + chunk;
    for (let at = text.indexOf(whole); at >= 0; at = text.indexOf(whole, at + whole.length)) count++;
    tail = text.slice(1 - whole.length);
  }
  return count;
}
