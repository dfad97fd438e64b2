import { expect, it } from 'vitest';
import { Gates } from '../../src/decision/effective.js';
import { deviceAlone } from '../../src/decision/kernel-release.js';
import { pass } from './builders.js';

it.each([
  ['forwarding', 1, 0, 0],
  ['medium_id', 3, -1, -1],
  ['proxy_arp', 1, 0, 1],
  ['proxy_arp_pvlan', 0, 1, 1],
  ['send_redirects', 1, 0, 1],
  ['bc_forwarding', 1, 0, 0],
  ['bc_forwarding', 1, 1, 1],
  ['rp_filter', 2, 1, 2],
  ['arp_ignore', 1, 8, 8],
] as const)('%s of all %i and dev %i is %i', (name, all, dev, expected) => {
  const gates = new Gates(pass({ settings: { [name]: dev }, all: { [name]: all } }));
  expect(gates.read(name)).toBe(expected);
  expect(Object.keys(gates.consulted)).toEqual([name]);
});

it('does not read of all what an old kernel leaves alone', () => {
  const of = pass({ settings: { proxy_arp_pvlan: 0 }, all: { proxy_arp_pvlan: 1 } });
  for (const [release, expected] of [
    ['5.10.0-46-amd64', { effective: 0, consulted: { dev: 0 } }],
    ['5.11.0', { effective: 1, consulted: { all: 1, dev: 0 } }],
    ['6.1.0-56-amd64', { effective: 1, consulted: { all: 1, dev: 0 } }],
    ['unheard of', { effective: 1, consulted: { all: 1, dev: 0 } }],
  ] as const) {
    const gates = new Gates(of, deviceAlone(release));
    const effective = gates.read('proxy_arp_pvlan');
    expect({ effective, consulted: gates.consulted.proxy_arp_pvlan }, release).toEqual(expected);
  }
});

it('remembers both scopes of what was asked for, and nothing else', () => {
  const gates = new Gates(pass({ outMediumId: 7 }));
  gates.read('proxy_arp');
  gates.read('medium_id');
  gates.outMediumId();
  gates.proxyDelay();
  gates.proxyQlen();
  expect(gates.consulted).toEqual({
    proxy_arp: { all: 0, dev: 0 },
    medium_id: { dev: 0, out: 7 },
    proxy_delay: { dev: 80 },
    proxy_qlen: { dev: 64 },
  });
});

it('reads 0 where the device has no in_device', () => {
  const gates = new Gates(pass({ settings: null }));
  expect([gates.read('forwarding'), gates.consulted]).toEqual([0, {}]);
});
