import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { batch, waitUp, writeSettings } from '../../src/lab/namespace.js';
import { explains } from '../../src/recording/causes.js';
import { MergedReader } from '../../src/recording/merge.js';
import { Story } from '../../src/recording/story.js';
import { Cleanup } from './support/cleanup.js';
import { Generator, makeNamespace } from './support/namespaces.js';
import { TraceProcess } from './support/trace.js';

const prefix = `t${process.pid}c-`;
const [router, asker, sink] = [`${prefix}r`, `${prefix}a`, `${prefix}s`];
const routerMac = '02:00:00:00:0b:01';
const sender = '10.70.0.9';
/** Two below the border of a nested /25, and two above. */
const firstTarget = '10.50.0.126';

// ---- what is true: rules and routes as the test made them, and what a kernel makes of them ----

interface Route {
  table: number;
  dst: string;
  device: string;
  gateway?: string;
  metric?: number;
}

interface Rule {
  pref: number;
  iif?: string;
  to?: string;
  table?: number;
  prohibit?: boolean;
}

interface World {
  /** The name of the asking device; null while there is none. */
  asking: string | null;
  forwarding: boolean;
  proxyArp: boolean;
  rules: Rule[];
  routes: Route[];
}

const start: World = {
  asking: 'in0',
  forwarding: true,
  proxyArp: true,
  rules: [
    { pref: 0, table: 255 },
    { pref: 100, iif: 'in0', table: 50 },
    { pref: 32766, table: 254 },
  ],
  routes: [
    { table: 50, dst: '10.50.0.0/24', device: 'out0', metric: 20 },
    { table: 51, dst: '10.50.0.0/24', device: 'out1' },
    { table: 254, dst: '10.50.0.0/24', device: 'out1' },
    { table: 254, dst: '10.70.0.0/24', device: 'in0' },
  ],
};

const number = (ip: string) => ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

function covers(dst: string, ip: string): boolean {
  const [base = '', length] = dst.split('/');
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(base) / size) === Math.floor(number(ip) / size);
}

function lookUp(world: World, table: number, ip: string): Route | null {
  const length = ({ dst }: Route) => Number(dst.split('/')[1]);
  const fitting = world.routes.filter((route) => route.table === table && covers(route.dst, ip));
  fitting.sort((a, b) => length(b) - length(a) || (a.metric ?? 0) - (b.metric ?? 0));
  return fitting[0] ?? null;
}

/** The steps of one walk over the rules, as {@link stepText} writes them. */
function walk(
  world: World,
  purpose: string,
  ip: string,
  iif: string,
): { steps: string[]; route: Route | null } {
  const steps: string[] = [];
  for (const rule of world.rules) {
    if (rule.iif !== undefined && rule.iif !== iif) continue;
    if (rule.to !== undefined && !covers(rule.to, ip)) continue;
    const step = `${purpose} ${rule.pref} ${rule.table ?? '-'}`;
    if (rule.prohibit) return { steps: [...steps, `${step} prohibit`], route: null };
    const route = lookUp(world, rule.table ?? 0, ip);
    if (route) {
      const found = `${route.dst} ${route.device} ${route.gateway ?? '-'} ${route.metric ?? 0}`;
      return { steps: [...steps, `${step} match ${found}`], route };
    }
    steps.push(`${step} no-usable-route`);
  }
  return { steps, route: null };
}

interface Truth {
  reason: string;
  steps: string[];
}

function truthOf(world: World, target: string): Truth | null {
  if (world.asking === null) return null;
  const { steps, route } = walk(world, 'target', target, world.asking);
  if (!route) return { reason: 'prohibited', steps };
  if (!world.forwarding) return { reason: 'forwarding-off', steps };
  const source = walk(world, 'source', sender, route.device).steps;
  // the end of the rules, past the one for a table that was never made
  if (!source.at(-1)?.includes('match')) source.push('source 32767 253 no-table');
  return { reason: world.proxyArp ? 'proxy-arp' : 'proxy-arp-off', steps: [...steps, ...source] };
}

// ---- what a decision claims, and whether that is so ----

/** A field that the decision does not claim to know is written as `?`. */
function stepText({ steps, unknown }: Decision, i: number): string {
  const { purpose, rule, table, outcome, route } = steps[i] as Decision['steps'][number];
  const step = `${purpose} ${rule?.priority ?? '?'} ${table?.id ?? '-'} ${outcome}`;
  if (outcome !== 'match') return step;
  const gateway = route?.gateway ?? (unknown.includes(`/steps/${i}/route/gateway`) ? '?' : '-');
  return `${step} ${route?.prefix ?? '?'} ${route?.device?.name ?? '?'} ${gateway} ${route?.metric ?? '?'}`;
}

function agrees(claimed: string, truth: string): boolean {
  const words = truth.split(' ');
  const claims = claimed.split(' ');
  return claims.length === words.length && claims.every((word, i) => word === '?' || word === words[i]);
}

function reasonFits({ verdict }: Decision, truths: Truth[]): boolean {
  const reasons = truths.map(({ reason }) => reason);
  if (verdict.reason !== 'unknown') return reasons.includes(verdict.reason);
  return reasons.some((reason) => verdict.candidates?.includes(reason));
}

/** What is wrong with a decision, given all that may have been true at its moment; null when nothing is. */
function faultOf(decision: Decision, truths: Truth[]): string | null {
  const { verdict, steps } = decision;
  const claims = steps.map((_, i) => stepText(decision, i));
  const tell = `${verdict.reason} (${verdict.candidates}): ${claims.join(', ')}; unknown ${decision.unknown}`;
  if (truths.length === 0) return `there was no device: ${tell}`;
  if (!reasonFits(decision, truths)) return `reason, not ${truths[0]?.reason}: ${tell}`;
  if (truths.length === 1) {
    const all = truths[0]?.steps ?? [];
    // rules that reject and tables that are not there make no lookup: only rules that are known tell of them
    const proven = steps.every(({ rule }) => rule !== null) && steps.length > 0;
    const whole = proven ? all : all.filter((step) => !/ (- prohibit|253 no-table)$/.test(step));
    const same = claims.length === whole.length && claims.every((claim, i) => agrees(claim, whole[i] ?? ''));
    return same ? null : `steps, not ${whole.join(', ')}: ${tell}`;
  }
  // the change may have come between two of its lookups
  const possible = truths.flatMap((truth) => truth.steps);
  const wrong = claims.find((claim) => !possible.some((step) => agrees(claim, step)));
  return wrong === undefined ? null : `step ${wrong}, not one of ${possible.join(', ')}: ${tell}`;
}

function isWhole({ steps, unknown, verdict }: Decision): boolean {
  const named = steps.every(({ rule, outcome, route }) => rule && (outcome !== 'match' || route?.prefix));
  return named && unknown.length === 0 && verdict.reason !== 'unknown';
}

// ---- changes ----

interface Change {
  what: string;
  make: () => Promise<unknown>;
  becomes: (world: World) => World;
}

/** One `ip` command, and what it makes of the world. */
function ip(command: string, becomes: Change['becomes'] = (world) => world): Change {
  return { what: command, make: () => batch(router, [command]), becomes };
}

function setting(name: string, value: number, becomes: Change['becomes']): Change {
  const make = () => writeSettings(router, { [`ipv4/conf/in0/${name}`]: value });
  return { what: `${name} ${value}`, make, becomes };
}

const spec = ({ table, dst, device, gateway, metric }: Route) =>
  `${dst} ${gateway ? `via ${gateway} ` : ''}dev ${device} table ${table}${metric ? ` metric ${metric}` : ''}`;

function routeThere(route: Route): Change[] {
  const same = (other: Route) => spec(other) === spec(route);
  return [
    ip(`route add ${spec(route)}`, (world) => ({ ...world, routes: [...world.routes, route] })),
    ip(`route del ${spec(route)}`, (world) => ({
      ...world,
      routes: world.routes.filter((other) => !same(other)),
    })),
  ];
}

function ruleThere(rule: Rule): Change[] {
  const { pref, iif, to, table } = rule;
  const words = [
    `pref ${pref}`,
    iif && `iif ${iif}`,
    to && `to ${to}`,
    table ? `lookup ${table}` : 'prohibit',
  ];
  const text = words.filter(Boolean).join(' ');
  const add = (world: World) => [...world.rules, rule].sort((a, b) => a.pref - b.pref);
  return [
    ip(`rule add ${text}`, (world) => ({ ...world, rules: add(world) })),
    ip(`rule del ${text}`, (world) => ({
      ...world,
      rules: world.rules.filter((other) => other.pref !== pref),
    })),
  ];
}

const nested: Route = { table: 50, dst: '10.50.0.128/25', device: 'out0', metric: 20 };

function nextHop(gateway: string, device: string): Change['becomes'] {
  return (world) => ({
    ...world,
    routes: world.routes.map((route) => (route.dst === nested.dst ? { ...route, gateway, device } : route)),
  });
}

const rename = (from: string, to: string): Change =>
  ip(`link set ${from} name ${to}`, (world) => ({
    ...world,
    asking: to,
    routes: world.routes.map((route) => (route.device === from ? { ...route, device: to } : route)),
  }));

async function plugIn(): Promise<void> {
  await batch(router, [`link add in0 address ${routerMac} type veth peer name p1 netns ${asker}`]);
  await writeSettings(router, {
    'ipv4/conf/in0/forwarding': 1,
    'ipv4/conf/in0/proxy_arp': 1,
    'ipv4/conf/in0/rp_filter': 0,
    'ipv4/neigh/in0/proxy_delay': 0,
  });
  // with the sender known, no request makes an entry for it, which would take a step more
  await batch(router, [
    'link set in0 up',
    `neigh add ${sender} lladdr 02:00:00:00:0b:09 dev in0 nud permanent`,
  ]);
  await batch(asker, ['link set p1 master br0 up']);
  await waitUp(asker, ['p1']);
}

const askingRoute = '10.70.0.0/24';

const changes: Change[] = [
  ...[1, 2, 3, 4, 5].flatMap(() => routeThere(nested)),
  ...routeThere({ table: 50, dst: '10.50.0.0/24', device: 'out1', metric: 30 }),
  ...routeThere({ table: 50, dst: '10.50.0.0/24', device: 'out1', metric: 5 }),
  ...routeThere({ table: 50, dst: '10.50.0.128/26', device: 'out1', gateway: '10.9.1.2' }),
  ...ruleThere({ pref: 90, iif: 'in0', table: 51 }),
  ...ruleThere({ pref: 80, to: '10.50.0.128/25' }).map(prohibiting),
  ...ruleThere({ pref: 80, to: '10.50.0.128/25', iif: 'in0', table: 51 }),
  ip('nexthop add id 1 via 10.9.0.2 dev out0'),
  ip(`route add ${nested.dst} nhid 1 table 50 metric 20`, (world) => ({
    ...world,
    routes: [...world.routes, { ...nested, gateway: '10.9.0.2' }],
  })),
  ip('nexthop replace id 1 via 10.9.0.3 dev out0', nextHop('10.9.0.3', 'out0')),
  ip('nexthop replace id 1 via 10.9.1.2 dev out1', nextHop('10.9.1.2', 'out1')),
  ip('nexthop replace id 1 via 10.9.0.2 dev out0', nextHop('10.9.0.2', 'out0')),
  ip(`route del ${nested.dst} table 50`, (world) => ({
    ...world,
    routes: world.routes.filter((route) => route.dst !== nested.dst),
  })),
  ip('nexthop del id 1'),
  ...ruleThere({ pref: 70, iif: 'late0', table: 51 }).slice(0, 1),
  ip('link add late0 type veth peer name late1'),
  ip('link del late0'),
  rename('in0', 'late0'),
  rename('late0', 'in0'),
  rename('in0', 'late0'),
  rename('late0', 'in0'),
  ...ruleThere({ pref: 70, iif: 'late0', table: 51 }).slice(1),
  ip('link del in0', (world) => ({
    ...world,
    asking: null,
    routes: world.routes.filter(({ dst }) => dst !== askingRoute),
  })),
  { what: 'in0 made again', make: plugIn, becomes: (world) => ({ ...world, asking: 'in0' }) },
  ip(`route add ${askingRoute} dev in0`, (world) => ({
    ...world,
    routes: [...world.routes, { table: 254, dst: askingRoute, device: 'in0' }],
  })),
  ...[1, 2].flatMap(() => [
    setting('proxy_arp', 0, (world) => ({ ...world, proxyArp: false })),
    setting('proxy_arp', 1, (world) => ({ ...world, proxyArp: true })),
    setting('forwarding', 0, (world) => ({ ...world, forwarding: false })),
    setting('forwarding', 1, (world) => ({ ...world, forwarding: true })),
  ]),
  ...[1, 2].flatMap(() => routeThere(nested)),
];

/** The rule that {@link ruleThere} makes without a table. */
function prohibiting(change: Change): Change {
  const prohibits = (rule: Rule) => (rule.table === undefined ? { ...rule, prohibit: true } : rule);
  return {
    ...change,
    becomes: (world) => {
      const changed = change.becomes(world);
      return { ...changed, rules: changed.rules.map(prohibits) };
    },
  };
}

async function build(cleanup: Cleanup): Promise<void> {
  for (const name of [router, asker, sink]) await makeNamespace(cleanup, name);
  await batch(asker, [
    'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set br0 up',
    'link add ask type veth peer name p0',
    'link set p0 master br0 up',
    'link set ask up',
  ]);
  await writeSettings(router, { 'ipv4/conf/all/forwarding': 1 });
  for (const i of [0, 1]) {
    await batch(router, [
      `link add out${i} type veth peer name e${i} netns ${sink}`,
      `address add 10.9.${i}.1/24 dev out${i}`,
      `link set out${i} up`,
    ]);
    await batch(sink, [`link set e${i} up`]);
  }
  await waitUp(router, ['out0', 'out1']);
  await plugIn();
  const routes = start.routes.map((route) => `route add ${spec(route)}`);
  await batch(router, [...routes, 'rule add pref 100 iif in0 lookup 50']);
  await waitUp(asker, ['ask', 'p0']);
}

interface Window {
  what: string;
  before: bigint;
  after: bigint;
  /** The worlds before the change and after it. */
  from: World;
  to: World;
}

/** The worlds that may have been at a moment. */
function worldsAt(windows: Window[], ns: bigint): { worlds: World[]; what: string } {
  const window = windows.findLast(({ before }) => before <= ns);
  if (!window) return { worlds: [start], what: 'the start' };
  if (ns > window.after) return { worlds: [window.to], what: `after ${window.what}` };
  return { worlds: [window.from, window.to], what: `during ${window.what}` };
}

describe('changes under a stream of requests', () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  it('never make a decision name what was not true', async () => {
    await build(cleanup);
    const directory = cleanup.add(mkdtempSync(join(tmpdir(), 'arpwhy-changes-')), (made) =>
      rmSync(made, { recursive: true, force: true }),
    );
    const recording = join(directory, 'a.pcapng');
    const started = await TraceProcess.start('--netns', router, '-o', recording);
    const trace = cleanup.add(started, (one) => one.kill());
    const targets = { target: firstTarget, targets: 4, to: routerMac };
    new Generator(cleanup, asker, { dev: 'ask', sender, ...targets, rate: 2000, count: 10_000_000 });
    await trace.until('a whole decision', (decisions) => decisions.some(isWhole));

    const windows: Window[] = [];
    let world = start;
    for (const [i, { what, make, becomes }] of changes.entries()) {
      const before = process.hrtime.bigint();
      await make();
      const after = process.hrtime.bigint();
      const next = becomes(world);
      windows.push({ what, before, after, from: world, to: next });
      world = next;
      // every fourth state is left long enough to be read, the others are gone as soon as a few asked
      const until = after + (i % 4 === 3 ? 250_000_000n : 15_000_000n);
      if (world.asking === null) continue;
      await trace.until(`decisions after ${what}`, (decisions) => lastNs(decisions) > until);
    }
    const last = windows.at(-1)?.after ?? 0n;
    const quiet = last + 1_000_000_000n;
    await trace.until('decisions after the last change', (all) => lastNs(all) > quiet + 200_000_000n);
    expect(await trace.stop()).toBe(0);

    const { decisions } = trace;
    const faults = decisions.flatMap((decision) => {
      const { worlds, what } = worldsAt(windows, BigInt(decision.monotonicNs));
      const truths = worlds.flatMap((one) => truthOf(one, decision.request.target.ip ?? '') ?? []);
      const fault = faultOf(decision, truths);
      return fault === null ? [] : [`${what}: ${fault}`];
    });
    const whole = decisions.filter(isWhole).length;
    console.log(`${windows.length} changes, ${decisions.length} decisions, ${whole} of them whole`);
    expect([...new Set(faults)].slice(0, 10), `${faults.length} are wrong`).toEqual([]);
    expect(await wrongCauses(recording, windows)).toEqual([]);
    expect(whole / decisions.length).toBeGreaterThan(0.2);
    const late = decisions.filter(({ monotonicNs }) => BigInt(monotonicNs) > quiet);
    expect(late.length).toBeGreaterThan(100);
    expect(late.filter((decision) => !isWhole(decision))).toEqual([]);
    expect(trace.end.accounts).toMatchObject({
      delivered: decisions.length,
      seen: decisions.length,
      lost: 0,
    });
  });
});

/** What a report would name as a cause, or an end, that made no difference then, to any address that it is told for. */
async function wrongCauses(recording: string, windows: Window[]): Promise<string[]> {
  const story = new Story();
  for await (const batch of new MergedReader([recording], { states: true }).batches())
    for (const entry of batch) story.take(entry);
  story.finish();
  const isDifferent = ({ from, to }: Window, targets: ReadonlySet<string>) =>
    [...targets].some((ip) => JSON.stringify(truthOf(from, ip)) !== JSON.stringify(truthOf(to, ip)));
  const { all } = story.episodes;
  expect(all.length).toBeGreaterThan(10);
  const causes = all.flatMap(({ causes: some, left, targets }) =>
    [...some, ...left.flatMap(({ changes: ends }) => ends)].map((cause) => ({ ...cause, targets })),
  );
  console.log(`${all.length} answers moved, by ${causes.length} changes as the report has it`);
  expect(causes.length).toBeGreaterThan(5);
  return causes.flatMap(({ event, weight = 0, targets }) => {
    if (weight < explains) return [];
    const [fromNs, seenNs] = [BigInt(event.fromNs), BigInt(event.monotonicNs)];
    const then = windows.filter(({ before, after }) => before <= seenNs && after >= fromNs);
    if (then.some((window) => isDifferent(window, targets))) return [];
    return [`${event.changes.map(({ change, text }) => `${change} ${text}`)}, for ${[...targets]}`];
  });
}

function lastNs(decisions: Decision[]): bigint {
  return BigInt(decisions.at(-1)?.monotonicNs ?? 0);
}
