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
        detail: null,
        evidence: 'observed',
        because: '10.2.0.0/24 dev out0 table main',
        steps: [
          'target match 10.2.0.0/24 dev out0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
        mac: '02:00:00:00:01:01',
        deferred: false,
        settings: { forwarding: { dev: 1 }, proxy_arp: { all: 0, dev: 1 } },
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'proxy_arp on all',
    setup: ['sysctl conf/all/proxy_arp=1', 'sysctl conf/in0/proxy_arp=0'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { proxy_arp: { all: 1, dev: 0 } } }],
  },
  {
    name: 'proxy_arp on the other device',
    setup: ['sysctl conf/out0/proxy_arp=1'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', settings: { proxy_arp: { all: 0, dev: 0 } } }],
  },
  {
    name: 'proxy_arp off',
    expect: [
      {
        action: 'silent',
        reason: 'proxy-arp-off',
        detail: null,
        evidence: 'observed',
        because: null,
        steps: ['target match 10.2.0.0/24 dev out0 table main'],
        mac: null,
        settings: { forwarding: { dev: 1 }, proxy_arp: { all: 0, dev: 0 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'proxy_arp off: the entry of the sender is refreshed all the same',
    setup: ['ip neigh add 10.1.0.9 lladdr 02:00:00:00:01:09 dev in0 nud stale'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', neighbours: ['refreshed 10.1.0.9'] }],
  },
  {
    name: 'proxied by a default route through a gateway',
    setup: ['ip route add default via 10.2.0.9', 'sysctl conf/in0/proxy_arp=1'],
    traffic: [{ target: '203.0.113.5' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '0.0.0.0/0 via 10.2.0.9 dev out0 table main',
        steps: [
          'target match 0.0.0.0/0 via 10.2.0.9 dev out0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
      },
    ],
  },
  {
    name: 'the route leads back',
    setup: ['sysctl conf/in0/proxy_arp=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        because: '10.1.0.0/24 dev in0 table main',
        steps: ['target match 10.1.0.0/24 dev in0 table main', 'source match 10.1.0.0/24 dev in0 table main'],
        settings: { proxy_arp_pvlan: { all: 0, dev: 0 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'proxy_arp_pvlan on the device',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp-pvlan',
        detail: null,
        evidence: 'observed',
        because: '10.1.0.0/24 dev in0 table main',
        mac: '02:00:00:00:01:01',
        deferred: false,
        settings: { forwarding: { dev: 1 }, proxy_arp_pvlan: { all: 0, dev: 1 } },
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'proxy_arp_pvlan on all',
    setup: ['sysctl conf/all/proxy_arp_pvlan=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp-pvlan', settings: { proxy_arp_pvlan: { all: 1, dev: 0 } } },
    ],
    before: {
      kernel: [5, 11],
      why: 'the setting of all is there, and nothing reads it',
      expect: [{ action: 'silent', reason: 'same-device', settings: { proxy_arp_pvlan: { dev: 0 } } }],
    },
  },
  {
    name: 'proxy_arp_pvlan on the other device',
    setup: ['sysctl conf/out0/proxy_arp_pvlan=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'silent', reason: 'same-device', settings: { proxy_arp_pvlan: { all: 0, dev: 0 } } }],
  },
  {
    name: 'proxy_arp_pvlan and proxy_arp: which one answers goes by the route',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/proxy_arp_pvlan=1'],
    traffic: [{ target: '10.1.0.77' }, { target: '10.2.0.5' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp-pvlan', target: '10.1.0.77' },
      { action: 'replied', reason: 'proxy-arp', target: '10.2.0.5' },
    ],
  },
  {
    name: 'proxy_arp_pvlan alone does nothing for a route to elsewhere',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', because: null }],
  },
  {
    name: 'proxy_arp_pvlan: a sender that asks for itself',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'self-probe',
        evidence: 'observed',
        steps: ['target match 10.1.0.0/24 dev in0 table main', 'source match 10.1.0.0/24 dev in0 table main'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'proxy_arp_pvlan behind custom rules: a sender that asks for itself',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1', 'ip rule add lookup main priority 50'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'self-probe',
        steps: [
          'target no-usable-route table local rule 0',
          'target match 10.1.0.0/24 dev in0 table main rule 50',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 50',
        ],
      },
    ],
  },
  {
    name: 'proxy_arp_pvlan: a proxy neighbour does not help a sender that asks for itself',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1', 'ip neigh add proxy 10.1.0.9 dev in0'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9' }],
    expect: [{ action: 'silent', reason: 'self-probe' }],
  },
  {
    name: 'proxy_arp_pvlan asks no medium',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1', 'sysctl conf/in0/medium_id=-1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'replied', reason: 'proxy-arp-pvlan' }],
  },
  {
    name: 'a proxy neighbour on the device',
    setup: ['ip neigh add proxy 10.2.0.5 dev in0'],
    traffic: [{ target: '10.2.0.5' }, { target: '10.2.0.6' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-neighbour',
        detail: null,
        evidence: 'inferred',
        because: '10.2.0.0/24 dev out0 table main',
        mac: '02:00:00:00:01:01',
        settings: { forwarding: { dev: 1 }, proxy_arp: { all: 0, dev: 0 } },
        neighbours: ['created 10.1.0.9'],
      },
      { action: 'silent', reason: 'proxy-arp-off', target: '10.2.0.6' },
    ],
  },
  {
    name: 'a proxy neighbour on another device',
    setup: ['ip neigh add proxy 10.2.0.5 dev out0'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off' }],
  },
  {
    name: 'a proxy neighbour on no device counts for every one',
    setup: ['ip neigh add proxy 10.2.0.5'],
    cleanup: ['ip neigh del proxy 10.2.0.5'],
    expect: [{ action: 'replied', reason: 'proxy-neighbour', because: '10.2.0.0/24 dev out0 table main' }],
  },
  {
    name: 'a proxy neighbour that was taken away again',
    setup: ['ip neigh add proxy 10.2.0.5 dev in0', 'ip neigh del proxy 10.2.0.5 dev in0'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off' }],
  },
  {
    name: 'a proxy neighbour whose route leads back',
    setup: ['ip neigh add proxy 10.1.0.77 dev in0'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'silent', reason: 'same-device', because: '10.1.0.0/24 dev in0 table main' }],
  },
  {
    name: 'a proxy neighbour without a route',
    setup: ['ip neigh add proxy 203.0.113.5 dev in0'],
    traffic: [{ target: '203.0.113.5' }],
    expect: [{ action: 'silent', reason: 'no-route', because: 'table main' }],
  },
  {
    name: 'a proxy neighbour, and forwarding off',
    setup: ['ip neigh add proxy 10.2.0.5 dev in0', 'sysctl conf/in0/forwarding=0'],
    expect: [{ action: 'silent', reason: 'forwarding-off' }],
  },
  {
    name: 'a proxy neighbour, and proxy_arp on: proxy_arp is asked first',
    setup: ['ip neigh add proxy 10.2.0.5 dev in0', 'sysctl conf/in0/proxy_arp=1'],
    expect: [{ action: 'replied', reason: 'proxy-arp' }],
  },
  {
    name: 'a proxy neighbour where the medium forbids proxy_arp',
    setup: [
      'ip neigh add proxy 10.2.0.5 dev in0',
      'sysctl conf/in0/proxy_arp=1',
      'sysctl conf/in0/medium_id=5',
      'sysctl conf/out0/medium_id=5',
    ],
    expect: [{ action: 'replied', reason: 'proxy-neighbour', settings: { medium_id: { dev: 5, out: 5 } } }],
  },
  {
    name: 'medium_id: both devices on one medium',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/medium_id=5', 'sysctl conf/out0/medium_id=5'],
    expect: [
      {
        action: 'silent',
        reason: 'medium-id',
        detail: null,
        evidence: 'observed',
        because: '10.2.0.0/24 dev out0 table main',
        settings: { proxy_arp: { all: 0, dev: 1 }, medium_id: { dev: 5, out: 5 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'medium_id: two media',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/medium_id=5', 'sysctl conf/out0/medium_id=6'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { medium_id: { dev: 5, out: 6 } } }],
  },
  {
    name: 'medium_id: none on the out device',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/medium_id=5'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { medium_id: { dev: 5, out: 0 } } }],
  },
  {
    name: 'medium_id -1 on the asking device',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/medium_id=-1', 'sysctl conf/out0/medium_id=6'],
    expect: [{ action: 'silent', reason: 'medium-id', settings: { medium_id: { dev: -1 } } }],
  },
  {
    name: 'medium_id -1 on the out device',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/medium_id=5', 'sysctl conf/out0/medium_id=-1'],
    expect: [{ action: 'silent', reason: 'medium-id', settings: { medium_id: { dev: 5, out: -1 } } }],
  },
  {
    name: 'medium_id 0 on the asking device does not look at the other',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/out0/medium_id=-1'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { medium_id: { dev: 0 } } }],
  },
  {
    name: 'proxy_arp off and one medium: proxy_arp is asked first',
    setup: ['sysctl conf/in0/medium_id=5', 'sysctl conf/out0/medium_id=5'],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', because: null }],
  },
  {
    name: 'forwarding off on the asking device',
    setup: ['sysctl conf/in0/forwarding=0', 'sysctl conf/in0/proxy_arp=1'],
    expect: [
      {
        action: 'silent',
        reason: 'forwarding-off',
        detail: null,
        because: null,
        steps: ['target match 10.2.0.0/24 dev out0 table main'],
        settings: { forwarding: { dev: 0 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'forwarding off on the out device only',
    setup: ['sysctl conf/out0/forwarding=0', 'sysctl conf/in0/proxy_arp=1'],
    expect: [{ action: 'replied', reason: 'proxy-arp', settings: { forwarding: { dev: 1 } } }],
  },
  {
    name: 'ip_forward off for all',
    setup: ['sysctl ip_forward=0', 'sysctl conf/in0/proxy_arp=1'],
    expect: [{ action: 'silent', reason: 'forwarding-off', settings: { forwarding: { dev: 0 } } }],
  },
  {
    name: 'forwarding off and proxy_arp off: forwarding is asked first',
    setup: ['sysctl conf/in0/forwarding=0'],
    expect: [{ action: 'silent', reason: 'forwarding-off' }],
  },
  {
    name: 'forwarding off and a route that leads back: forwarding is asked first',
    setup: ['sysctl conf/in0/forwarding=0', 'sysctl conf/in0/proxy_arp_pvlan=1'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'silent', reason: 'forwarding-off' }],
  },
  {
    name: 'forwarding off and an invalid source: forwarding is asked first',
    setup: [
      'sysctl conf/in0/forwarding=0',
      'sysctl conf/in0/rp_filter=1',
      'ip route add 10.1.0.9/32 dev out0',
    ],
    expect: [{ action: 'silent', reason: 'forwarding-off' }],
  },
  {
    name: 'an invalid source and proxy_arp off: the source is asked first',
    setup: ['sysctl conf/in0/rp_filter=1', 'ip route add 10.1.0.9/32 dev out0'],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '10.1.0.9/32 dev out0 table main',
      },
    ],
  },
  {
    name: 'an invalid source and a route that leads back: the source is asked first',
    setup: ['sysctl conf/in0/rp_filter=1', 'ip route add 10.1.0.9/32 dev out0'],
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'silent', reason: 'source-invalid', detail: 'rp-filter' }],
  },
  {
    name: 'custom rules: proxied',
    setup: ['ip rule add iif in0 lookup main priority 50', 'sysctl conf/in0/proxy_arp=1'],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 50',
        steps: [
          'target no-usable-route table local rule 0',
          'target match 10.2.0.0/24 dev out0 table main rule 50',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
    ],
  },
  {
    name: 'a rule was added and taken away again: the rules are walked for good',
    setup: ['ip rule add lookup 100 priority 50', 'ip rule del priority 50', 'sysctl conf/in0/proxy_arp=1'],
    traffic: [{ target: '10.2.0.5' }, { target: '203.0.113.5' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 32766',
        steps: [
          'target no-usable-route table local rule 0',
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
      {
        action: 'silent',
        reason: 'no-route',
        steps: [
          'target no-usable-route table local rule 0',
          'target no-usable-route table main rule 32766',
          'target no-table table default rule 32767',
        ],
      },
    ],
  },
  {
    name: 'custom rules and proxy_arp off',
    setup: ['ip rule add lookup main priority 50'],
    expect: [
      {
        action: 'silent',
        reason: 'proxy-arp-off',
        because: null,
        steps: [
          'target no-usable-route table local rule 0',
          'target match 10.2.0.0/24 dev out0 table main rule 50',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 50',
        ],
      },
    ],
  },
  {
    name: 'custom rules and forwarding off',
    setup: ['ip rule add lookup main priority 50', 'sysctl conf/in0/forwarding=0'],
    expect: [{ action: 'silent', reason: 'forwarding-off' }],
  },
  {
    name: 'unicast is not delayed',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=10000000'],
    expect: [{ action: 'replied', reason: 'proxy-arp', deferred: false }],
  },
  {
    name: 'broadcast, proxy_delay 0',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=0'],
    traffic: [{ to: 'broadcast' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', deferred: false, settings: { proxy_delay: { dev: 0 } } },
    ],
  },
  {
    name: 'broadcast, a short proxy_delay',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=5'],
    traffic: [{ to: 'broadcast' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main',
        deferred: true,
        mac: '02:00:00:00:01:01',
        settings: { proxy_arp: { all: 0, dev: 1 }, proxy_delay: { dev: 5 } },
        neighbours: ['created 10.1.0.9', 'refreshed 10.1.0.9'],
      },
    ],
  },
  {
    name: 'broadcast, the stock proxy_delay',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=80'],
    traffic: [{ to: 'broadcast' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', deferred: true, settings: { proxy_delay: { dev: 80 } } },
    ],
  },
  {
    name: 'a frame to a group waits as a broadcast does',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=5'],
    traffic: [{ to: '01:00:5e:00:00:01' }],
    expect: [{ action: 'replied', reason: 'proxy-arp', deferred: true }],
  },
  {
    name: 'broadcast, a proxy_delay that does not end: nothing is told yet',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl neigh/in0/proxy_delay=10000000'],
    traffic: [{ to: 'broadcast' }],
    expect: [],
  },
  {
    name: 'broadcast, pvlan: delayed too',
    setup: ['sysctl conf/in0/proxy_arp_pvlan=1', 'sysctl neigh/in0/proxy_delay=5'],
    traffic: [{ target: '10.1.0.77', to: 'broadcast' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp-pvlan',
        because: '10.1.0.0/24 dev in0 table main',
        deferred: true,
      },
    ],
  },
  {
    name: 'broadcast, a proxy neighbour: delayed too',
    setup: ['ip neigh add proxy 10.2.0.5 dev in0', 'sysctl neigh/in0/proxy_delay=5'],
    traffic: [{ to: 'broadcast' }],
    expect: [{ action: 'replied', reason: 'proxy-neighbour', deferred: true }],
  },
  {
    name: 'broadcast that is not proxied is decided at once',
    setup: ['sysctl neigh/in0/proxy_delay=10000000'],
    traffic: [{ to: 'broadcast' }],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', deferred: false }],
  },
  {
    name: 'macvlan: the device asked is the macvlan',
    setup: [
      'ip link add mv0 link in0 address 02:00:00:00:03:01 type macvlan mode bridge',
      'ip address add 10.3.0.1/24 dev mv0',
      'ip link set mv0 up',
      'wait-up mv0',
      'sysctl conf/mv0/forwarding=1',
      'sysctl conf/mv0/proxy_arp=1',
    ],
    traffic: [
      { sender: '10.3.0.9', target: '10.2.0.5', to: '02:00:00:00:03:01' },
      { sender: '10.3.0.9', target: '10.3.0.1', to: '02:00:00:00:03:01' },
      { sender: '10.3.0.9', target: '10.3.0.77', to: '02:00:00:00:03:01' },
    ],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        device: 'mv0',
        mac: '02:00:00:00:03:01',
        because: '10.2.0.0/24 dev out0 table main',
      },
      {
        action: 'replied',
        reason: 'local-address',
        device: 'mv0',
        because: 'local 10.3.0.1/32 dev mv0 table main',
      },
      { action: 'silent', reason: 'same-device', device: 'mv0', because: '10.3.0.0/24 dev mv0 table main' },
    ],
  },
  {
    name: 'macvlan: a broadcast is judged by it, too, while its parent waits',
    setup: [
      'ip link add mv0 link in0 address 02:00:00:00:03:01 type macvlan mode bridge',
      'ip address add 10.3.0.1/24 dev mv0',
      'ip link set mv0 up',
      'wait-up mv0',
      'sysctl conf/mv0/forwarding=1',
      'sysctl conf/in0/proxy_arp=1',
      'sysctl neigh/in0/proxy_delay=10000000',
    ],
    traffic: [{ to: 'broadcast' }],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', device: 'mv0', deferred: false }],
  },
  {
    name: 'macvlan: the way from its parent to it is to another device',
    setup: [
      'ip link add mv0 link in0 address 02:00:00:00:03:01 type macvlan mode bridge',
      'ip address add 10.3.0.1/24 dev mv0',
      'ip link set mv0 up',
      'wait-up mv0',
      'sysctl conf/in0/proxy_arp=1',
    ],
    traffic: [{ target: '10.3.0.77' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', device: 'in0', because: '10.3.0.0/24 dev mv0 table main' },
    ],
  },
  {
    name: 'bridge: the address is on the bridge',
    world: 'bare',
    setup: [
      'ip link add br0 address 02:00:00:00:01:01 type bridge forward_delay 0',
      'ip link set in0 master br0',
      'ip address add 10.1.0.1/24 dev br0',
      'ip link set br0 up',
      'wait-up br0 in0',
    ],
    traffic: [{ target: '10.1.0.1' }, { target: '10.1.0.1', to: 'broadcast' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        device: 'br0',
        because: 'local 10.1.0.1/32 dev br0 table main',
        mac: '02:00:00:00:01:01',
        neighbours: ['created 10.1.0.9'],
      },
      { action: 'replied', reason: 'local-address', device: 'br0', neighbours: ['refreshed 10.1.0.9'] },
    ],
  },
  {
    name: 'bridge: the address is on its port',
    setup: [
      'ip link add br0 address 02:00:00:00:01:01 type bridge forward_delay 0',
      'ip link set in0 master br0',
      'ip link set br0 up',
      'wait-up br0 in0',
      'sysctl conf/br0/arp_ignore=1',
    ],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        device: 'br0',
        steps: ['target match local 10.1.0.1/32 dev in0 table main'],
      },
    ],
  },
  {
    name: 'bridge: proxied for what lies behind another device',
    world: 'bare',
    setup: [
      'ip link add br0 address 02:00:00:00:01:01 type bridge forward_delay 0',
      'ip link set in0 master br0',
      'ip address add 10.1.0.1/24 dev br0',
      'ip address add 10.2.0.1/24 dev out0',
      'ip link set br0 up',
      'wait-up br0 in0',
      'sysctl conf/br0/forwarding=1',
      'sysctl conf/br0/proxy_arp=1',
      'sysctl neigh/br0/proxy_delay=5',
    ],
    traffic: [{ target: '10.2.0.5', to: 'broadcast' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        device: 'br0',
        deferred: true,
        because: '10.2.0.0/24 dev out0 table main',
        mac: '02:00:00:00:01:01',
      },
    ],
  },
  {
    name: 'bridge: the reply is dropped at the port that it leaves through',
    needs: 'the egress hook of nftables',
    world: 'bare',
    setup: [
      'ip link add br0 address 02:00:00:00:01:01 type bridge forward_delay 0',
      'ip link set in0 master br0',
      'ip address add 10.1.0.1/24 dev br0',
      'ip link set br0 up',
      'wait-up br0 in0',
      'nft add table netdev t',
      'nft add chain netdev t c { type filter hook egress device in0 priority 0 ; policy drop ; }',
    ],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', device: 'br0', mac: null }],
  },
];
