import { describe, expect, it } from 'vitest';
import { formatPrefix } from '../../src/decision/addresses.js';
import { agrees, predict, routeOf } from '../../src/decision/routes.js';
import type { FibMatch, Lookup, Route } from '../../src/decision/types.js';
import { asking, info, lookup, nexthop, other, prefix, proof, route, snapshot } from './builders.js';

function found(routes: Route[], merged = false, asked: Lookup = lookup(), ignoreLinkdown = false): string {
  const links = [{ index: other, ignoreLinkdown }];
  const { errno, route: met } = predict(snapshot({ routes, links }), asked.table, asked, merged);
  return `${errno} ${met ? formatPrefix(met.prefix) : '-'}`;
}

const wide = route(254, '192.0.0.0/16', other);
const near = (fields: Partial<Route> = {}) => ({ ...route(254, '192.0.2.0/24', other), ...fields });

describe('predict', () => {
  it.each([
    ['nothing', found([]), '11 -'],
    ['another table', found([route(90, 'default', other)]), '11 -'],
    ['the longest prefix', found([wide, near()]), '0 192.0.2.0/24'],
    ['another tos', found([near({ tos: 8 }), wide]), '0 192.0.0.0/16'],
    ['a dead nexthop', found([near({ nexthops: [nexthop(other, { dead: true })] }), wide]), '0 192.0.0.0/16'],
    ['carrier down', found([near({ nexthops: [nexthop(other, { linkdown: true })] })]), '0 192.0.2.0/24'],
    [
      'carrier down, ignored',
      found([near({ nexthops: [nexthop(other, { linkdown: true })] }), wide], false, lookup(), true),
      '0 192.0.0.0/16',
    ],
    [
      'throw ends the table',
      found([route(254, '192.0.2.0/24', null, { type: 'throw' }), wide]),
      '11 192.0.2.0/24',
    ],
    ['unreachable', found([route(254, '192.0.2.0/24', null, { type: 'unreachable' })]), '113 192.0.2.0/24'],
    [
      'an out device',
      found([near(), route(254, '192.0.0.0/16', asking)], false, lookup({ oif: asking })),
      '0 192.0.0.0/16',
    ],
    [
      'a nexthop object without a live nexthop',
      found([near({ viaObject: true, nexthops: [] }), wide]),
      '-1 -',
    ],
    // no counter tells when it goes
    ['a route behind another of its prefix', found([near({ tos: 8 }), near(), wide]), '-1 -'],
    [
      'a throw behind another of its prefix',
      found([near({ tos: 8 }), route(254, '192.0.2.0/24', null, { type: 'throw' }), wide]),
      '-1 -',
    ],
    ['local in the merged trie', found([route(255, '192.0.2.0/24', 1), near()], true), '0 192.0.2.0/24'],
    ['local when not merged', found([route(255, '192.0.2.77', 1), wide]), '0 192.0.0.0/16'],
  ])('%s', (_, got, expected) => expect(got).toBe(expected));

  it('takes the local one of a merged prefix first', () => {
    const local = route(255, '192.0.2.0/24', 1, { type: 'local' });
    expect(predict(snapshot({ routes: [near(), local] }), 254, lookup(), true).route).toBe(local);
  });
});

describe('agrees', () => {
  const met = near();
  const prediction = { errno: 0, route: met, nexthop: nexthop(other) };
  it.each([
    ['all the same', lookup(), true],
    ['errno', lookup({ errno: 11 }), false],
    ['device', lookup({ device: asking }), false],
    ['gateway', lookup({ gateway: 1, gatewayFamily: 2 }), false],
    ['type', lookup({ info: info({ type: 3 }) }), false],
    ['protocol', lookup({ info: info({ protocol: 4 }) }), false],
    ['metric', lookup({ info: info({ metric: 9 }) }), false],
    ['nexthops', lookup({ info: info({ nexthops: 2 }) }), false],
    ['a nexthop object', lookup({ info: null }), false],
  ])('%s', (_, asked, expected) => expect(agrees(prediction, asked)).toBe(expected));
});

describe('routeOf without whole tables', () => {
  const answer: FibMatch = {
    table: 254,
    prefix: prefix('192.0.0.0/16'),
    type: 1,
    protocol: 3,
    metric: 0,
    device: other,
    gateway: null,
  };
  const ask = (fields: Partial<FibMatch>, asked = lookup()) =>
    routeOf(proof({ complete: false }, { target: { ...answer, ...fields } }), 'target', asked, false);

  it('takes the answer that fits', () => {
    expect(ask({})).toMatchObject({ route: { prefix: answer.prefix, nexthops: [{ device: other }] } });
  });
  it('shows no nexthop of several', () => {
    expect(ask({ device: null }, lookup({ info: null }))).toMatchObject({ route: { nexthops: [] } });
  });
  it.each([
    ['device', { device: asking }],
    ['gateway', { gateway: 1 }],
    ['type', { type: 2 }],
    ['protocol', { protocol: 2 }],
    ['metric', { metric: 1 }],
  ])('refuses another %s', (_, fields) => expect(ask(fields)).toBeUndefined());
  it('does not see other tables, or what was not met', () => {
    expect(ask({ table: 90 })).toBe('unseen');
    expect(ask({}, lookup({ errno: 11 }))).toBe('unseen');
  });
});
