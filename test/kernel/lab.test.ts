import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/host/run.js';
import { Lab } from '../../src/lab/lab.js';
import { whoHas } from '../../src/lab/requests.js';
import { topology } from '../../src/lab/topologies.js';
import type { Expectation } from '../../src/lab/topology.js';

const prefix = `t${process.pid}l-`;
const ganeti = topology('ganeti');
const nodeMac = 'a0:36:9f:59:be:ef';

/** What a lab that escaped from its namespaces would change on the host. */
function hostState(): unknown {
  const rules = execFileSync('ip', ['-N', 'rule'], { encoding: 'utf8' });
  const devices = ['bond0', 'bond0.90', 'tap0', 'br90', ...ganeti.roles];
  const present = devices.filter((device) => existsSync(`/proc/sys/net/ipv4/conf/${device}`));
  const settings = ['forwarding', 'proxy_arp', 'rp_filter'].flatMap((name) =>
    ['all', 'default'].map((scope) => readFileSync(`/proc/sys/net/ipv4/conf/${scope}/${name}`, 'utf8')),
  );
  return { rules, present, settings };
}

function left(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(prefix)) : [];
}

/** The route that node0's kernel finds for a request from host1. */
async function routeFor(lab: Lab, target: string): Promise<{ dst: string; dev: string; table: string }> {
  const get = ['route', 'get', 'fibmatch', target, 'from', '192.0.2.66', 'iif', 'bond0.90'];
  const { stdout } = await run(['ip', '-n', lab.netns('node0'), '-N', '-j', ...get]);
  const [route] = JSON.parse(stdout);
  return { dst: route.dst, dev: route.dev, table: route.table ?? '254' };
}

function expectedRoute({ because }: Expectation): { dst: string; dev: string; table: string } {
  if (!because) throw new Error('every expectation of this topology names a route');
  const { prefix: found, device, table } = because;
  const dst = found === '0.0.0.0/0' ? 'default' : found.replace('/32', '');
  return { dst, dev: device, table: String(table) };
}

async function ifindex(lab: Lab): Promise<number> {
  const { stdout } = await run(['ip', '-n', lab.netns('node0'), '-j', 'link', 'show', 'dev', 'bond0.90']);
  return JSON.parse(stdout)[0].ifindex;
}

describe('lab ganeti', { timeout: 30_000 }, () => {
  const before = hostState();
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.up(ganeti, { prefix });
  }, 30_000);
  afterAll(() => Lab.down(ganeti, { prefix }));

  it('stands in namespaces and nowhere else', async () => {
    expect(left('/run/netns').sort()).toEqual(ganeti.roles.map((role) => prefix + role).sort());
    expect(hostState()).toEqual(before);
    expect((await Lab.open(ganeti, { prefix })).prefix).toBe(prefix);
  });

  it('names its table in its own namespace', async () => {
    const { stdout } = await run(['ip', '-n', lab.netns('node0'), 'route', 'show', 'table', 'public_90']);
    expect(stdout).toContain('192.0.2.10 dev tap0');
  });

  it('does not come up twice', async () => {
    await expect(Lab.up(ganeti, { prefix })).rejects.toMatchObject({
      code: 'lab',
      message: expect.stringMatching(/arpwhy lab down/),
    });
    expect(left('/run/netns')).toHaveLength(ganeti.roles.length);
  });

  // Every step follows every other one, itself included, at least by way of one more.
  it.each([
    ...['healthy', 'flush', 'recreate', 'restore'],
    ...['recreate', 'recreate', 'flush', 'flush', 'restore', 'restore', 'flush', 'healthy', 'healthy'],
  ])('the kernel agrees with step %s', async (name) => {
    const step = await lab.step(name);
    for (const expectation of step.expect) {
      expect(await routeFor(lab, expectation.target)).toEqual(expectedRoute(expectation));
    }
  });

  it.each(ganeti.steps.map((step) => step.name))('the wire agrees with step %s', async (name) => {
    const step = await lab.step(name);
    for (const { from, target, action } of step.expect) {
      expect(await whoHas(lab, from, target)).toEqual({ answeredBy: action === 'replied' ? nodeMac : null });
    }
  });

  it('asks again by unicast', async () => {
    const answer = await whoHas(lab, 'host2', '192.0.2.1', { broadcast: false });
    expect(answer).toEqual({ answeredBy: '02:00:00:00:00:01' });
  });

  it('reaches the guest from the switch and the node from its own network', async () => {
    await lab.step('healthy');
    for (const [role, target] of [
      ['host1', '192.0.2.10'],
      ['guest', '192.0.2.66'],
      ['mgmt', '10.0.0.2'],
    ] as const) {
      const { answeredBy } = await whoHas(lab, role, target);
      expect(answeredBy).not.toBeNull();
    }
  });

  it('gives bond0.90 a new ifindex when it is made again', async () => {
    const old = await ifindex(lab);
    await lab.step('recreate');
    expect(await ifindex(lab)).not.toBe(old);
  });

  it('heals what was broken by hand', async () => {
    const node0 = lab.netns('node0');
    await run(['ip', '-n', node0, 'link', 'del', 'bond0.90']);
    await run(['ip', '-n', node0, 'rule', 'del', 'pref', '32765']);
    const step = await lab.step('healthy');
    for (const expectation of step.expect) {
      expect(await routeFor(lab, expectation.target)).toEqual(expectedRoute(expectation));
    }
  });

  it('refuses steps and roles that it does not have', async () => {
    await expect(lab.step('flsuh')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/flush/),
    });
    expect(() => lab.netns('node1')).toThrow(/node0/);
  });

  it('cannot ask for what is no address', async () => {
    await expect(whoHas(lab, 'host1', '192.0.2.300')).rejects.toMatchObject({ code: 'lab' });
  });

  it('is removed whole even when half of it is gone, and removed twice', async () => {
    await run(['ip', 'netns', 'del', lab.netns('guest')]);
    await expect(Lab.open(ganeti, { prefix })).rejects.toMatchObject({
      code: 'lab',
      message: expect.stringMatching(/not whole/),
    });
    await lab.down();
    expect([left('/run/netns'), left('/etc/netns')]).toEqual([[], []]);
    await lab.down();
    expect(hostState()).toEqual(before);
  });

  it('leaves nothing when it cannot be built', async () => {
    const broken = {
      ...ganeti,
      async build(half: Lab) {
        await ganeti.build(half);
        throw new Error('no such luck');
      },
    };
    await expect(Lab.up(broken, { prefix })).rejects.toMatchObject({
      code: 'lab',
      message: expect.stringMatching(/no such luck/),
    });
    expect([left('/run/netns'), left('/etc/netns')]).toEqual([[], []]);
  });
});
