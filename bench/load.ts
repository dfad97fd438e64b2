import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run, toolPath } from '../dist/host/run.js';
import { inside } from '../dist/lab/namespace.js';
import { start } from './children.js';
import type { Path, World } from './world.js';

const generator = fileURLToPath(new URL('../bench/arpgen', import.meta.url));

/** Never more than this in one go, whatever the time given. */
const mostFrames = 20_000_000;
/** The generator, and with it all that the kernel does for a frame, is on this CPU; the tools run where they like. */
export const generatorCpu = 0;

/** A storm asks for few addresses again and again; a scan for each once, and there are more than anybody remembers. */
export const stormTargets = 256;
export const scanTargets = 65_536;

export interface Load {
  kind: 'arp' | 'udp';
  path: Path;
  /** How long, or how many. */
  ms?: number;
  count?: number;
  /** Frames a second; as fast as it goes where none is given. */
  rate?: number;
  /** As many addresses are asked for, in turn. */
  targets?: number;
}

export interface Sent {
  sent: number;
  /** Replies that left by the asking device, or packets that left by the other one. */
  answered: number;
  seconds: number;
  /** Seconds of these in which something else ran on the generator's CPU. */
  waited: number;
  /** Answered a second. */
  rate: number;
}

/**
 * Send frames, wait until the router is done with them, and count what it answered.
 * @throws {Error} when the generator failed
 */
export async function send(world: World, load: Load): Promise<Sent> {
  const { path, kind } = load;
  const counted = kind === 'arp' ? path.in : path.out;
  const before = await transmitted(path.router, counted);
  const generated = await generate(world, load);
  const answered = (await settled(path.router, counted)) - before;
  return { ...generated, answered, rate: answered / generated.seconds };
}

async function generate(world: World, load: Load): Promise<Pick<Sent, 'sent' | 'seconds' | 'waited'>> {
  const { path } = load;
  const [tool = '', ...args] = inside(world.asker, [
    generator,
    ...['--dev', path.from, '--sender', path.sender, '--target', path.target, '--to', path.mac],
    ...['--targets', String(load.targets ?? stormTargets), '--cpu', String(generatorCpu)],
    ...['--count', String(load.count ?? mostFrames)],
    ...(load.ms === undefined ? [] : ['--for-ms', String(load.ms)]),
    ...(load.rate === undefined ? [] : ['--rate', String(load.rate)]),
    ...(load.kind === 'udp' ? ['--udp'] : []),
  ]);
  const child = start(toolPath(tool), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`arpgen ended with ${status}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

/** Frames that a device has sent. */
async function transmitted(netns: string, device: string): Promise<number> {
  const { stdout } = await run(['ip', '-n', netns, '-s', '-j', 'link', 'show', 'dev', device]);
  const [link] = JSON.parse(stdout) as { stats64: { tx: { packets: number } } }[];
  return link?.stats64.tx.packets ?? 0;
}

/** The same, once it stands still. */
async function settled(netns: string, device: string): Promise<number> {
  for (let before = -1; ; await sleep(10)) {
    const now = await transmitted(netns, device);
    if (now === before) return now;
    before = now;
  }
}
