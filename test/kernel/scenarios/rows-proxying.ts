import type { Row } from './row.js';

/** The gates between a route to elsewhere and an answer. */
export const proxying: readonly Row[] = [
  {
    name: 'proxy_arp on the device',
    setup: ['sysctl conf/in0/proxy_arp=1'],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main',
        mac: '02:00:00:00:01:01',
        deferred: false,
        settings: { proxy_arp: { all: 0, dev: 1 } },
      },
    ],
  },
  {
    name: 'proxy_arp on all',
    setup: ['sysctl conf/all/proxy_arp=1', 'sysctl conf/in0/proxy_arp=0'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { proxy_arp: { all: 1, dev: 0 } } }],
  },
  {
    name: 'proxy_arp off',
    expect: [{ action: 'silent', reason: 'proxy-arp-off', because: null }],
  },
  {
    name: 'the route leads back',
    setup: ['sysctl conf/in0/proxy_arp=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'silent', reason: 'same-device', because: '10.1.0.0/24 dev in0 table main' }],
  },
];
