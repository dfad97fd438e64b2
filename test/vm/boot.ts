import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Image } from './fetch.js';

/** What the virtual machine needs before it has a root; the rest is loaded from there. */
const modules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

export interface Boot {
  /** The project's tree. */
  tree: string;
  /** A shell command, run in the tree as root of the machine. */
  command: string;
  /** Each line that it writes to its standard output. */
  onLine(line: string): void;
  timeoutMs: number;
}

/**
 * Boot a kernel under QEMU's software emulation, with this host's root shared read-only, run one command and power
 * it off.
 * @returns what the console showed, and whether the machine came to its end by itself
 */
export async function boot(image: Image, options: Boot): Promise<{ console: string; ended: boolean }> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-vm-'));
  try {
    const initramfs = makeInitramfs(image, directory, options.tree);
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
): Promise<{ console: string; ended: boolean }> {
  const socket = join(directory, 'line');
  const server = createServer((line) => {
    createInterface(line).on('line', options.onLine);
    line.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  const command = join(directory, 'command');
  writeFileSync(command, options.command);
  const words = { tree: options.tree, modules: image.root, command };
  const append = Object.entries(words).map(([name, value]) => `arpwhy.${name}=${value}`);
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '2048'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ...['-kernel', image.vmlinuz, '-initrd', initramfs],
      ...['-append', `console=ttyS0 quiet panic=-1 ${append.join(' ')}`],
      ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
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
  const status = await new Promise<number | null>((resolve, reject) => {
    machine.on('error', reject);
    machine.on('close', resolve);
  });
  clearTimeout(timer);
  server.close();
  return { console: said, ended: status === 0 && said.includes('guest: exit 0') };
}

/** Busybox, the modules in the order of their loading, and `init`. */
function makeInitramfs(image: Image, directory: string, tree: string): string {
  const root = join(directory, 'initramfs');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'modules'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  copyFileSync(join(tree, 'test/vm/init'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  for (const [i, path] of modulePaths(image).entries()) {
    const name = `${String(i).padStart(2, '0')}-${path
      .split('/')
      .at(-1)
      ?.replace(/\.ko.*/, '.ko')}`;
    writeFileSync(join(root, 'modules', name), unpacked(path));
  }
  const archive = join(directory, 'initramfs.cpio');
  const files = execFileSync('find', ['.'], { cwd: root });
  const cpio = ['--create', '--format=newc', '--quiet', '--owner=0:0'];
  writeFileSync(archive, execFileSync('cpio', cpio, { cwd: root, input: files, maxBuffer: 256 << 20 }));
  return archive;
}

function modulePaths({ root, release }: Image): string[] {
  const args = ['--dirname', root, '--set-version', release, '--show-depends'];
  const paths = modules.flatMap((name) =>
    execFileSync('modprobe', [...args, name], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^insmod (\S+)/.exec(line)?.[1] ?? '')
      .filter((path) => path !== ''),
  );
  return [...new Set(paths)];
}

/** Debian compresses modules since 6.12. */
function unpacked(path: string): Buffer {
  if (!path.endsWith('.xz')) return readFileSync(path);
  return execFileSync('xz', ['--decompress', '--stdout', path], { maxBuffer: 64 << 20 });
}
