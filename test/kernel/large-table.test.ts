import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decision/types.js';
import { toolPath } from '../../src/host/run.js';
import { batch, waitUp, writeSettings } from '../../src/lab/namespace.js';
import { Cleanup } from './support/cleanup.js';
import { Generator, makeNamespace } from './support/namespaces.js';
import { TraceProcess } from './support/trace.js';

const prefix = `t${process.pid}g-`;
const [router, asker, sink] = [`${prefix}r`, `${prefix}a`, `${prefix}s`];
const routerMac = '02:00:00:00:0c:01';
const routes = 300_000;
const table = 77;
const changesPerSecond = 50;
const runMs = 8000;

/** The nth of the table's /28s, which are one after the other from 10.0.0.0 on. */
function nth(n: number): string {
  const ip = 0x0a000000 + n * 16;
  return `${[24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join('.')}/28`;
}

/** Every request is for an address of one of these: the last is in two prefixes in turn. */
const asked = 4;
const changing = `${nth(asked - 1).replace('/28', '')}/30`;

async function build(cleanup: Cleanup): Promise<void> {
  for (const name of [router, asker, sink]) await makeNamespace(cleanup, name);
  await batch(router, [
    `link add in0 address ${routerMac} type veth peer name ask netns ${asker}`,
    `link add out0 type veth peer name e0 netns ${sink}`,
  ]);
  await writeSettings(router, {
    'ipv4/conf/all/forwarding': 1,
    'ipv4/conf/in0/proxy_arp': 1,
    'ipv4/conf/in0/rp_filter': 0,
    'ipv4/neigh/in0/proxy_delay': 0,
  });
  await batch(asker, ['link set ask up']);
  await batch(sink, ['link set e0 up']);
  await batch(router, [
    'link set in0 up',
    'link set out0 up',
    'route add 172.16.0.0/24 dev in0',
    'neigh add 172.16.0.9 lladdr 02:00:00:00:0c:09 dev in0 nud permanent',
    `rule add pref 100 iif in0 lookup ${table}`,
  ]);
  await waitUp(router, ['in0', 'out0']);
  await waitUp(asker, ['ask']);
  await batch(
    router,
    Array.from({ length: routes }, (_, n) => `route add ${nth(n)} dev out0 table ${table}`),
  );
}

/** Adds and deletes routes at a steady pace, half of them inside a prefix that is asked for. */
class Churn {
  changes = 0;
  readonly #child;
  readonly #timer: NodeJS.Timeout;
  readonly #ended: Promise<number | null>;
  stderr = '';

  constructor(cleanup: Cleanup) {
    this.#child = spawn(toolPath('ip'), ['-n', router, '-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve));
    this.#timer = setInterval(() => this.#change(), 1000 / changesPerSecond);
    cleanup.add(this, async (self) => {
      clearInterval(self.#timer);
      self.#child.kill('SIGKILL');
      await self.#ended;
    });
  }

  /** Resolves when all that was added is deleted again, with the exit status. */
  stop(): Promise<number | null> {
    clearInterval(this.#timer);
    while (this.changes % 4 !== 0) this.#change();
    this.#child.stdin.end();
    return this.#ended;
  }

  #change(): void {
    const n = this.changes++;
    const dst = n % 4 < 2 ? changing : '11.0.0.0/24';
    this.#child.stdin.write(`route ${n % 2 === 0 ? 'add' : 'del'} ${dst} dev out0 table ${table}\n`);
  }
}

interface Timed {
  decision: Decision;
  /** From the request to the line that tells of it. */
  delayNs: bigint;
}

/** Every decision from now on, with how long it took. */
function timed(trace: TraceProcess): Timed[] {
  const all: Timed[] = [];
  let read = trace.events.length;
  trace.child.stdout?.on('data', () => {
    const now = process.hrtime.bigint();
    for (; read < trace.events.length; read++) {
      const event = trace.events[read];
      if (event?.schema !== 'arpwhy.decision/1') continue;
      all.push({ decision: event, delayNs: now - BigInt(event.monotonicNs) });
    }
  });
  return all;
}

const isMatch = ({ purpose, outcome }: Decision['steps'][number]) =>
  purpose === 'target' && outcome === 'match';
const prefixOf = ({ steps }: Decision) => steps.find(isMatch)?.route?.prefix ?? null;

function isTrue(decision: Decision, mayChange: boolean): boolean {
  const { request, steps, verdict, unknown } = decision;
  const at = steps.findIndex(isMatch);
  const step = steps[at];
  if (verdict.reason !== 'proxy-arp' || step?.table?.id !== table) return false;
  if (step.rule ? step.rule.priority !== 100 : !unknown.includes(`/steps/${at}/rule`)) return false;
  const found = prefixOf(decision);
  if (found === null) return unknown.includes(`/steps/${at}/route/prefix`);
  const [, , third, last] = (request.target.ip ?? '').split('.').map(Number);
  const n = ((third ?? 0) * 256 + (last ?? 0)) >> 4;
  return found === nth(n) || (mayChange && found === changing && n === asked - 1 && (last ?? 0) % 16 < 4);
}

const share = (decisions: Decision[]) =>
  decisions.filter((one) => prefixOf(one) !== null).length / decisions.length;

/** The most memory that a process ever had, in MB. */
function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('a table of 300,000 routes that changes all the time', () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  it('keeps the trace neither busy nor silent', async () => {
    await build(cleanup);
    const trace = cleanup.add(await TraceProcess.start('--netns', router), (one) => one.kill());
    const all = timed(trace);
    const churn = new Churn(cleanup);
    const targets = { sender: '172.16.0.9', target: '10.0.0.0', targets: 16 * asked, to: routerMac };
    new Generator(cleanup, asker, { dev: 'ask', ...targets, rate: 100, count: 1_000_000 });
    const from = process.hrtime.bigint();
    const until = from + BigInt(runMs) * 1_000_000n;
    await trace.until('decisions during the changes', () => nsOf(all.at(-1)) > until, runMs + 5000);
    expect(await churn.stop(), churn.stderr).toBe(0);
    const stopped = process.hrtime.bigint();
    const quiet = stopped + 2_000_000_000n;
    await trace.until('decisions after the changes', () => nsOf(all.at(-1)) > quiet + 1_000_000_000n);
    const memory = peakMemory(trace.child.pid ?? 0);
    expect(await trace.stop()).toBe(0);

    const during = all.filter((one) => nsOf(one) < until).map(({ decision }) => decision);
    const after = all.filter((one) => nsOf(one) > quiet).map(({ decision }) => decision);
    const slowest = all.reduce((most, { delayNs }) => (delayNs > most ? delayNs : most), 0n);
    console.log(
      `${churn.changes} changes, ${during.length} decisions, ${percent(share(during))} name their prefix,`,
      `afterwards ${percent(share(after))}; the slowest took ${slowest / 1_000_000n} ms, ${memory.toFixed(0)} MB`,
    );
    expect(during.length).toBeGreaterThan(0.8 * 100 * (runMs / 1000));
    expect(churn.changes).toBeGreaterThan(0.5 * changesPerSecond * (runMs / 1000));
    expect(slowest).toBeLessThan(1_500_000_000n);
    expect(all.map(({ decision }) => decision).filter((one) => !isTrue(one, timeOf(one) < stopped))).toEqual(
      [],
    );
    expect(share(during)).toBeGreaterThan(0.05);
    expect(share(after)).toBeGreaterThan(0.95);
    expect(memory).toBeLessThan(300);
    expect(trace.end.accounts).toMatchObject({ seen: trace.decisions.length, lost: 0 });
  });
});

function timeOf(decision: Decision): bigint {
  return BigInt(decision.monotonicNs);
}

function nsOf(one: Timed | undefined): bigint {
  return one ? timeOf(one.decision) : 0n;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
