import { describe, expect, it } from 'vitest';
import type { GatesSeen, LookupSeen, Pass, Proof } from '../../src/decision/types.js';
import {
  address,
  asking,
  back,
  decideOn,
  final,
  localInfo,
  lookup,
  other,
  parse,
  pass,
  proof,
  reply,
  route,
  rule,
  said,
} from './builders.js';

/** What hooks on functions saw of a lookup: nothing but what is given. */
function seen(fields: Partial<LookupSeen>): LookupSeen {
  return { rule: null, prefixLength: null, suppressed: false, byInput: false, ...fields };
}

const away = { route: final('unicast', other), reply, settings: { proxy_arp: 1 } };
const mainRules = [rule(0, 255), rule(32766, 254), rule(32767, 253)];
const missed = { table: 255, errno: 11 };

describe('rules and prefixes', () => {
  it('are observed where they were seen, without any snapshot', () => {
    const decision = decideOn(
      pass({
        ...away,
        customRules: true,
        lookups: [
          lookup({ ...missed, seen: seen({ rule: 0 }) }),
          lookup({ seen: seen({ rule: 32766, prefixLength: 24 }) }),
        ],
      }),
    );
    expect(said(decision)).toBe('replied proxy-arp');
    expect(decision.steps[1]).toMatchObject({
      rule: { priority: 32766, selector: null },
      route: { prefix: '192.0.2.0/24' },
      evidence: { rule: 'observed', prefix: 'observed' },
    });
    expect(decision.unknown).toEqual(['/steps/0/rule/selector', '/steps/0/route', '/steps/1/rule/selector']);
  });

  it('without rules, in which of the merged tables the route lies is not seen', () => {
    const decision = decideOn(pass({ ...away, lookups: [lookup({ seen: seen({ prefixLength: 0 }) })] }));
    expect(decision.steps[0]?.route?.prefix).toBe('0.0.0.0/0');
    expect(decision.unknown).toEqual(['/steps/0/route/table']);
  });

  it('are held against a snapshot: it adds the selector when it agrees', () => {
    const proven = proof({ rules: mainRules, routes: [route(254, '192.0.2.0/24', other)] });
    const lookups = (prefixLength: number, priority = 32766) => [
      lookup({ ...missed, seen: seen({ rule: 0 }) }),
      lookup({ seen: seen({ rule: priority, prefixLength }) }),
    ];
    const agreed = decideOn(pass({ ...away, customRules: true, lookups: lookups(24) }), proven);
    expect(agreed.steps[1]).toMatchObject({ rule: { priority: 32766, selector: '' } });
    expect(agreed.unknown).toEqual([]);
    // a snapshot that says otherwise says nothing about this pass: what was seen stands
    for (const refuted of [lookups(25), lookups(24, 100)]) {
      const decision = decideOn(pass({ ...away, customRules: true, lookups: refuted }), proven);
      expect(decision.steps[1]?.rule).toEqual({ priority: refuted[1]?.seen?.rule, selector: null });
      expect(decision.steps[1]?.evidence.prefix).toBe('observed');
    }
  });

  it('a rule that rejected by itself is observed where it was seen', () => {
    const rejecting = (rulesSeen: Pass['rulesSeen']) =>
      decideOn(
        pass({ customRules: true, route: final('unreachable', 1, 101), ...(rulesSeen ? { rulesSeen } : {}) }),
        proof({ rules: [rule(5, 0, { action: 'unreachable' }), ...mainRules] }),
      );
    expect(rejecting([{ rule: 5, table: 0, errno: 101 }]).steps[0]?.evidence.rule).toBe('observed');
    expect(rejecting(undefined).steps[0]?.evidence.rule).toBe('inferred');
  });

  it('a route that a rule took away again', () => {
    const lookups = [
      lookup({ table: 90, seen: seen({ rule: 90, prefixLength: 0, suppressed: true }) }),
      lookup({ seen: seen({ rule: 32766, prefixLength: 24 }) }),
    ];
    const decision = decideOn(pass({ ...away, customRules: true, lookups }));
    expect(decision.steps.map(({ outcome }) => outcome)).toEqual(['suppressed', 'match']);
    expect(decision.steps[0]?.evidence.outcome).toBe('observed');
  });
});

describe('gates', () => {
  const local = { route: final('local', 1), lookups: [lookup({ info: localInfo, device: asking })] };
  const home = { lookups: [lookup({ device: asking })] };
  const filtered = { ...local, settings: { arp_filter: 1, rp_filter: 1 } };
  const walks = (byInput: boolean[]) => [
    ...local.lookups,
    ...byInput.map((by) => back(1, { seen: seen({ byInput: by }) })),
  ];
  const without = (gatesSeen: GatesSeen) => pass({ ...local, gatesSeen });

  it.each<[string, Pass, string, Proof?]>([
    ['arp_ignore stopped it', without({ ignore: 1 }), 'silent arp-ignore'],
    ['arp_ignore did not', without({ ignore: 0, eventNs: 0 }), 'silent neighbour-table-full'],
    [
      'there was room for the neighbour',
      without({ ignore: 0, eventNs: 1 }),
      'silent unknown: neighbour-table-full',
    ],
    [
      'pneigh_lookup found one',
      pass({ route: final('unicast', other), reply, lookups: [lookup()], gatesSeen: { proxyNeighbour: 1 } }),
      'replied proxy-neighbour',
    ],
    [
      'pneigh_lookup found none',
      pass({ route: final('unicast', other), reply, lookups: [lookup()], gatesSeen: { proxyNeighbour: 0 } }),
      'replied unknown: proxy-neighbour',
    ],
    [
      'fib_validate_source took it, and it is the same device',
      pass({ ...home, gatesSeen: { validateSource: 0 } }),
      'silent same-device',
    ],
    [
      'fib_validate_source did not',
      pass({ ...home, gatesSeen: { validateSource: -22 } }),
      'silent source-invalid',
    ],
    [
      'fib_validate_source did not, as 6.18 says it',
      pass({ ...home, gatesSeen: { validateSource: -16 } }),
      'silent source-invalid',
    ],
    [
      'fib_validate_source took what was worked out to be invalid',
      pass({
        lookups: [...home.lookups, back(asking, { device: other })],
        settings: { rp_filter: 1 },
        gatesSeen: { validateSource: 0 },
      }),
      'silent unknown: ',
    ],
  ])('%s', (_, of, expected, proven) => {
    expect(said(decideOn(of, proven ?? null))).toBe(expected);
  });

  it('what they returned is observed', () => {
    const ignored = (gatesSeen?: GatesSeen) =>
      decideOn(
        pass({ ...local, settings: { arp_ignore: 1 }, ...(gatesSeen ? { gatesSeen } : {}) }),
        proof({ addresses: [address('10.9.9.9/24', asking)] }),
      ).verdict;
    expect(ignored({ ignore: 1 })).toMatchObject({ reason: 'arp-ignore', evidence: 'observed' });
    expect(ignored()).toMatchObject({ reason: 'arp-ignore', evidence: 'inferred' });
  });

  it('lookups after ip_route_input_noref are of arp_filter', () => {
    const purposes = (of: Pass) => parse(of).series.map(({ purpose }) => purpose);
    const gatesSeen = { routeInput: 0 };
    expect(purposes(pass({ ...filtered, lookups: walks([true, false]), gatesSeen }))).toEqual([
      'target',
      'source',
      'filter',
    ]);
    // three walks: two of validation and one of the filter, or the other way round
    expect(parse(pass({ ...filtered, lookups: walks([true, true, false]), gatesSeen })).doubtful).toBe(false);
    expect(parse(pass({ ...filtered, lookups: walks([true, true, false]) })).doubtful).toBe(true);
  });
});
