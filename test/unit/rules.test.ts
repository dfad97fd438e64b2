import { describe, expect, it } from 'vitest';
import { matches, replay } from '../../src/decision/rules.js';
import type { Lookup, Pass, Route, Rule } from '../../src/decision/types.js';
import {
  asking,
  defaultRules,
  final,
  lookup,
  other,
  parse,
  pass,
  prefix,
  proof,
  route,
  rule,
} from './builders.js';

const to = (table: number, fields: Partial<Lookup> = {}) => lookup({ table, ...fields });
const miss = (table: number) => to(table, { errno: 11 });
const main = route(254, 'default', other);
const own = route(255, '10.9.9.9', asking, { type: 'local', protocol: 2 });

/** "0:no-usable-route 32766:match = match 0"; "none" when no replay explains the lookups. */
function walk(rules: Rule[], lookups: Lookup[], routes: Route[], fields: Partial<Pass> = {}): string {
  const of = pass({ customRules: true, route: final('unicast', other), lookups, ...(fields as object) });
  const [series] = parse(of).series;
  const result = series ? replay(series, of, proof({ rules, routes })) : null;
  if (!result) return 'none';
  const steps = result.steps.map((step) => `${step.rule?.priority ?? step.table}:${step.outcome}`);
  return `${steps.join(' ')} = ${result.end} ${result.errno}`;
}

type Row = [what: string, rules: Rule[], lookups: Lookup[], routes: Route[], expected: string];
const rows: Row[] = [
  [
    'the usual rules',
    defaultRules,
    [miss(255), to(254)],
    [own, main],
    '0:no-usable-route 32766:match = match 0',
  ],
  ['a route that is not in the snapshot', defaultRules, [miss(255), to(254)], [own], 'none'],
  ['a lookup too many', defaultRules, [miss(255), to(254), to(253)], [own, main], 'none'],
  [
    'a table that does not exist',
    [rule(0, 255), rule(5, 90), rule(32766, 254)],
    [miss(255), to(254)],
    [own, main],
    '0:no-usable-route 5:no-table 32766:match = match 0',
  ],
  [
    'a table that has routes and was not asked',
    [rule(0, 255), rule(5, 90), rule(32766, 254)],
    [miss(255), to(254)],
    [own, main, route(90, '10.0.0.0/8', other)],
    'none',
  ],
  ['the end of the rules', [rule(0, 255)], [miss(255)], [own], '0:no-usable-route = none 101'],
  ['a rule that rejects', [rule(5, 0, { action: 'prohibit' })], [], [], '5:prohibit = reject 13'],
  [
    'lookups after a rule that rejects',
    [rule(5, 0, { action: 'blackhole' }), rule(6, 254)],
    [to(254)],
    [main],
    'none',
  ],
  [
    'goto the first of tied priorities',
    [rule(1, 0, { action: 'goto', goto: 9 }), rule(5, 90), rule(9, 91), rule(9, 254)],
    [miss(91), to(254)],
    [route(90, 'default', other), route(91, '10.0.0.0/8', other), main],
    '9:no-usable-route 9:match = match 0',
  ],
  [
    'goto a priority that no rule has goes on',
    [rule(1, 0, { action: 'goto', goto: 8 }), rule(9, 254)],
    [to(254)],
    [main],
    '9:match = match 0',
  ],
  ['nop', [rule(1, 0, { action: 'nop' }), rule(9, 254)], [to(254)], [main], '9:match = match 0'],
  [
    'suppressed by prefix length',
    [rule(5, 90, { suppressPrefixLength: 0 }), rule(9, 254)],
    [to(90), to(254)],
    [route(90, 'default', other), main],
    '5:suppressed 9:match = match 0',
  ],
  [
    'not suppressed, yet more lookups follow',
    [rule(5, 90, { suppressPrefixLength: 0 }), rule(9, 254)],
    [to(90), to(254)],
    [route(90, '192.0.2.0/24', other), main],
    'none',
  ],
  [
    'suppressed at the end',
    [rule(9, 254, { suppressPrefixLength: 0 })],
    [to(254)],
    [main],
    '9:suppressed = none 101',
  ],
  [
    'suppressed by group',
    [rule(5, 90, { suppressGroup: 0 }), rule(9, 254)],
    [to(90), to(254)],
    [route(90, 'default', other), main],
    '5:suppressed 9:match = match 0',
  ],
  [
    'throw',
    [rule(5, 90), rule(9, 254)],
    [miss(90), to(254)],
    [route(90, 'default', other), route(90, '192.0.2.0/24', null, { type: 'throw' }), main],
    '5:no-usable-route 9:match = match 0',
  ],
  [
    'a VRF',
    [rule(1000, 0, { l3mdev: true }), rule(32766, 254)],
    [to(7, { l3mdev: 8 })],
    [route(7, 'default', other), main],
    '1000:match = match 0',
  ],
  [
    'a VRF without a table: the lookup is the next rule’s',
    [rule(1000, 0, { l3mdev: true }), rule(32766, 254)],
    [to(254, { l3mdev: 8 })],
    [main],
    'none',
  ],
  [
    'a rule for the VRF itself: kernels differ',
    [rule(5, 254, { iif: { name: 'vrf', index: 8 } }), rule(6, 254)],
    [to(254, { l3mdev: 8 })],
    [main],
    'none',
  ],
  ['a tunnel id', [rule(5, 254, { tunnel: true }), rule(6, 254)], [to(254)], [main], 'none'],
  [
    'a tunnel id of another device',
    [rule(5, 90, { tunnel: true, iif: { name: 'x', index: 99 } }), rule(6, 254)],
    [to(254)],
    [main],
    '6:match = match 0',
  ],
  [
    'no lookup shows the mark',
    [rule(5, 0, { action: 'prohibit', invert: true, mark: 1, markMask: 255 })],
    [],
    [],
    'none',
  ],
];

describe('replay by rules', () => {
  it.each(rows)('%s', (_, rules, lookups, routes, expected) => {
    expect(walk(rules, lookups, routes)).toBe(expected);
  });
});

describe('replay without rules: main, then default', () => {
  const plain = { customRules: false };
  const fallback = route(253, 'default', other);
  it.each([
    ['main', [to(254)], [main], '254:match = match 0'],
    [
      'a local route lies in main',
      [to(254, { device: asking, info: { type: 2, protocol: 2, nexthops: 1, metric: 0 } })],
      [main, route(255, '192.0.2.77', asking, { type: 'local', protocol: 2 })],
      '254:match = match 0',
    ],
    ['default', [miss(254), to(253)], [fallback], '254:no-usable-route 253:match = match 0'],
    ['default was not asked', [miss(254)], [fallback], 'none'],
    ['no other table is', [to(90)], [route(90, 'default', other)], 'none'],
  ] as [string, Lookup[], Route[], string][])('%s', (_, lookups, routes, expected) => {
    expect(walk([], lookups, routes, plain)).toBe(expected);
  });
});

describe('matches', () => {
  const flow = { ...lookup(), mark: 0x11 };
  it.each([
    ['everything', {}, true],
    ['inverted', { invert: true }, false],
    ['iif', { iif: { name: 'a', index: asking } }, true],
    ['detached iif', { iif: { name: 'a', index: null } }, false],
    ['detached iif, inverted', { iif: { name: 'a', index: null }, invert: true }, true],
    ['oif', { oif: { name: 'a', index: other } }, false],
    ['mark under its mask', { mark: 0x01, markMask: 0x0f }, true],
    ['mark', { mark: 0x01, markMask: 0xff }, false],
    ['from', { from: prefix('192.0.2.0/24') }, true],
    ['to', { to: prefix('198.51.100.0/24') }, false],
    ['tos', { tos: 8 }, false],
    ['protocol', { ipProtocol: 6 }, false],
    ['ports', { dports: { from: 1, to: 9 } }, false],
    ['root among users', { uids: { from: 0, to: 0 } }, true],
    ['other users', { uids: { from: 1000, to: 2000 } }, false],
    ['l3mdev without a VRF', { l3mdev: true }, false],
  ] as [string, Partial<Rule>, boolean][])('%s', (_, fields, expected) => {
    expect(matches(rule(1, 254, fields), flow)).toBe(expected);
  });
});
