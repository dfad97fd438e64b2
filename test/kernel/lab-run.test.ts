import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { whoHas } from '../../src/lab/requests.js';
import { topologies } from '../../src/lab/topologies.js';
import { Cleanup } from './support/cleanup.js';
import { Running } from './support/running.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** What a lab that escaped from its namespaces would change on the host. */
function hostState(): unknown {
  const ask = (...args: string[]) => execFileSync('ip', ['-N', ...args], { encoding: 'utf8' });
  const conf = '/proc/sys/net/ipv4/conf';
  const settings = readdirSync(conf).flatMap((scope) =>
    ['forwarding', 'proxy_arp', 'rp_filter'].map(
      (name) => `${scope} ${name} ${readFileSync(`${conf}/${scope}/${name}`, 'utf8').trim()}`,
    ),
  );
  return { rules: ask('rule'), routes: ask('route', 'show', 'table', 'all'), settings };
}

/** What is left of the lab of one run: its process is in the names. */
function left(directory: string, pid: number): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(`run${pid}-`)) : [];
}

describe.each(topologies.map(({ name, steps }) => ({ name, steps })))('lab run $name', ({ name, steps }) => {
  it.each([1, 2])('decides as expected, and leaves nothing behind: run %i', async () => {
    const before = hostState();
    const running = cleanup.add(new Running(['lab', 'run', name]), (one) => one.kill());
    const status = await running.exit();
    expect({ status, NOT: / NO:/.test(running.stdout) }, `${running.stdout}\n${running.stderr}`).toEqual({
      status: 0,
      NOT: false,
    });
    for (const step of steps) {
      expect(running.stderr).toContain(`${step.name}: ${step.summary}`);
      const rows = running.stdout.split('\n').filter((line) => line.startsWith(`│ ${step.name} `));
      expect(rows.map((row) => /│ yes +│$/.test(row.trimEnd()))).toEqual(
        [...step.expect, ...(step.asks ?? [])].map(() => true),
      );
    }
    expect([left('/run/netns', running.pid), left('/etc/netns', running.pid)]).toEqual([[], []]);
    expect(hostState()).toEqual(before);
  });
});

describe('lab segments', () => {
  it('lets its hosts see what its router decides', async () => {
    const [segments] = topologies.filter(({ name }) => name === 'segments');
    if (!segments) throw new Error('no topology is called segments');
    const lab = cleanup.add(await Lab.up(segments, { prefix: `t${process.pid}s-` }), (one) => one.down());
    const answers = async (from: string, target: string) => (await whoHas(lab, from, target)).answeredBy;
    await lab.step('routes-in-hosts');
    expect(await answers('a1', '192.0.2.12'), 'its neighbour').toBe('02:00:00:00:0a:12');
    expect(await answers('a1', '192.0.2.21'), 'the far host').toBeNull();
    await lab.step('proxy');
    expect(await answers('a1', '192.0.2.12'), 'its neighbour').toBe('02:00:00:00:0a:12');
    expect(await answers('a1', '192.0.2.21'), 'the far host').toBe('02:00:00:00:0a:01');
    expect(await answers('b2', '192.0.2.11'), 'the far host').toBe('02:00:00:00:0b:02');
    await lab.step('no-forwarding');
    expect(await answers('a1', '192.0.2.21'), 'the far host').toBeNull();
    // Every step follows every other one.
    await lab.step('plain');
    expect(await answers('b1', '192.0.2.22'), 'its neighbour').toBe('02:00:00:00:0b:22');
    expect(await answers('b2', '192.0.2.11'), 'the far host').toBeNull();
  });
});
