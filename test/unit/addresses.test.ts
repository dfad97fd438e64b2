import { expect, it } from 'vitest';
import {
  contains,
  formatIp,
  formatPrefix,
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isZeronet,
  parseIp,
  parsePrefix,
} from '../../src/decision/addresses.js';

it('addresses go both ways', () => {
  for (const text of ['0.0.0.0', '192.0.2.1', '255.255.255.255'])
    expect(formatIp(parseIp(text) as number)).toBe(text);
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.x',
    '-1.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '0001.2.3.4',
  ])
    expect(parseIp(text)).toBeNull();
});

it('prefixes go both ways', () => {
  expect(
    ['default', '10.0.0.0/8', '10.0.0.1'].map((text) => formatPrefix(parsePrefix(text) as never)),
  ).toEqual(['0.0.0.0/0', '10.0.0.0/8', '10.0.0.1/32']);
  for (const text of ['10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/9', 'x/8'])
    expect(parsePrefix(text)).toBeNull();
});

it('contains', () => {
  const within = (prefix: string, ip: string) =>
    contains(parsePrefix(prefix) as never, parseIp(ip) as number);
  expect([
    within('default', '255.0.0.1'),
    within('128.0.0.0/1', '200.0.0.1'),
    within('10.0.0.0/31', '10.0.0.2'),
  ]).toEqual([true, true, false]);
});

it.each([
  ['multicast', isMulticast, '224.0.0.1', '240.0.0.1'],
  ['loopback', isLoopback, '127.255.0.1', '128.0.0.1'],
  ['zero net', isZeronet, '0.0.0.0', '0.0.0.1'],
  ['limited broadcast', isLimitedBroadcast, '255.255.255.255', '255.255.255.254'],
] as const)('%s', (_, test, yes, no) => {
  expect([test(parseIp(yes) as number), test(parseIp(no) as number)]).toEqual([true, false]);
});
