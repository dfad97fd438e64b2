import { expect, it } from 'vitest';
import { type DecisionFilter, noFilter, passes } from '../../src/decision/filter.js';
import { decideOn, pass, prefix, sender } from './builders.js';

const decision = decideOn(pass({ from: sender, to: '255.255.255.255' }));

it.each<[string, Partial<DecisionFilter>, boolean]>([
  ['nothing asked', {}, true],
  ['namespace by name', { netns: ['node0'] }, true],
  ['namespace by inode', { netns: ['4026532177'] }, true],
  ['another namespace', { netns: ['node1'] }, false],
  ['one of several devices', { devices: ['eth0', 'bond0.90'] }, true],
  ['another device', { devices: ['eth0'] }, false],
  ['target', { targets: [prefix('255.255.255.255')] }, true],
  ['sender', { senders: [prefix('192.0.2.0/24')] }, true],
  ['another sender', { senders: [prefix('192.0.3.0/24')] }, false],
  ['action', { actions: ['silent'] }, true],
  ['reason', { reasons: ['target-invalid', 'no-route'] }, true],
  ['different fields are and', { actions: ['silent'], reasons: ['no-route'] }, false],
])('%s', (_, filter, expected) => expect(passes(decision, { ...noFilter, ...filter })).toBe(expected));

it('a request without addresses passes no address filter', () => {
  const cut = decideOn(pass({ frame: { arpBytes: 8 } }));
  expect(passes(cut, { ...noFilter, targets: [prefix('default')] })).toBe(false);
});
