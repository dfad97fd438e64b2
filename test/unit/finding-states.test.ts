import { describe, expect, it } from 'vitest';
import type { Nexthop, Rule } from '../../src/decision/types.js';
import { nexthop, route, rule } from './builders.js';
import { devices, Host, type State, via, wellSet } from './support/host.js';

const guestRoute = route(90, '192.0.2.77/32', devices.tap0);
const dead = (hop: Nexthop): Nexthop => ({ ...hop, dead: true });
const subnet = route(90, '192.0.2.0/24', devices['bond0.90']);
const bySender = (ip: string, table: number) =>
  rule(50, table, {
    selector: `from ${ip}`,
    from: { ip: Number(ip.split('.').reduce((sum, one) => sum * 256 + Number(one), 0)), length: 32 },
  });

describe('the cause, where states were recorded', () => {
  it('is the change that led from one answer to the other, and none that only looks like it', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      // a narrower route of the table, for others; a rule for marks; a route of the table that decides then
      .add(5, route(90, '192.0.2.128/25', devices.tap1))
      .change(6, ({ rules }) => ({
        rules: [rule(40, 254, { selector: 'fwmark 0x5', mark: 5, markMask: -1 }), ...rules],
      }))
      .add(7, route(254, '192.0.2.0/25', devices.bond0, { tos: 16 }))
      .remove(10, '192.0.2.0/24')
      .ask(11, '192.0.2.77')
      .find();
    expect(paragraphs[0]).toMatch(
      /^03:30:10\.0 table public_90 lost 1 route \(192\.0\.2\.0\/24 dev bond0\.90\)\. From/,
    );
  });

  it('is not what was undone before the address moved', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .ask(1, '192.0.2.78', '192.0.2.2')
      .remove(10, '192.0.2.0/24')
      .ask(11, '192.0.2.77')
      .add(12, subnet)
      .change(50, ({ rules }) => ({ rules: [bySender('192.0.2.2', 254), ...rules] }))
      .ask(61, '192.0.2.78', '192.0.2.2')
      .find();
    const one = paragraphs.find((text) => text.includes('1 address (192.0.2.78)')) ?? paragraphs.join('\n');
    expect(one).toContain('03:30:50.0 rule 50: from 192.0.2.2 lookup main was added');
    expect(paragraphs.join('\n')).not.toContain('2 addresses');
  });

  it('is a route that came, and not that it went again', () => {
    const host = new Host().ask(1, '192.0.2.77');
    host.change(11.95, ({ routes }) => ({ routes: [...routes, guestRoute] }), 11.9).ask(12, '192.0.2.77');
    host.change(12.06, ({ routes }) => ({ routes: routes.filter((one) => one !== guestRoute) }), 11.96);
    const { paragraphs } = host.ask(13, '192.0.2.77').find();
    expect(paragraphs[0]).toMatch(
      /^03:30:11\.9 table public_90 got 1 route \(192\.0\.2\.77\/32 dev tap0\)\. From/,
    );
    expect(paragraphs[0]).toContain(
      'as before (same-device) after this: 03:30:12.0 table public_90 lost 1 route',
    );
  });

  it('of an end is not what began it, though it was read after the first answer', () => {
    const host = new Host().ask(1, '203.0.113.9');
    const sent = bySender('192.0.2.1', 0);
    const drop = { ...sent, action: 'blackhole' as const };
    host.change(10, ({ rules }) => ({ rules: [drop, ...rules] }), 9.95);
    // the question came between the change and its reading
    host.ask(9.98, '203.0.113.9');
    host.change(20, ({ rules }) => ({ rules: rules.filter((one) => one !== drop) })).ask(21, '203.0.113.9');
    const { paragraphs } = host.find();
    expect(paragraphs[0]).toMatch(/^03:30:09\.9 rule 50: from 192\.0\.2\.1 blackhole was added\. From/);
    expect(paragraphs[0]).toMatch(
      /as before \(proxy-arp\) after this: 03:30:20\.0 rule 50: from 192\.0\.2\.1 blackhole was removed\.$/,
    );
  });

  it('of addresses that nobody had asked for before is that of the others only where it moves them', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .remove(10, '192.0.2.0/24')
      .ask(11, '192.0.2.77')
      .ask(12, '192.0.2.78')
      // it goes by the default route, whatever becomes of the subnet
      .ask(13, '198.51.100.8')
      .find();
    expect(paragraphs[0]).toContain('1 address more was decided in the same way');
  });

  it('is what made a device go another way, by a rule that jumps', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .ask(1.1, '192.0.2.78')
      .change(10, ({ rules }) => ({
        rules: [rule(60, 0, { selector: '', action: 'goto', goto: 32766 }), ...rules],
      }))
      .ask(11, '192.0.2.77')
      // later, and of no account any more
      .remove(500, '192.0.2.0/24')
      .ask(600, '192.0.2.78')
      .find();
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 rule 60: .*goto 32766 was added\. From/);
    expect(paragraphs[0]).not.toContain('03:38:20');
  });

  it('is another gateway of the default route', () => {
    const { paragraphs } = new Host()
      .ask(1, '203.0.113.9')
      .change(10, ({ routes }) => ({
        routes: routes.map((one) => (one.table === 254 ? { ...one, nexthops: [via('10.0.0.7')] } : one)),
      }))
      .ask(11, '203.0.113.9')
      .find();
    expect(paragraphs[0]).toMatch(
      /^03:30:10\.0 table main changed 1 route \(0\.0\.0\.0\/0 via 10\.0\.0\.7 dev bond0/,
    );
  });
});

describe('states that tell of both decisions', () => {
  const withDefault =
    (...nexthops: Nexthop[]) =>
    ({ routes }: State) => ({
      routes: routes.map((one) => (one.table === 254 ? { ...one, nexthops } : one)),
    });

  it.each<[string, Nexthop[], Nexthop[]]>([
    ['a gateway that came', [nexthop(devices.bond0)], [via('10.0.0.1')]],
    ['a gateway that went', [via('10.0.0.1')], [nexthop(devices.bond0)]],
    ['several nexthops', [via('10.0.0.1')], [nexthop(devices.tap1), nexthop(devices['bond0.90'])]],
    [
      'a nexthop that died',
      [via('10.0.0.1'), nexthop(devices.tap1)],
      [dead(via('10.0.0.1')), nexthop(devices.tap1)],
    ],
  ])('do not hide %s', (_what, before, after) => {
    const { paragraphs } = new Host({ ...wellSet, ...withDefault(...before)(wellSet) })
      .ask(1, '203.0.113.9')
      .change(10, withDefault(...after))
      .ask(11, '203.0.113.9')
      .find();
    expect(paragraphs[0]).toMatch(/^03:30:10\.0 table main changed 1 route \(0\.0\.0\.0\/0 /);
    expect(paragraphs[0]).not.toContain('guess');
  });

  it('do not hide a guest that moved to another device, and back', () => {
    const there = route(90, '192.0.2.77/32', devices['bond0.90']);
    const { paragraphs } = new Host({ ...wellSet, routes: [...wellSet.routes, there] })
      .ask(1, '192.0.2.77')
      .change(10, ({ routes }) => ({ routes: routes.map((one) => (one === there ? guestRoute : one)) }))
      .ask(11, '192.0.2.77')
      .change(20, ({ routes }) => ({ routes: routes.map((one) => (one === guestRoute ? there : one)) }))
      .ask(21, '192.0.2.77')
      .find();
    expect(paragraphs[0]).toMatch(
      /^03:30:10\.0 table public_90 changed 1 route \(192\.0\.2\.77\/32 dev tap0\)\. From/,
    );
    expect(paragraphs[0]).toContain(
      'after this: 03:30:20.0 table public_90 changed 1 route (192.0.2.77/32 dev bond0.90).',
    );
  });

  it('do not take what came behind the move for a cause of it', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .remove(5, '192.0.2.0/24')
      .change(8, ({ routes }) => ({
        routes: routes.map((one) => (one.table === 254 ? { ...one, metric: 100 } : one)),
      }))
      .ask(11, '192.0.2.77')
      .find();
    expect(paragraphs[0]).toMatch(
      /^03:30:05\.0 table public_90 lost 1 route \(192\.0\.2\.0\/24 dev bond0\.90\)\. From/,
    );
  });
});

describe('two who ask for one address', () => {
  it('have causes of their own', () => {
    const drop = (sender: string, priority: number) => ({
      ...bySender(sender, 0),
      priority,
      action: 'blackhole' as const,
    });
    const [one, other] = [drop('192.0.2.1', 50), drop('192.0.2.2', 51)];
    const add =
      (rule: Rule) =>
      ({ rules: all }: State) => ({ rules: [rule, ...all] });
    const both = (host: Host, seconds: number) =>
      host.ask(seconds, '203.0.113.9').ask(seconds + 0.1, '203.0.113.9', '192.0.2.2');
    const host = both(new Host(), 1).change(10, add(one)).change(12, add(other));
    const { paragraphs } = both(host, 15).find();
    expect(paragraphs.join('\n')).toContain('rule 50: from 192.0.2.1 blackhole was added');
    expect(paragraphs.join('\n')).toContain('rule 51: from 192.0.2.2 blackhole was added');
  });

  it('are counted apart where it was always so for one of them', () => {
    const always = bySender('192.0.2.1', 254);
    const { headline, paragraphs } = new Host({ ...wellSet, rules: [always, ...wellSet.rules] })
      .ask(1, '192.0.2.77', '192.0.2.2')
      .ask(2, '192.0.2.77')
      .ask(3, '192.0.2.77')
      .ask(4, '192.0.2.77')
      .change(5, ({ rules: all }) => ({ rules: [{ ...bySender('192.0.2.2', 254), priority: 50 }, ...all] }))
      .ask(6, '192.0.2.77', '192.0.2.2')
      .find();
    expect(paragraphs[0]).toContain('(0.0 s, 1 request)');
    expect(headline).toContain('began to answer 192.0.2.2 for 1 address');
  });

  it('have ends of their own', () => {
    const { headline, paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .ask(1.1, '192.0.2.77', '192.0.2.2')
      .remove(5, '192.0.2.0/24')
      .ask(6, '192.0.2.77')
      .ask(6.1, '192.0.2.77', '192.0.2.2')
      .change(10, ({ rules: all }) => ({
        rules: [{ ...bySender('192.0.2.2', 0), action: 'blackhole' as const }, ...all],
      }))
      .ask(20, '192.0.2.77')
      .ask(30, '192.0.2.77')
      .ask(30.1, '192.0.2.77', '192.0.2.2')
      .find();
    expect(headline).toContain('not seen to end');
    expect(paragraphs[0]).toContain('From 03:30:30.1 on, for 192.0.2.2, it was silent (blackholed');
    expect(paragraphs[0]).toContain('after this: 03:30:10.0 rule 50: from 192.0.2.2 blackhole was added.');
    expect(paragraphs[0]).toContain('For others who ask it was still decided so at 03:30:30.0');
  });

  it('are not said to be told as before by what never touched them', () => {
    const { paragraphs } = new Host()
      .ask(1, '198.51.100.8')
      .ask(1.1, '198.51.100.8', '192.0.2.2')
      .change(5, ({ rules: all }) => ({
        rules: [{ ...bySender('192.0.2.2', 0), action: 'blackhole' as const }, ...all],
      }))
      .ask(6, '198.51.100.8')
      .ask(6.1, '198.51.100.8', '192.0.2.2')
      .ask(8, '198.51.100.8')
      .find();
    expect(paragraphs[0]).toContain('by 192.0.2.2 got no answer any more');
    expect(paragraphs[0]).not.toContain('told as before');
  });

  it('may have been moved by a setting, which no lookup shows', () => {
    const state = (value: number): Partial<State> => ({
      settings: [{ device: 'bond0.90', forwarding: 1, proxy_arp: value, rp_filter: 0 }],
    });
    const { paragraphs } = new Host({ ...wellSet, ...state(0) })
      .ask(1, '192.0.2.50')
      .change(5, () => state(1))
      .ask(8, '198.51.100.8')
      .find();
    expect(paragraphs[0]).toMatch(
      /^03:30:05\.0 net\/ipv4\/conf\/bond0\.90\/proxy_arp = 1 \(it was 0\)\. From/,
    );
  });

  it('are not taken for a move, where the states show none', () => {
    const { headline } = new Host({ ...wellSet, rules: [bySender('192.0.2.2', 254), ...wellSet.rules] })
      .ask(1, '192.0.2.77')
      .remove(5, '192.0.2.0/24')
      .ask(8, '192.0.2.77', '192.0.2.2')
      .find();
    expect(headline).not.toContain('after a change');
  });
});

describe('what led elsewhere before', () => {
  it('is no cause of silence', () => {
    const { paragraphs } = new Host()
      .ask(1, '192.0.2.77')
      .remove(5, '192.0.2.0/24')
      .ask(6, '192.0.2.77')
      .change(10, ({ routes }) => ({
        routes: routes.map((one) =>
          one.table === 254 ? { ...one, nexthops: [nexthop(devices.tap0)] } : one,
        ),
      }))
      .add(30, subnet)
      .ask(31, '192.0.2.77')
      .find();
    expect(paragraphs[0]).toContain(
      'as before (same-device) after this: 03:30:30.0 table public_90 got 1 route',
    );
  });
});

it('goes back into the episode that it came from', () => {
  const byGateway =
    (gateway: string) =>
    ({ routes }: State) => ({
      routes: routes.map((one) => (one.table === 254 ? { ...one, nexthops: [via(gateway)] } : one)),
    });
  const { headline, paragraphs } = new Host()
    .ask(1, '192.0.2.77')
    .remove(5, '192.0.2.0/24')
    .ask(6, '192.0.2.77')
    .change(10, byGateway('10.0.0.7'))
    .ask(11, '192.0.2.77')
    .change(20, byGateway('10.0.0.1'))
    .ask(21, '192.0.2.77')
    .add(30, subnet)
    .ask(31, '192.0.2.77')
    .ask(40, '192.0.2.77')
    .find();
  expect(headline).toBe('node0 began to answer for 1 address that it had been silent about');
  expect(paragraphs[0]).toContain(
    'as before (same-device) after this: 03:30:30.0 table public_90 got 1 route',
  );
  expect(paragraphs).toHaveLength(2);
});

/** A generator of numbers below 1 that are always the same. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

const pool = [
  subnet,
  guestRoute,
  route(90, '192.0.2.0/25', devices.tap1),
  route(90, '192.0.2.64/26', null, { type: 'throw' }),
  route(90, 'default', null, { type: 'blackhole' }),
  route(254, '192.0.2.0/24', devices.bond0),
  route(254, '192.0.2.0/24', devices.bond0, { tos: 16 }),
  route(255, '192.0.2.9/32', devices['bond0.90']),
  { ...route(254, '198.51.100.0/24', devices.bond0), nexthops: [via('10.0.0.7')] },
  {
    ...route(254, '198.51.100.0/25', devices.bond0),
    nexthops: [dead(via('10.0.0.7')), nexthop(devices.tap1)],
  },
  { ...route(254, '192.0.0.0/16', devices.bond0), nexthops: [via('10.0.0.7'), nexthop(devices.tap1)] },
];
const rules = [
  bySender('192.0.2.1', 254),
  { ...bySender('192.0.2.2', 0), priority: 51, action: 'blackhole' as const },
  rule(60, 0, { action: 'goto', goto: 32766 }),
  rule(61, 254, { suppressPrefixLength: 0 }),
];

/** A host that is changed at random, and asked. */
function history(seed: number): { host: Host; questions: { target: string; sender: string }[] } {
  const next = numbers(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T;
  const host = new Host();
  const questions = ['192.0.2.77', '192.0.2.9', '198.51.100.8'].flatMap((target) =>
    ['192.0.2.1', '192.0.2.2'].map((sender) => ({ target, sender })),
  );
  for (let seconds = 1; seconds < 40; seconds++) {
    if (next() < 0.4) {
      const [one, other] = [pick(pool), pick(rules)];
      host.change(seconds, (state) =>
        next() < 0.6 ? { routes: toggled(state.routes, one) } : { rules: toggled(state.rules, other) },
      );
    } else for (const { target, sender } of questions) if (next() < 0.7) host.ask(seconds, target, sender);
  }
  return { host, questions };
}

describe('random histories', () => {
  it('have causes and ends that moved something, and nothing else', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { host, questions } = history(seed);
      for (const { causes, apart, left, targets, now } of host.episodes()) {
        const all = [...causes, ...apart.flatMap(({ changes }) => changes)];
        for (const target of targets) {
          const own = questions.filter((one) => one.target === target);
          const isTold = all.some(({ event }) => own.some((one) => host.moves(event, one)));
          expect(isTold, `seed ${seed}: ${target} in ${now.key}`).toBe(true);
        }
        const asked = questions.filter(({ target }) => targets.has(target));
        const told = [causes, ...left.slice(0, 2).map(({ changes }) => changes)];
        for (const changes of told) {
          expect(changes.length, `seed ${seed}: a cause of ${now.key}`).toBeGreaterThan(0);
          for (const { event } of changes) {
            const words = `seed ${seed}: ${event.changes[0]?.change} ${event.changes[0]?.text}, of ${now.key}`;
            expect(
              asked.some((one) => host.moves(event, one)),
              words,
            ).toBe(true);
          }
        }
      }
    }
  });
});

function toggled<T>(list: readonly T[], one: T): T[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}
