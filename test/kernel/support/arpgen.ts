import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toolPath } from '../../../src/host/run.js';

const generator = fileURLToPath(new URL('../../../bench/arpgen', import.meta.url));

/**
 * Send frames from `eth0` of a namespace with our own generator, and wait until they are sent.
 * @param args as bench/arpgen takes them, without --dev
 * @throws {Error} when not all were sent
 */
export async function arpgen(netns: string, args: readonly string[], device = 'eth0'): Promise<void> {
  const child = spawn(
    toolPath('nsenter'),
    [`--net=/run/netns/${netns}`, generator, '--dev', device, ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`arpgen in ${netns} ended with ${status}: ${stderr}`);
}

/** Send one whole Ethernet frame, given in hexadecimal. */
export async function rawFrame(netns: string, hex: string, device = 'eth0'): Promise<void> {
  await arpgen(netns, ['--raw', hex, '--count', '1'], device);
}
