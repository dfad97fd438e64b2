import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchKernel, fetchPackages, type Image, NotToBeHad } from './fetch.js';
import { arm64, type Source } from './kernels.js';
import { pack } from './root.js';

/**
 * `make test-vm-arm64`: every program of the arm64 objects, in all tiers, is loaded and attached on Debian's arm64
 * kernel, by the native library built for arm64. What is told there nothing here shows: no Node runs in it.
 */
/** What the native library is linked with: of this machine's own release, as its compiler for arm64 is. */
const libraries = ['libbpf-dev', 'libelf-dev', 'zlib1g-dev', 'libzstd-dev'];
/** It is run by user space, and attached nowhere. */
const unattached = ['generation'];
const timeoutMs = 600_000;

const directory = mkdtempSync(join(tmpdir(), 'arpwhy-arm64-'));
try {
  const image = fetchKernel(arm64);
  console.log(`kernel arm64: ${image.release} (Debian ${image.version})`);
  const said = boot(image, directory);
  const tried = [...said.matchAll(/^program (\w+) (-?\d+) (-?\d+)\r?$/gm)];
  const wrong = tried.filter(
    ([, name = '', loaded, attached]) => loaded !== '0' || (attached !== '0' && !unattached.includes(name)),
  );
  for (const [, name, loaded, attached] of wrong) {
    console.log(`FAILED ${name}: load ${loaded}, attach ${attached}`);
  }
  const whole = /^done\r?$/m.test(said) && tried.length > 0;
  if (!whole || wrong.length > 0) console.log(said.slice(-4000));
  console.log(`${tried.length - wrong.length} passed, ${wrong.length + (whole ? 0 : 1)} failed`);
  process.exitCode = whole && wrong.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof NotToBeHad)) throw error;
  console.log(`SKIPPED kernel arm64: ${error.message}`);
} finally {
  rmSync(directory, { recursive: true });
}

/** What it prints from its start to its end. */
function boot(image: Image, directory: string): string {
  const root = join(directory, 'root');
  for (const name of ['proc', 'sys', 'dev', 'boot']) mkdirSync(join(root, name), { recursive: true });
  compile(join(root, 'init'));
  copyFileSync('bpf/prebuilt/arpwhy.arm64.bpf.o', join(root, 'arpwhy.bpf.o'));
  copyFileSync('bpf/prebuilt/neighbour.bpf.o', join(root, 'neighbour.bpf.o'));
  // libbpf reads CONFIG_HZ from there
  const config = `boot/config-${image.release}`;
  copyFileSync(join(image.root, config), join(root, config));
  const initramfs = join(directory, 'root.cpio');
  pack(root, initramfs);
  const machine = ['-M', 'virt', '-cpu', 'max', '-m', '1024', '-nographic', '-no-reboot'];
  const words = 'console=ttyAMA0 quiet panic=-1 init_on_alloc=0 mitigations=off';
  return execFileSync(
    'qemu-system-aarch64',
    [...machine, '-kernel', image.vmlinuz, '-initrd', initramfs, '-append', words],
    { encoding: 'utf8', timeout: timeoutMs, maxBuffer: 64 << 20 },
  );
}

/** @throws {NotToBeHad} without a compiler for arm64, or without the libraries */
function compile(to: string): void {
  const compiler = 'aarch64-linux-gnu-gcc';
  for (const tool of [compiler, 'qemu-system-aarch64']) {
    if (!existsSync(`/usr/bin/${tool}`)) throw new NotToBeHad(`${tool}: not installed`);
  }
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const source: Source = { name: 'arm64-libraries', suite, security: false, architecture: 'arm64' };
  const usr = join(fetchPackages(source, libraries), 'usr');
  const native = readdirSync('native').filter((name) => name.endsWith('.c'));
  const archives = ['bpf', 'elf', 'z', 'zstd'].map((name) => join(usr, `lib/aarch64-linux-gnu/lib${name}.a`));
  execFileSync(compiler, [
    ...['-static', '-O1', '-Inative', `-I${join(usr, 'include')}`, '-o', to, 'test/vm/arm64/attach.c'],
    ...native.map((name) => join('native', name)),
    ...archives.filter(existsSync),
    '-lpthread',
  ]);
}
