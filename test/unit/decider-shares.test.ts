import { expect, it } from 'vitest';
import { decide } from '../../src/decision/decide.js';
import { Decider } from '../../src/decision/decider.js';
import { errno } from '../../src/decision/kernel-numbers.js';
import { predict } from '../../src/decision/routes.js';
import { matches } from '../../src/decision/rules.js';
import type { Ipv4, Lookup, Pass, Prefix, Proof, Snapshot } from '../../src/decision/types.js';
import { EventJson } from '../../src/view/json.js';
import { Random } from '../hunt/fuzz/random.js';
import {
  address,
  around,
  asking,
  clock,
  defaultRules,
  final,
  info,
  neighbour,
  other,
  pass,
  proof,
  reply,
  request,
  route,
  rule,
} from './builders.js';

const names = around.names;
const { netnsName: _, names: __, ...base } = around;
const namespace = { name: around.netnsName, names, namesAt: () => names };

const seeds = Array.from({ length: 30 }, (_value, i) => i + 1);
const passesOfEach = 800;

it.each(seeds)(
  'what is told from another decision is what would have been decided, whatever the addresses: seed %i',
  (seed) => {
    const random = new Random(seed);
    const its = stateOf(random);
    const settings = { proxy_arp: random.below(2), arp_ignore: random.below(4), rp_filter: random.below(3) };
    const decider = new Decider(base, clock);
    const json = new EventJson();
    const alike = new Map<string, object>();
    const decisions = new Set<object>();
    for (let i = 0; i < passesOfEach; i++) {
      const of = passIn(its, settings, random, alike);
      const one = { ...request(of), id: `7f3a-${i}` };
      const under = random.chance(0.95) ? its : null;
      const expected = JSON.stringify(decide(one, under, around));
      const decision = decider.decide(one, under, namespace);
      expect(JSON.stringify(decision)).toBe(expected);
      expect(json.of(decision)).toBe(expected);
      decisions.add(decision.steps);
    }
    // most were told from another one, or this shows nothing
    expect(decisions.size).toBeLessThan(passesOfEach / 2);
  },
);

/** Who asks most of the time. */
const asker = 0x0a010203;

/** Few networks, so that prefixes, rules and addresses lie in and beside each other. */
function anyIp(random: Random): Ipv4 {
  const network = random.pick([0x0a000000, 0x0a010000, 0x0a010200, 0xc0000200, 0x7f000000, 0xe0000000]);
  return (network + random.pick([0, 1, 2, 3, 127, 128, 255, 256, 65535])) >>> 0;
}

function anyPrefix(random: Random): Prefix {
  const length = random.pick([0, 8, 15, 16, 23, 24, 25, 30, 31, 32]);
  return { ip: length === 0 ? 0 : (anyIp(random) & (-1 << (32 - length))) >>> 0, length };
}

function text({ ip, length }: Prefix): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}/${length}`;
}

function stateOf(random: Random): Proof {
  const times = (most: number) => Array.from({ length: random.below(most + 1) }, (_value, i) => i);
  const own = times(3).map(() =>
    address(text({ ip: anyIp(random), length: 24 }), random.pick([asking, other])),
  );
  return proof({
    rules: [
      ...times(9).map((i) =>
        rule(100 + i, random.pick([90, 254]), {
          ...(random.chance(0.4) ? { from: anyPrefix(random) } : {}),
          ...(random.chance(0.4) ? { to: anyPrefix(random) } : {}),
          ...(random.chance(0.1) ? { invert: true } : {}),
          ...(random.chance(0.1) ? { action: 'prohibit', table: 0 } : {}),
        }),
      ),
      ...defaultRules,
    ],
    routes: [
      ...own.map((one) =>
        route(255, text({ ip: one.ip, length: 32 }), one.device, { type: 'local', protocol: 2 }),
      ),
      ...times(12).map(() =>
        random.chance(0.2)
          ? route(random.pick([90, 91, 254]), text(anyPrefix(random)), null, {
              type: random.pick(['unreachable', 'prohibit', 'throw'] as const),
            })
          : route(random.pick([90, 91, 254]), text(anyPrefix(random)), random.pick([asking, other])),
      ),
    ],
    addresses: own,
    proxyNeighbours: times(3).map(() => ({ ip: anyIp(random), device: random.pick([null, asking]) })),
  });
}

/** A pass with the lookups that the kernel would have made in this state. Passes that say the same are alike. */
function passIn(
  { snapshot }: Proof,
  settings: NonNullable<Parameters<typeof pass>[0]>['settings'],
  random: Random,
  alike: Map<string, object>,
): Pass {
  const senderIp = random.chance(0.05) ? 0 : random.chance(0.7) ? asker : anyIp(random);
  const targetIp = random.chance(0.05) ? senderIp : anyIp(random);
  const there = walk(snapshot, senderIp, targetIp, asking);
  const met = there.at(-1);
  const found = met?.errno === 0;
  const local = met?.info?.type === 2;
  const back = found ? walk(snapshot, targetIp, senderIp, local ? 1 : met.device) : [];
  const of = pass({
    customRules: true,
    settings: settings ?? {},
    route: found ? final(local ? 'local' : 'unicast', met.device) : null,
    reply: found && random.chance(0.6) ? reply : null,
    neighbours: random.chance(0.1) ? [neighbour()] : [],
    lookups: [...there, ...back],
    frame: {
      senderIp,
      targetIp,
      senderMac: random.pick(['02:00:00:00:00:99', '02:00:00:00:00:98']),
      destination: random.chance(0.1) ? null : 'ff:ff:ff:ff:ff:ff',
    },
  });
  const roles = of.lookups.map(({ saddr, daddr, ...rest }, i) => ({ ...rest, back: i >= there.length }));
  const { senderMac: _mac, senderIp: _ip, targetIp: _target, destination: _to, ...frame } = of.frame;
  const key = JSON.stringify({ ...of, lookups: roles, frame, alike: null }, (_key, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  const same = alike.get(key) ?? {};
  alike.set(key, same);
  return { ...of, alike: same };
}

/** fib_rules_lookup: each rule that takes the flow asks its table, until one of them answers. */
function walk(snapshot: Snapshot, saddr: Ipv4, daddr: Ipv4, iif: number): Lookup[] {
  const lookups: Lookup[] = [];
  const flow = { saddr, daddr, iif, oif: 0, l3mdev: 0, mark: 0, dscp: 0, proto: 0, sport: 0, dport: 0 };
  for (const one of snapshot.rules) {
    if (!matches(one, flow)) continue;
    if (one.action !== 'lookup') break;
    const blank = {
      ...flow,
      table: one.table,
      errno: 0,
      device: 0,
      gateway: 0,
      gatewayFamily: 0,
      info: null,
    };
    const { errno: error, route: met, nexthop } = predict(snapshot, one.table, blank, false);
    const fields = error === 0 && met ? { type: met.type, protocol: met.protocol, metric: met.metric } : null;
    lookups.push({
      ...blank,
      errno: error,
      device: nexthop?.device ?? 0,
      info: fields && info(fields),
    });
    if (error !== errno.again) break;
  }
  return lookups;
}
