import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatIp } from '../../src/decision/addresses.js';
import type { Decision } from '../../src/decision/types.js';
import { run } from '../../src/host/run.js';
import { ganeti } from '../../src/lab/ganeti.js';
import { Lab } from '../../src/lab/lab.js';
import { inside, writeSettings } from '../../src/lab/namespace.js';
import type { Expectation } from '../../src/lab/topology.js';
import { arpgen } from './support/arpgen.js';
import { Cleanup } from './support/cleanup.js';
import { TraceProcess } from './support/trace.js';

/** The incident, step by step, with broadcast requests (deferred by default) and unicast ones (never). */
const prefix = `t${process.pid}i-`;
const router = `${prefix}node0`;
const routerMac = 'a0:36:9f:59:be:ef';
const cleanup = new Cleanup();
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.up(ganeti, { prefix });
});

afterEach(() => cleanup.run());

afterAll(async () => {
  await lab.down();
});

/** Sends one request and waits for its decision. The sender's address makes it unlike any other. */
async function ask(trace: TraceProcess, target: string, to: string): Promise<Decision> {
  const sender = formatIp(0xc0000200 + 100 + asked++);
  await arpgen(lab.netns('host1'), ['--sender', sender, '--target', target, '--to', to, '--count', '1']);
  const mine = (one: Decision) => one.request.sender.ip === sender && one.request.target.ip === target;
  await trace.until(`the decision about ${target} for ${sender}`, (all) => all.some(mine));
  const found = trace.decisions.filter(mine);
  expect(found).toHaveLength(1);
  return found[0] as Decision;
}
let asked = 0;

/** The part of a decision that an expectation speaks of. */
function essence(decision: Decision): Omit<Expectation, 'from'> {
  const because = decision.because === null ? null : decision.steps[decision.because];
  const before = decision.steps
    .slice(0, decision.because ?? 0)
    .filter(({ purpose, table }) => purpose === 'target' && table?.id !== 255)
    .map(({ table, outcome, rule }) => ({ table: table?.id ?? 0, outcome, rule: rule?.priority ?? -1 }));
  return {
    target: decision.request.target.ip ?? '',
    action: decision.verdict.action,
    reason: decision.verdict.reason,
    because: because
      ? {
          prefix: because.route?.prefix ?? '?',
          device: because.route?.device?.name ?? '?',
          table: because.table?.id ?? 0,
          rule: because.rule?.priority ?? -1,
        }
      : null,
    ...(before.length > 0 ? { before } : {}),
  };
}

/**
 * A change takes until the next reading to be known, and what is asked before that is not proven. So ask until
 * the answer is proven; what is told before that must not be wrong.
 */
async function askUntilProven(trace: TraceProcess, expected: Expectation, to: string): Promise<Decision> {
  for (let tries = 0; tries < 20; tries++) {
    const decision = await ask(trace, expected.target, to);
    if (decision.unknown.length === 0) return decision;
    expect([expected.reason, 'unknown']).toContain(decision.verdict.reason);
    // a part may be proven before the whole: what is told of it has to be what the whole will say
    const because = decision.because === null ? null : decision.steps[decision.because];
    if (!because) continue;
    const said = JSON.stringify(decision);
    expect([null, expected.because?.rule], said).toContain(because.rule?.priority ?? null);
    expect([null, expected.because?.prefix], said).toContain(because.route?.prefix ?? null);
  }
  throw new Error(`nothing about ${expected.target} was proven in 20 tries: ${trace.stderr}`);
}

describe('the incident', () => {
  for (const cast of ['broadcast', 'unicast'] as const) {
    it(`is explained step by step, ${cast}`, async () => {
      const trace = cleanup.add(await TraceProcess.start('--netns', router), (one) => one.kill());
      const to = cast === 'broadcast' ? 'ff:ff:ff:ff:ff:ff' : routerMac;
      for (const name of ['healthy', 'flush', 'restore']) {
        const step = await lab.step(name);
        for (const expected of step.expect) {
          const { from: _from, ...wanted } = expected;
          const decision = await askUntilProven(trace, expected, to);
          expect(essence(decision), `${name}: ${expected.target}`).toEqual(wanted);
          expect(decision.request.cast).toBe(cast);
          expect(decision.verdict.deferredNs !== null).toBe(
            cast === 'broadcast' && decision.verdict.action === 'replied',
          );
          expect(decision.reply?.mac ?? null).toBe(expected.action === 'replied' ? routerMac : null);
          expect(decision.device.name).toBe('bond0.90');
          expect(decision.netns.name).toBe(router);
        }
      }
      expect(await trace.stop()).toBe(0);
      expect(trace.end.accounts).toMatchObject({ lost: 0, pending: 0, abandoned: 0 });
    });
  }

  it('tells that the emptied table was tried before the default route took over', async () => {
    await lab.step('flush');
    const trace = cleanup.add(await TraceProcess.start('--netns', router), (one) => one.kill());
    const expected = ganeti.steps.find(({ name }) => name === 'flush')?.expect.find(({ before }) => before);
    const decision = await askUntilProven(trace, expected as Expectation, routerMac);
    const because = decision.steps[decision.because ?? -1];
    expect(because).toMatchObject({
      purpose: 'target',
      rule: { priority: 32766, selector: '' },
      table: { id: 254, name: 'main' },
      outcome: 'match',
      route: { type: 'unicast', prefix: '0.0.0.0/0', gateway: '10.0.0.1', device: { name: 'bond0' } },
      evidence: { rule: 'inferred', outcome: 'observed', prefix: 'inferred', device: 'observed' },
    });
    expect(decision.steps.find(({ table }) => table?.id === 90)).toMatchObject({
      rule: { priority: 32765, selector: 'iif bond0.90' },
      table: { name: 'public_90' },
      outcome: 'no-usable-route',
      errno: 11,
      route: null,
    });
  });

  it('goes on seeing a device that was deleted and made again, and says so', async () => {
    await lab.step('healthy');
    const trace = cleanup.add(await TraceProcess.start('--netns', router, '--dev', 'bond0.90'), (one) =>
      one.kill(),
    );
    const guest = ganeti.steps.find(({ name }) => name === 'healthy')?.expect[0] as Expectation;
    const before = await askUntilProven(trace, guest, routerMac);
    const step = await lab.step('recreate');
    for (const expected of step.expect) {
      const { from: _from, ...wanted } = expected;
      const decision = await askUntilProven(trace, expected, routerMac);
      expect(essence(decision)).toEqual(wanted);
      expect(decision.device.index).not.toBe(before.device.index);
    }
    expect(trace.stderr).toMatch(/bond0\.90 in \S+ was made again: index \d+ is now \d+/);
    await lab.step('restore');
  });

  it('carries no deferral with proxy_delay 0', async () => {
    await lab.step('healthy');
    await writeSettings(router, { 'ipv4/neigh/bond0.90/proxy_delay': 0 });
    cleanup.add(null, () => writeSettings(router, { 'ipv4/neigh/bond0.90/proxy_delay': 80 }));
    const trace = cleanup.add(await TraceProcess.start('--netns', router), (one) => one.kill());
    const guest = ganeti.steps.find(({ name }) => name === 'healthy')?.expect[0] as Expectation;
    const decision = await askUntilProven(trace, guest, 'ff:ff:ff:ff:ff:ff');
    expect(decision.verdict).toMatchObject({ action: 'replied', reason: 'proxy-arp', deferredNs: null });
    expect(decision.settings.proxy_arp).toEqual({ all: 0, dev: 1 });
  });

  it('answers as the route lookup of iproute2 does', async () => {
    await lab.step('healthy');
    const { stdout } = await run(
      inside(router, ['ip', '-j', 'route', 'get', '192.0.2.99', 'from', '192.0.2.66', 'iif', 'bond0.90']),
    );
    expect(JSON.parse(stdout)[0]).toMatchObject({ dev: 'bond0.90', table: '90' });
  });
});
