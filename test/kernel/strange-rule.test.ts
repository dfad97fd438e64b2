import { release } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { isBefore } from '../../src/decision/kernel-release.js';
import type { Decision } from '../../src/decision/types.js';
import { run } from '../../src/host/run.js';
import { inside } from '../../src/lab/namespace.js';
import { Cleanup } from './support/cleanup.js';
import { eventually } from './support/eventually.js';
import { kinds, Pair } from './support/pair.js';
import { TraceProcess } from './support/trace.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/**
 * RTM_NEWRULE of a rule to main, by attributes of its selector: an iproute2 older than them neither makes such a rule nor
 * shows what it selects by, but as a rule for all.
 * @param attributes pairs of number and hex bytes
 */
async function addRule(netns: string, priority: number, attributes: [number, string][]): Promise<void> {
  const program = [
    'my ($priority, @attributes) = @ARGV;',
    'sub attribute { my ($type, $value) = @_; pack("SS", 4 + length $value, $type) . $value . "\\0" x (-length($value) % 4) }',
    'my $rule = pack("C8L", 2, 0, 0, 0, 254, 0, 0, 1, 0) . attribute(6, pack "L", $priority) . attribute(15, pack "L", 254);',
    'while (@attributes) { my $type = shift @attributes; $rule .= attribute($type, pack "H*", shift @attributes) }',
    'socket my $socket, 16, 3, 0 or die "socket: $!";',
    'syswrite $socket, pack("LSSLL", 16 + length $rule, 32, 0x605, 1, 0) . $rule or die "send: $!";',
    'sysread $socket, my $answer, 4096;',
    'my $error = unpack "x16l", $answer;',
    'if ($error) { $! = -$error; die "the kernel: $!" }',
  ];
  const words = attributes.flatMap(([type, hex]) => [String(type), hex]);
  await run(inside(netns, ['perl', '-e', program.join('\n'), String(priority), ...words]));
}

const dscp = 25;
const [ipProtocol, destinationPort, destinationPortMask] = [22, 24, 29];

/** A decision about the same request, once it is proven, or is not any more. */
async function decided(pair: Pair, trace: TraceProcess, proven: boolean): Promise<Decision | undefined> {
  let found: Decision | undefined;
  await eventually(`a decision that is ${proven ? '' : 'not '}proven`, async () => {
    await pair.ask(kinds.proxied);
    found = trace.decisions.at(-1);
    return found !== undefined && (found.unknown.length === 0) === proven;
  });
  return found;
}

async function traced(): Promise<{ pair: Pair; trace: TraceProcess }> {
  const pair = cleanup.add(await Pair.up(`t${process.pid}q-`), (one) => one.down());
  const trace = cleanup.add(await TraceProcess.start('--netns', pair.router), (one) => one.kill());
  return { pair, trace };
}

function namesNothing({ steps }: Decision): boolean {
  return steps.every(({ rule, route }) => rule === null && (route?.prefix ?? null) === null);
}

// both attributes: 6.15
it.skipIf(isBefore(release(), 6, 15)).each<[string, [number, string][]]>([
  ['a full DSCP', [[dscp, '0a']]],
  // little-endian, as the host is
  [
    'some bits of a port',
    [
      [ipProtocol, '11'],
      [destinationPort, '09000900'],
      [destinationPortMask, 'ff00'],
    ],
  ],
])('a rule that selects by %s: no rule is named, and no prefix', async (_, attributes) => {
  const { pair, trace } = await traced();
  expect((await decided(pair, trace, true))?.steps.map(({ route }) => route?.prefix)).toContain(
    '198.51.100.0/24',
  );
  await addRule(pair.router, 500, attributes);
  const decision = await decided(pair, trace, false);
  await eventually('the reason, once', async () => {
    await pair.ask(kinds.proxied);
    return trace.stderr.split('cannot be followed').length === 2 || trace.stderr;
  });
  expect(decision?.verdict).toMatchObject({ action: 'replied', reason: 'proxy-arp' });
  expect(decision && namesNothing(decision)).toBe(true);
});

it('a rule by another name of its device: which device it means is not known, and no rule is named', async () => {
  const { pair, trace } = await traced();
  await decided(pair, trace, true);
  await run(['ip', '-n', pair.router, 'link', 'property', 'add', 'dev', 'r0', 'altname', 'another-name']);
  await run(['ip', '-n', pair.router, 'rule', 'add', 'pref', '500', 'iif', 'another-name', 'lookup', 'main']);
  const decision = await decided(pair, trace, false);
  expect(decision && namesNothing(decision)).toBe(true);
});

it('a rule from the address 0.0.0.0 is not one from all', async () => {
  const { pair, trace } = await traced();
  await run(['ip', '-n', pair.router, 'rule', 'add', 'pref', '500', 'from', '0.0.0.0', 'lookup', 'main']);
  const decision = await decided(pair, trace, true);
  expect(decision?.steps.flatMap(({ rule }) => rule?.priority ?? [])).not.toContain(500);
  expect(decision?.steps.flatMap(({ rule }) => rule?.priority ?? [])).toContain(32766);
});
