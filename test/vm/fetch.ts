import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Kernel, Source } from './kernels.js';

/** A kernel that lies unpacked in the cache. */
export interface Image {
  /** As `uname -r` will print it. */
  release: string;
  /** Version of the Debian package. */
  version: string;
  vmlinuz: string;
  /** The directory that holds lib/modules/RELEASE. */
  root: string;
}

/** A kernel that cannot be had here, and why: a skip with a name. */
export class NotToBeHad extends Error {}

/** Outside the tree: a kernel is some 100 MB. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'arpwhy');

/** Package lists are asked for anew when they are older. */
const listsAgeMs = 24 * 3600 * 1000;

/**
 * The newest image of a kernel, downloaded and unpacked once. Without the network, what the cache holds will do.
 * @throws {NotToBeHad} when neither apt nor the cache has it
 */
export function fetchKernel(kernel: Kernel): Image {
  const directory = join(cache, kernel.name);
  mkdirSync(directory, { recursive: true });
  try {
    const apt = privateApt(kernel, directory);
    const image = dependency(apt, kernel.metapackage);
    const version = versionOf(apt, image);
    const unpacked = join(directory, `${image}_${version}`);
    if (!existsSync(join(unpacked, 'complete'))) download(apt, image, unpacked, directory);
    return describe(unpacked, version);
  } catch (error) {
    const [kept] = readdirSync(directory)
      .filter((name) => existsSync(join(directory, name, 'complete')))
      .sort((a, b) => statSync(join(directory, b)).mtimeMs - statSync(join(directory, a)).mtimeMs);
    if (kept) return describe(join(directory, kept), kept.slice(kept.indexOf('_') + 1));
    throw new NotToBeHad((error as Error).message.trim().split('\n').at(-1));
  }
}

/**
 * Packages, downloaded and unpacked once. Returns the directory that holds them.
 * @throws {NotToBeHad} when neither apt nor the cache has them
 */
export function fetchPackages(source: Source, names: readonly string[]): string {
  const directory = join(cache, source.name);
  const to = join(directory, `${source.suite}_${names.join('_')}`);
  if (existsSync(join(to, 'complete'))) return to;
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  try {
    unpack(privateApt(source, directory), names, to);
  } catch (error) {
    throw new NotToBeHad((error as Error).message.trim().split('\n').at(-1));
  }
  writeFileSync(join(to, 'complete'), '');
  return to;
}

type Apt = (tool: string, args: readonly string[], cwd?: string) => string;

/**
 * apt with lists of its own for one suite, which this machine may not have among its sources. The mirror is the
 * one that those name.
 */
function privateApt({ architecture, security, suite }: Source, directory: string): Apt {
  const lists = join(directory, 'lists');
  const sources = join(directory, 'sources.list');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(
    sources,
    `deb [arch=${architecture} signed-by=${keyring}] ${mirror(security)} ${suite} main\n`,
  );
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${lists}`,
    `Dir::Cache::pkgcache=${directory}/pkgcache.bin`,
    `Dir::Cache::srcpkgcache=${directory}/srcpkgcache.bin`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    'APT::Sandbox::User=root',
    'Acquire::Retries=2',
  ].flatMap((option) => ['-o', option]);
  const apt: Apt = (tool, args, cwd) => run(tool, [...options, ...args], cwd);
  const fresh = join(directory, 'lists-fetched');
  if (!existsSync(fresh) || Date.now() - statSync(fresh).mtimeMs > listsAgeMs) {
    apt('apt-get', ['-qq', 'update', '--error-on=any']);
    writeFileSync(fresh, '');
  }
  return apt;
}

/** Where this machine gets Debian from, or Debian's security updates. */
function mirror(security: boolean): string {
  const label = security ? 'Debian-Security' : 'Debian';
  const format = '$(LABEL) $(REPO_URI)';
  const lines = run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).split('\n');
  const found = lines.map((line) => line.split(' ')).find(([name]) => name === label)?.[1];
  if (!found) throw new Error(`none of this machine's apt sources is ${label}: apt has no mirror to ask`);
  return found;
}

function dependency(apt: Apt, metapackage: string): string {
  const image = /^\s+Depends: (linux-image-\d\S*)$/m.exec(apt('apt-cache', ['depends', metapackage]))?.[1];
  if (!image) throw new Error(`${metapackage} depends on no image`);
  return image;
}

function versionOf(apt: Apt, name: string): string {
  const version = /^Version: (.*)$/m.exec(apt('apt-cache', ['show', '--no-all-versions', name]))?.[1];
  if (!version) throw new Error(`there is no package ${name}`);
  return version;
}

/** Since 7.x the image, the modules and the configuration are packages of their own, on which that of the image depends. */
function download(apt: Apt, image: string, to: string, directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.startsWith('linux-image-')) rmSync(join(directory, name), { recursive: true });
  }
  mkdirSync(to);
  const release = image.replace('linux-image-', '');
  const parts = [
    ...apt('apt-cache', ['depends', image]).matchAll(/Depends: (linux-(?:base|binary|modules)-\S+)$/gm),
  ]
    .map(([, name = '']) => name)
    .filter((name) => name.endsWith(release));
  unpack(apt, [image, ...parts], to);
  // where /usr/lib is in the package, depmod looks for /lib
  if (!existsSync(join(to, 'lib')) && existsSync(join(to, 'usr/lib')))
    run('ln', ['-s', 'usr/lib', 'lib'], to);
  run('depmod', ['--basedir', to, release]);
  writeFileSync(join(to, 'complete'), `${release}\n`);
}

function unpack(apt: Apt, names: readonly string[], to: string): void {
  apt('apt-get', ['-qq', 'download', ...names], to);
  for (const name of readdirSync(to)) {
    run('dpkg-deb', ['--extract', name, '.'], to);
    rmSync(join(to, name));
  }
}

function describe(root: string, version: string): Image {
  const release = readFileSync(join(root, 'complete'), 'utf8').trim();
  const vmlinuz = ['boot', 'lib/modules']
    .map((where) => join(root, where, where === 'boot' ? `vmlinuz-${release}` : `${release}/vmlinuz`))
    .find(existsSync);
  if (!vmlinuz) throw new Error(`no kernel in ${root}`);
  return { release, version, vmlinuz, root };
}

function run(tool: string, args: readonly string[], cwd?: string): string {
  return execFileSync(tool, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(cwd ? { cwd } : {}),
  });
}
