import { describe, expect, it } from 'vitest';
import { formatPrefix } from '../../src/decision/addresses.js';
import { lookUp } from '../../src/decision/lookup.js';
import type { Route, Rule } from '../../src/decision/types.js';
import {
  asking,
  defaultRules,
  ip,
  nexthop,
  other,
  prefix,
  route,
  rule,
  sender,
  snapshot,
  target,
} from './builders.js';

const byDefault = route(254, 'default', other);
const own = route(90, '192.0.2.0/24', asking);
const vlan = rule(100, 90, { iif: { name: 'bond0.90', index: asking } });

function found(rules: Rule[], routes: Route[], links: { index: number; group?: number }[] = []): string {
  const state = snapshot({ rules: [...rules, ...defaultRules], routes, links });
  const answer = lookUp(state, { saddr: ip(sender), daddr: ip(target), iif: asking });
  if (!answer) return 'not told';
  const { rule: led, table, outcome, route: met } = answer;
  return `${led?.priority ?? '-'} ${table ?? '-'} ${outcome} ${met ? formatPrefix(met.prefix) : '-'}`;
}

describe('a lookup over a state', () => {
  it.each([
    ['the first rule with a route', found([vlan], [own, byDefault]), '100 90 match 192.0.2.0/24'],
    ['a rule whose table has none', found([vlan], [byDefault]), '32766 254 match 0.0.0.0/0'],
    ['no rule', found([], []), '- - no-usable-route -'],
    [
      'a rule of another device',
      found([{ ...vlan, iif: { name: 'x', index: 7 } }], [own, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a rule for marks',
      found([{ ...vlan, iif: null, mark: 5, markMask: -1 }], [own, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a rule with ports',
      found([{ ...vlan, dports: { from: 80, to: 80 } }], [own, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a rule for a VRF',
      found([{ ...vlan, iif: null, l3mdev: true }], [own, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    ['a rule that rejects', found([rule(50, 0, { action: 'blackhole' })], [byDefault]), '50 - blackhole -'],
    [
      'a rule that is inverted',
      found([rule(50, 0, { action: 'prohibit', invert: true, from: prefix('192.0.2.0/24') })], [byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'goto',
      found([rule(50, 0, { action: 'goto', goto: 32766 }), vlan], [own, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a goto that leads nowhere',
      found([rule(50, 0, { action: 'goto', goto: 77 }), vlan], [own, byDefault]),
      '100 90 match 192.0.2.0/24',
    ],
    [
      'throw',
      found([vlan], [route(90, '192.0.2.0/24', null, { type: 'throw' }), byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a route that rejects',
      found([vlan], [route(90, '192.0.2.0/24', null, { type: 'unreachable' }), byDefault]),
      '100 90 unreachable 192.0.2.0/24',
    ],
    [
      'a route that is too short',
      found([{ ...vlan, suppressPrefixLength: 0 }], [route(90, 'default', other), byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a device of a forbidden group',
      found([{ ...vlan, suppressGroup: 5 }], [own, byDefault], [{ index: asking, group: 5 }]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a dead nexthop',
      found([vlan], [{ ...own, nexthops: [nexthop(asking, { dead: true })] }, byDefault]),
      '32766 254 match 0.0.0.0/0',
    ],
    [
      'a nexthop object that yields none',
      found([vlan], [{ ...own, nexthops: [], viaObject: true }, byDefault]),
      'not told',
    ],
  ])('%s', (_what, answer, expected) => {
    expect(answer).toBe(expected);
  });

  it('is not told by a state whose tables were too large', () => {
    const state = { ...snapshot({ routes: [byDefault] }), complete: false };
    expect(lookUp(state, { saddr: ip(sender), daddr: ip(target), iif: asking })).toBeNull();
  });
});
