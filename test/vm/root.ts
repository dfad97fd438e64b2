import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Image } from './fetch.js';

/**
 * The root of a machine, all of it in memory: asking the host for each file took most of the time. What is not named
 * here is not there.
 */

/** Programs of this host, by what they are for. Those marked `?` may be missing: then the rows that want them are skipped. */
const tools = [
  ...['sh', 'bash', 'cat', 'tee', 'flock', 'timeout', 'nsenter', 'modprobe', 'sleep', 'perl'],
  ...['ip', 'tc', 'bridge', 'nft', 'ethtool', 'arping', '?arptables-legacy', '?perf'],
];

/** What programs open by name while they run. */
const data = ['/etc/iproute2', '/usr/share/iproute2', '/etc/ethertypes', '/etc/protocols'];

/** Of the tree, beside the compiled rows. */
const ofTree = [
  'package.json',
  'bin',
  'dist',
  'bpf/prebuilt',
  'native/libarpwhy.so',
  'bench/arpgen',
  'docs/schema',
];

/** npm packages of the rows and of the command line; with what these depend on. */
const packages = ['@2060.io/ffi-napi', '@2060.io/ref-napi', 'ajv', 'commander', 'cli-table3', 'string-width'];

/** Of the kernel's modules: networks, and what those need, by name or for a checksum that they ask for while they load. */
const modules = [
  /^kernel\/net\/(?!wireless|mac80211|bluetooth|ceph|sunrpc|tipc|rxrpc|can|nfc|dccp|sctp|rds|batman)/,
  /^kernel\/drivers\/net\/([^/]*\.ko|(bonding|ipvlan|team)\/)/,
  /^kernel\/(lib|crypto|arch\/\w+\/crypto)\//,
];

/** @param root an empty directory; in it, the tree is /arpwhy */
export function makeRoot(root: string, tree: string, image: Image): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const name of ['dev', 'proc', 'sys', 'run', 'tmp', 'boot', 'etc']) mkdirSync(join(root, name));
  copy('/bin/busybox', join(root, 'bin/busybox'));
  copy(join(tree, 'test/vm/init'), join(root, 'init'));
  const programs = [...tools.flatMap(find), process.execPath];
  for (const path of programs) copy(path, join(root, path));
  for (const path of data.filter((path) => existsSync(path))) copy(path, join(root, path));
  copyTree(join(root, 'arpwhy'), tree);
  const addons = filesBelow(join(root, 'arpwhy')).filter((path) => /\.(node|so)$/.test(path));
  for (const path of librariesOf([...programs, ...addons])) copy(path, join(root, path));
  copyModules(root, image);
}

function find(name: string): string[] {
  const plain = name.replace('?', '');
  const path = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map((where) => join(where, plain)).find(existsSync);
  if (path) return [path];
  if (plain !== name) return [];
  throw new Error(`${plain} is not installed: make deps installs what the machines take`);
}

function copyTree(to: string, tree: string): void {
  copy(
    join(tree, 'test/vm/.build'),
    to,
    (path) => !['bpf', 'native', 'docs', 'package.json', 'bench'].includes(path),
  );
  for (const path of ofTree) copy(join(tree, path), join(to, path));
  const wanted = new Set(packages);
  for (const name of wanted) {
    const from = join(tree, 'node_modules', name);
    if (!existsSync(from)) continue;
    copy(from, join(to, 'node_modules', name), (path) => runs(join(from, path)));
    const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    for (const dependency of Object.keys(dependencies)) wanted.add(dependency);
  }
}

/** Not sources, tests, nor what is left of a build. */
function runs(path: string): boolean {
  return statSync(path).isDirectory()
    ? !/\/(deps|test|docs|obj\.target|\.deps)$/.test(path)
    : /\.(json|[cm]?js|node)$/.test(path);
}

/** Shared libraries, as the loader of this host finds them. */
function librariesOf(programs: readonly string[]): Set<string> {
  const said = programs.map((path) => {
    try {
      return execFileSync('ldd', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return ''; // linked statically
    }
  });
  return new Set(
    said.flatMap((text) => [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(([, path = '']) => path)),
  );
}

function copyModules(root: string, { root: from, release }: Image): void {
  const where = join('lib/modules', release);
  const lines = readFileSync(join(from, where, 'modules.dep'), 'utf8').split('\n');
  const needs = new Map(
    lines.map((line) => {
      const [path = '', rest = ''] = line.split(':');
      return [path, rest.split(' ').filter((one) => one !== '')];
    }),
  );
  const wanted = new Set([...needs.keys()].filter((path) => modules.some((one) => one.test(path))));
  for (const path of wanted) for (const need of needs.get(path) ?? []) wanted.add(need);
  const indexes = readdirSync(join(from, where)).filter((name) => name.startsWith('modules.'));
  for (const path of [...wanted, ...indexes]) copy(join(from, where, path), join(root, where, path));
  // libbpf reads CONFIG_HZ from there
  const config = [join(from, 'boot', `config-${release}`), join(from, where, 'config')].find(existsSync);
  if (config) copy(config, join(root, 'boot', `config-${release}`));
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}

function copy(from: string, to: string, keep: (path: string) => boolean = () => true): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, {
    recursive: true,
    dereference: true,
    filter: (path) => path === from || keep(path.slice(from.length + 1)),
  });
}

/** The root as QEMU hands it to the kernel. */
export function pack(root: string, archive: string): void {
  const files = execFileSync('find', ['.'], { cwd: root, maxBuffer: 64 << 20 });
  const words = ['--create', '--format=newc', '--quiet', '--owner=0:0'];
  execFileSync('cpio', [...words, `--file=${archive}`], { cwd: root, input: files });
}
