import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { Lab } from '../../src/lab/lab.js';
import { topology } from '../../src/lab/topologies.js';
import { program, runProgram } from './support/trace.js';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'arpwhy-test-'));
afterAll(() => rmSync(place, { recursive: true }));

const empty = join(place, 'empty');
const zeros = join(place, 'zeros');
writeFileSync(empty, '');
writeFileSync(zeros, '0000000000000000 T _text\n0000000000000000 T arp_process\n');

/** One clear line, and nothing else anywhere. */
async function refuses(
  args: readonly string[],
  status: number,
  line: RegExp,
  wrap: readonly string[] = [],
): Promise<void> {
  const result = await runProgram(args, { wrap });
  expect(result.stderr).toMatch(/^arpwhy: [^\n]+\n$/);
  expect(result.stderr).toMatch(line);
  expect(result.stderr).not.toMatch(/bug in arpwhy|undefined|\[object/);
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status, stdout: '' });
}

/** The words that run a command with something else mounted where it will look; the rest of the host is not told. */
const behind = (mount: string) => [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['sh', '-c', `mount ${mount} && exec "$@"`, 'sh'],
];
const bind = (what: string, where: string) => behind(`--bind '${what}' '${where}'`);

async function skipReason(why: string, ...command: string[]): Promise<string | null> {
  const { status } = await run(command, { allowFailure: true });
  if (status === 0) return null;
  process.stderr.write(`SKIPPED: ${why}\n`);
  return why;
}

it('a tier that does not work here is refused in one sentence, with the reason', async (context) => {
  const { stdout } = await runProgram(['doctor', '--json']);
  const { refusals } = JSON.parse(stdout) as { refusals: { tier: string }[] };
  if (refusals.length === 0) return context.skip('every tier works here');
  for (const { tier } of refusals) {
    const why = new RegExp(
      `the ${tier} tier does not work here: (cannot attach \\w+/\\w+: E|this kernel has no kprobes)`,
    );
    await refuses(['trace', '--tier', tier], 4, why);
  }
});

describe('words that make no sense', () => {
  it.concurrent.each<[string[], RegExp]>([
    [['trace', '--dev', 'nosuch0'], /no device is named nosuch0 .*: there are .*\blo\b/],
    [['trace', '--dev', 'lo', '--dev', 'nosuch0'], /no device is named nosuch0 /],
    [['trace', '--netns', '.', '--dev', 'nosuch0'], /nosuch0 in \.: there are /],
    [['trace', '--dev', 'x\u001b[7mx'], /named x\\u\{1b\}\[7mx /],
    [['trace', '--netns', 'nosuch'], /no network namespace is named nosuch: .*; \. is your own/],
    [['trace', '--netns', '../../etc'], /no network namespace is named \.\.\/\.\.\/etc: /],
    [['trace', '--tier', 'magic'], /--tier magic: .* there are trampoline, kprobe, tracepoint/],
    [['trace', '--action', 'answered'], /--action answered: .* there are replied, silent/],
    [['trace', '--reason', 'because'], /--reason because: .* proxy-arp,/],
    [['trace', '--target', '300.1.1.1'], /--target 300\.1\.1\.1 is no IPv4 prefix: write it as /],
    [['trace', '--target', '10.0.0.0/33'], /--target 10\.0\.0\.0\/33 is no IPv4 prefix/],
    [['trace', '--target', '10.0.0/8'], /10\.0\.0\/8 is no IPv4 prefix/],
    [['trace', '--target', '10.0.0.0/'], /10\.0\.0\.0\/ is no IPv4 prefix/],
    [['trace', '--target', ''], /--target "" is no IPv4 prefix/],
    [['trace', '--sender', '2001:db8::1'], /--sender 2001:db8::1 is no IPv4 prefix/],
    [['trace', '--sender', '10.0.0.1/24'], /--sender 10\.0\.0\.1\/24 has bits set behind its length: write/],
    [['trace', '--count', '0'], /--count takes a whole number above 0, not "0"/],
    [['trace', '--count', '1.5'], /--count takes .* not "1\.5"/],
    [['trace', '--count', '-1'], /--count takes .* not "-1"/],
    [['trace', '--count', ''], /--count takes .* not ""/],
    [['trace', '--duration', 'soon'], /--duration takes a number of seconds above 0, .* not "soon"/],
    [['trace', '--duration', '0'], /--duration takes .* not "0"/],
    [['trace', '--duration', '1e3'], /--duration takes .* not "1e3"/],
    [['trace', '--duration', '99999999999'], /--duration takes .* up to 2147483, not "99999999999"/],
    [['trace', '--count'], /option '--count <n>' argument missing: see arpwhy --help/],
    [
      ['trace', '--duraton', '1'],
      /unknown option '--duraton' \(Did you mean --duration\?\): see arpwhy --help/,
    ],
    [['trace', '--without-hook', 'nosuch'], /--without-hook nosuch: .* there are consume_skb, /],
    [['trace', 'eth0'], /too many arguments for 'trace'.*: see arpwhy --help/],
    [['trase'], /unknown command 'trase' \(Did you mean trace\?\): see arpwhy --help/],
    [['lab', 'explode'], /unknown command 'explode': see arpwhy --help/],
    [['lab', 'step'], /missing required argument 'step': see arpwhy --help/],
    [['lab', 'up', 'gannet'], /no lab topology is called "gannet": known are ganeti/],
    [['lab', 'down', 'gannet'], /no lab topology is called "gannet"/],
    [['lab', 'step', 'flsuh'], /lab ganeti has no step "flsuh": known are healthy, flush/],
  ])('%j', (args, line) => refuses(args, 2, line));

  it('a step of a lab that is not up', async () => {
    const standing = await Lab.open(topology('ganeti')).then(
      () => true,
      () => false,
    );
    if (standing) {
      process.stderr.write('SKIPPED: a lab of the default name is up, and is not ours to take down\n');
      return;
    }
    await refuses(['lab', 'step', 'flush'], 1, /lab ganeti is not up: run "arpwhy lab up ganeti"/);
  });
});

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const inUserNamespace = ['unshare', '--user', '--map-root-user'];
const capabilities = '-sys_admin,-bpf,-perfmon';
const { stdout: linked } = await run(['ldd', join(checkout, 'native/libarpwhy.so')]);
const libbpf = /libbpf\.so\.1 => (\S+)/.exec(linked)?.[1] ?? '';

/** What is missing, the words that make it so, and what a trace and the doctor say then. */
const situations: [string, readonly string[], number, RegExp][] = [
  [
    'kernel BTF',
    behind('-t tmpfs none /sys/kernel/btf'),
    4,
    /the kernel has no BTF \(\/sys\/kernel\/btf\/vmlinux is missing\): .*CONFIG_DEBUG_INFO_BTF=y/,
  ],
  ['libbpf', bind(empty, libbpf), 1, /cannot load libbpf\.so\.1: apt-get install libbpf1 /],
  [
    'the native library',
    behind(`-t tmpfs none '${checkout}native'`),
    1,
    /no native library at .*: run make /,
  ],
  [
    'ffi-napi',
    behind(`-t tmpfs none '${checkout}node_modules/@2060.io'`),
    1,
    /@2060\.io\/ffi-napi is not installed: run npm install /,
  ],
  [
    'the BPF object',
    behind(`-t tmpfs none '${checkout}bpf/prebuilt'`),
    1,
    /no BPF object at .*: run make bpf, or install arpwhy again/,
  ],
  [
    'a whole BPF object',
    bind(empty, `${checkout}bpf/prebuilt/arpwhy.${process.arch}.bpf.o`),
    1,
    /cannot open .*arpwhy\.\w+\.bpf\.o \(libbpf: .*\): run make bpf/,
  ],
  ['addresses in kallsyms', bind(zeros, '/proc/kallsyms'), 4, /hides where arp_process .*kptr_restrict=1/],
  ['kallsyms', bind(empty, '/proc/kallsyms'), 4, /does not name arp_process: .*CONFIG_KALLSYMS=y/],
  [
    'capabilities',
    ['setpriv', `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`],
    3,
    /root lacks CAP_SYS_ADMIN .*: give them to the container, or run it on the host/,
  ],
];

const noNobody = await skipReason(
  'nobody cannot read this checkout: what a user without rights is told is not tried',
  ...[...nobody, process.execPath, '-e', 'require("fs").accessSync(process.argv[1], 4)', program],
);
if (!noNobody) situations.push(['root', nobody, 3, /tracing needs root .*: run it with sudo/]);
const noUserNamespaces = await skipReason('no user namespaces here', ...inUserNamespace, 'true');
if (!noUserNamespaces) {
  situations.push([
    'the root of the host',
    inUserNamespace,
    3,
    /root of a user namespace only, .*: run it outside of that container/,
  ]);
}

describe.concurrent.each(situations)('without %s', (_what, wrap, status, line) => {
  it('a trace says so', () => refuses(['trace', '--duration', '5'], status, line, wrap));

  it('the doctor reports all the same', async () => {
    const { stdout, stderr, status: code } = await runProgram(['doctor'], { wrap });
    expect({ code, stderr }).toEqual({ code: status, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Tracing does not work here: .*${line.source}`));
    expect(stdout).toMatch(/│ kernel BTF +│/);
    expect(stdout).toMatch(status === 3 ? /│ root +│ no/ : /│ root +│ ok/);
    expect(stdout).toMatch(/│ fib_table_lookup +│ (no|\?) /);
    expect(stdout).not.toContain('\u001b');
  });

  it('the doctor reports it as JSON', async () => {
    const { stdout, stderr, status: code } = await runProgram(['doctor', '--json'], { wrap });
    expect({ code, stderr }).toEqual({ code: status, stderr: '' });
    const diagnosis = JSON.parse(stdout);
    expect(diagnosis).toMatchObject({ tier: null, refusal: expect.stringMatching(line) });
    expect(diagnosis.hooks.map(({ attached }: { attached: boolean }) => attached)).not.toContain(true);
  });
});

describe('the doctor about what a host learns and asks', () => {
  const hooks = expect.arrayContaining([{ name: 'neigh_update', cost: expect.any(String) }]);

  it('says that it works, where such a trace does', async () => {
    const { stdout } = await runProgram(['doctor', '--json']);
    const { tier, neighbours } = JSON.parse(stdout);
    const trace = await runProgram(['trace', '--kind', 'neighbour', '--netns', '.', '--duration', '0.1']);
    expect(neighbours).toEqual({ works: trace.status === 0, refusal: neighbours.refusal, hooks });
    expect(neighbours.refusal === null).toBe(neighbours.works);
    expect(tier).not.toBeNull();
  });

  it('says why not, and that decisions are told all the same', async () => {
    const wrap = bind(empty, join(checkout, 'bpf/prebuilt/neighbour.bpf.o'));
    const { stdout, status } = await runProgram(['doctor', '--json'], { wrap });
    expect(status).toBe(0);
    const why = expect.stringMatching(/^cannot open .*neighbour\.bpf\.o \(.+\): run make bpf$/);
    expect(JSON.parse(stdout)).toMatchObject({
      tier: expect.any(String),
      neighbours: { works: false, refusal: why, hooks },
    });
    const text = (await runProgram(['doctor'], { wrap })).stdout;
    expect(text).toMatch(/^Tracing works here.*\n(.*\n)*What this host learns and asks cannot be told/);
    expect(text).toMatch(/│ neigh_update +│ no /);
  });
});

describe.skipIf(noNobody)('without root', () => {
  it.each([
    [['lab', 'up'], /network namespaces need root: run "sudo arpwhy lab up"/],
    [['lab', 'down'], /network namespaces need root: run "sudo arpwhy lab down"/],
    [['demo'], /need root: run "sudo arpwhy demo"/],
  ])('%j says so', (args, line) => refuses(args, 3, line, nobody));

  it('what needs no rights works', async () => {
    for (const args of [['--version'], ['--help'], ['lab', 'list'], ['trace', '--help']]) {
      const { stdout, stderr, status } = await runProgram(args, { wrap: nobody });
      expect({ status, stderr }, args.join(' ')).toEqual({ status: 0, stderr: '' });
      expect(stdout).not.toBe('');
    }
  });
});

describe('without ip', () => {
  const noIp = behind(`--bind '${empty}' "$(readlink -f "$(command -v ip)")"`);

  it('a trace goes on, and says what that costs', async () => {
    const { stderr, status } = await runProgram(['trace', '--duration', '0.2'], { wrap: noIp });
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^arpwhy: ip is not installed \(.*\): apt-get install iproute2; without it rules and prefixes stay unknown$/m,
    );
  });

  it('no lab can be built', () => refuses(['demo'], 1, /ip is not installed .*apt-get install/, noIp));
});

describe('without a hook', () => {
  it.each(['kfree_skb', 'neigh_create', 'timer_start', 'timer_expire_exit', 'generation'])(
    '%s a trace goes on, and says what that costs',
    async (hook) => {
      const args = ['trace', '--json', '--duration', '0.2', '--without-hook', hook];
      const { stdout, stderr, status } = await runProgram(args);
      expect(status, stderr).toBe(0);
      expect(stderr).toMatch(new RegExp(`^arpwhy: without ${hook} \\(left out on request\\): .{20}`, 'm'));
      const start = JSON.parse(stdout.split('\n')[0] ?? '');
      expect(start.hooks.missing).toMatchObject([{ name: hook, why: 'left out on request' }]);
      expect(start.hooks.attached).not.toContain(hook);
    },
  );

  it.each(['netif_receive_skb', 'consume_skb', 'net_dev_queue', 'fib_table_lookup'])(
    '%s nothing can be said',
    (hook) =>
      refuses(
        ['trace', '--duration', '5', '--without-hook', hook],
        4,
        new RegExp(`cannot attach ${hook}: left out on request; without it `),
      ),
  );
});
