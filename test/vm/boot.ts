import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Image } from './fetch.js';
import { makeRoot, pack } from './root.js';

/**
 * Emulation is slow enough without what a kernel does against attacks by speculation, and without features of a
 * processor that make each change between kernel and user a longer one. Its clock is the host's, which holds still.
 */
const processor = 'max,-la57,-smap,-smep,-pku,-umip';
const kernelWords =
  'console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0 apparmor=0 audit=0 tsc=reliable clocksource=tsc';

/** Code that is made while it runs has to be translated anew each time: there, interpreted code is the faster. */
export const nodeWords = '--no-opt --no-sparkplug --max-lazy';

export interface Boot {
  /** The project's tree. */
  tree: string;
  /** A shell command, run in the tree as root of the machine: it finds what root.ts puts there, and no more. */
  command: string;
  /** Each line that it writes to its standard output. */
  onLine(line: string): void;
  timeoutMs: number;
}

export interface Booted {
  /** What it showed. */
  console: string;
  /** The machine came to its end by itself, and its command succeeded. */
  ended: boolean;
  /** A signal ended it, and us with it. */
  stopped: boolean;
}

/** What machines take and this host lacks; null when all is there. */
export function lacking(): string | null {
  const programs = ['qemu-system-x86_64', 'busybox', 'cpio', 'modprobe', 'depmod'];
  const where = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];
  const missing = programs.filter((name) => !where.some((directory) => existsSync(join(directory, name))));
  return missing.length > 0 ? `${missing.join(', ')}: not installed` : null;
}

/**
 * Boot a kernel under QEMU's software emulation, run one command and power it off.
 */
export async function boot(image: Image, options: Boot): Promise<Booted> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-vm-'));
  try {
    const root = join(directory, 'root');
    mkdirSync(root);
    makeRoot(root, options.tree, image);
    writeFileSync(join(root, 'command'), options.command);
    const initramfs = join(directory, 'root.cpio');
    pack(root, initramfs);
    rmSync(root, { recursive: true });
    return await runMachine(image, initramfs, directory, options);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function runMachine(
  image: Image,
  initramfs: string,
  directory: string,
  options: Boot,
): Promise<Booted> {
  const socket = join(directory, 'line');
  const server = createServer((line) => {
    createInterface(line).on('line', options.onLine);
    line.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-cpu', processor, '-smp', '2', '-m', '2048'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ...['-kernel', image.vmlinuz, '-initrd', initramfs],
      ...['-append', kernelWords],
      ...['-serial', 'stdio', '-serial', `unix:${socket}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [machine.stdout, machine.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const timer = setTimeout(() => machine.kill('SIGKILL'), options.timeoutMs);
  let stopped = false;
  const stop = () => {
    stopped = true;
    machine.kill('SIGKILL');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  const status = await new Promise<number | null>((resolve, reject) => {
    machine.on('error', reject);
    machine.on('close', resolve);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  clearTimeout(timer);
  // once all that came by it has been read
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return { console: said, ended: status === 0 && said.includes('guest: exit 0'), stopped };
}
