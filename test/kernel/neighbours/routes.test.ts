import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Solicitation } from '../../../src/decision/neighbour/types.js';
import { run } from '../../../src/host/run.js';
import { World } from '../scenarios/world.js';
import { Cleanup } from '../support/cleanup.js';
import { NeighbourWatch } from './play.js';
import { steps } from './steps.js';

/**
 * A router with two devices in one subnet: 10.2.0.1/24 on out0 and 10.2.0.2/24 on seg1. Whatever route sends a packet,
 * the solicitation names the one that `ip route get` names while nothing changes.
 */
const cleanup = new Cleanup();
let watch: NeighbourWatch;

beforeAll(() => {
  watch = new NeighbourWatch();
});
afterEach(() => cleanup.run());
afterAll(() => watch.stop());

interface Case {
  name: string;
  routes: string[];
  device: string;
  /** What is asked for. */
  nextHop: string;
}

const target = '10.2.0.10';
const cases: Case[] = [
  { name: 'no detailed route: the first of the two devices', routes: [], device: 'out0', nextHop: target },
  {
    name: 'a detailed route',
    routes: [`ip route add ${target}/32 dev seg1`],
    device: 'seg1',
    nextHop: target,
  },
  {
    name: 'a detailed route through a gateway in the other segment',
    routes: [`ip route add ${target}/31 via 10.2.0.20 dev seg1`],
    device: 'seg1',
    nextHop: '10.2.0.20',
  },
  {
    name: 'a table that a rule leads to',
    routes: ['ip route add 10.2.0.0/28 dev seg1 table 77', `ip rule add pref 500 to ${target} lookup 77`],
    device: 'seg1',
    nextHop: target,
  },
];

let worlds = 0;

describe.each(cases)('$name', ({ routes, device, nextHop }) => {
  it.each([
    { what: 'a packet of the router', step: `send ${target}`, from: [] },
    {
      what: 'a forwarded packet',
      step: `asker: send ${target}`,
      from: ['from', '10.1.0.9', 'iif', 'in0'],
    },
  ])('$what', async ({ step, from }) => {
    const world = cleanup.add(await World.up(`r${process.pid}x${++worlds}-`), (one) => one.down());
    await steps(world, [
      `ip link add seg1 type veth peer name eth1 netns ${world.behind}`,
      'behind: ip link set eth1 up',
      'ip address add 10.2.0.2/24 dev seg1',
      'ip link set seg1 up',
      'wait-up seg1',
      'asker: ip address add 10.1.0.9/24 dev eth0',
      'asker: ip route add 10.2.0.0/24 via 10.1.0.1',
      ...routes,
      ...['out0', 'seg1'].map((name) => `sysctl neigh/${name}/retrans_time_ms=30`),
    ]);
    const { events } = await watch.play(world, {
      name: '',
      kinds: ['solicitation'],
      steps: [step],
      expect: ['one'],
    });
    const told = events.filter(
      (event): event is Solicitation =>
        event.schema === 'arpwhy.solicitation/1' && event.device.name !== 'in0',
    );
    expect(told, JSON.stringify(events)).toHaveLength(1);
    const [{ because, steps: seen, request, device: by }] = told as [Solicitation];
    expect(by.name).toBe(device);
    expect(request.target.ip).toBe(nextHop);
    const { route } = seen[because ?? -1] ?? {};
    const command = ['ip', '-n', world.router, '-j', 'route', 'get', 'fibmatch', target, ...from];
    const [said] = JSON.parse((await run(command)).stdout) as {
      dst: string;
      dev: string;
      gateway?: string;
    }[];
    expect({
      dst: route?.prefix?.replace('/32', ''),
      dev: route?.device?.name,
      gateway: route?.gateway,
    }).toEqual({
      dst: said?.dst,
      dev: said?.dev,
      gateway: said?.gateway ?? null,
    });
    expect(route?.device?.name).toBe(device);
  });
});
