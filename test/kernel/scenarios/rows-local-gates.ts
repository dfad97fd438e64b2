import type { Row } from './row.js';

/** The gates in front of an answer for a local target: who has it, and whether this device may say so. */
export const localGates: readonly Row[] = [
  {
    name: 'an address of the asking device',
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        detail: null,
        evidence: 'inferred',
        because: 'local 10.1.0.1/32 dev in0 table main',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
        mac: '02:00:00:00:01:01',
        deferred: false,
        settings: { arp_ignore: { all: 0, dev: 0 } },
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'an address of another device',
    traffic: [{ target: '10.2.0.1' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.2.0.1/32 dev out0 table main',
        mac: '02:00:00:00:01:01',
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'an address of lo',
    setup: ['ip address add 192.0.2.1/32 dev lo'],
    traffic: [{ target: '192.0.2.1' }],
    expect: [{ action: 'replied', reason: 'local-address', because: 'local 192.0.2.1/32 dev lo table main' }],
  },
  {
    name: 'asked twice: the entry of the sender is there',
    traffic: [{ target: '10.1.0.1', count: 2 }],
    expect: [
      { action: 'replied', reason: 'local-address', neighbours: ['created 10.1.0.9'] },
      { action: 'replied', reason: 'local-address', neighbours: ['refreshed 10.1.0.9'] },
    ],
  },
  {
    name: 'a local target with forwarding off',
    setup: ['sysctl conf/in0/forwarding=0'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'a broadcast for a local address waits for no proxy delay',
    setup: ['sysctl neigh/in0/proxy_delay=10000000', 'sysctl conf/in0/proxy_arp=1'],
    traffic: [{ target: '10.1.0.1', to: 'broadcast' }],
    expect: [{ action: 'replied', reason: 'local-address', deferred: false }],
  },
  {
    name: 'AnyIP',
    setup: ['ip route add local 198.51.100.0/24 dev lo'],
    traffic: [{ target: '198.51.100.7' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-route',
        evidence: 'inferred',
        because: 'local 198.51.100.0/24 dev lo table main',
        steps: [
          'target match local 198.51.100.0/24 dev lo table main',
          'source match 10.1.0.0/24 dev in0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
      },
    ],
  },
  {
    name: 'an address within AnyIP',
    setup: ['ip route add local 198.51.100.0/24 dev lo', 'ip address add 198.51.100.7/32 dev out0'],
    traffic: [{ target: '198.51.100.7' }, { target: '198.51.100.8' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 198.51.100.7/32 dev out0 table main',
        target: '198.51.100.7',
      },
      { action: 'replied', reason: 'local-route', target: '198.51.100.8' },
    ],
  },
  {
    name: 'AnyIP for everything, in a table of its own',
    setup: ['ip route add local default dev lo table 100', 'ip rule add iif in0 lookup 100 priority 50'],
    traffic: [{ target: '203.0.113.5' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-route',
        because: 'local 0.0.0.0/0 dev lo table 100 rule 50',
        steps: [
          'target no-usable-route table local rule 0',
          'target match local 0.0.0.0/0 dev lo table 100 rule 50',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
    ],
  },
  {
    name: 'arp_ignore 1: an address of the asking device',
    setup: ['sysctl conf/in0/arp_ignore=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_ignore 1: an address of another device',
    setup: ['sysctl conf/in0/arp_ignore=1'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        detail: null,
        evidence: 'inferred',
        because: null,
        steps: ['target match local 10.2.0.1/32 dev out0 table main'],
        mac: null,
        settings: { arp_ignore: { all: 0, dev: 1 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'arp_ignore 1 on all: an address of another device',
    setup: ['sysctl conf/all/arp_ignore=1'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-ignore', settings: { arp_ignore: { all: 1, dev: 0 } } }],
  },
  {
    name: 'arp_ignore 1: AnyIP is on no device',
    setup: ['ip route add local 198.51.100.0/24 dev lo', 'sysctl conf/in0/arp_ignore=1'],
    traffic: [{ target: '198.51.100.7' }],
    expect: [{ action: 'silent', reason: 'arp-ignore', evidence: 'inferred' }],
  },
  {
    name: 'arp_ignore 1: a probe, with an address of this and of another device',
    setup: ['sysctl conf/in0/arp_ignore=1'],
    traffic: [
      { sender: '0.0.0.0', target: '10.1.0.1' },
      { sender: '0.0.0.0', target: '10.2.0.1' },
    ],
    expect: [
      { action: 'replied', reason: 'local-address', neighbours: [] },
      { action: 'silent', reason: 'arp-ignore', because: null, neighbours: [] },
    ],
  },
  {
    name: 'arp_ignore 2: a sender of the subnet',
    setup: ['sysctl conf/in0/arp_ignore=2'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address', settings: { arp_ignore: { all: 0, dev: 2 } } }],
  },
  {
    name: 'arp_ignore 2: a sender of another subnet',
    setup: ['sysctl conf/in0/arp_ignore=2'],
    traffic: [{ sender: '10.9.0.9', target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-ignore', evidence: 'inferred', sender: '10.9.0.9' }],
  },
  {
    name: 'arp_ignore 2: each of two addresses for its own subnet',
    setup: ['ip address add 10.9.0.1/24 dev in0', 'sysctl conf/in0/arp_ignore=2'],
    traffic: [
      { sender: '10.9.0.9', target: '10.1.0.1' },
      { sender: '10.9.0.9', target: '10.9.0.1' },
    ],
    expect: [
      { action: 'silent', reason: 'arp-ignore', target: '10.1.0.1', neighbours: [] },
      { action: 'replied', reason: 'local-address', target: '10.9.0.1', neighbours: ['created 10.9.0.9'] },
    ],
  },
  {
    name: 'arp_ignore 2: a point-to-point address goes by its far end',
    setup: ['ip address add 192.0.2.1 peer 10.9.0.0/24 dev in0', 'sysctl conf/in0/arp_ignore=2'],
    traffic: [{ sender: '10.9.0.9', target: '192.0.2.1' }],
    expect: [{ action: 'silent', reason: 'arp-ignore' }],
  },
  {
    name: 'arp_ignore 2: a probe is of every subnet',
    setup: ['sysctl conf/in0/arp_ignore=2'],
    traffic: [{ sender: '0.0.0.0', target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_ignore 3: an address of scope global on another device',
    setup: ['sysctl conf/in0/arp_ignore=3'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address', settings: { arp_ignore: { all: 0, dev: 3 } } }],
  },
  {
    name: 'arp_ignore 3: an address of scope host on the asking device',
    setup: ['ip address add 192.0.2.1/32 dev in0 scope host', 'sysctl conf/in0/arp_ignore=3'],
    traffic: [{ target: '192.0.2.1' }],
    expect: [{ action: 'silent', reason: 'arp-ignore', evidence: 'inferred' }],
  },
  {
    name: 'arp_ignore 3: an address of scope link on the asking device',
    setup: ['ip address add 192.0.2.1/32 dev in0 scope link', 'sysctl conf/in0/arp_ignore=3'],
    traffic: [{ target: '192.0.2.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_ignore 3: scope host on lo, whose route_localnet is not known',
    setup: ['ip address add 192.0.2.1/32 dev lo scope host', 'sysctl conf/in0/arp_ignore=3'],
    traffic: [{ target: '192.0.2.1' }],
    expect: [{ action: 'silent', reason: 'unknown', candidates: ['arp-ignore', 'neighbour-table-full'] }],
  },
  {
    name: 'arp_ignore 3: scope host on lo, with route_localnet on all',
    setup: [
      'ip address add 192.0.2.1/32 dev lo scope host',
      'sysctl conf/in0/arp_ignore=3',
      'sysctl conf/all/route_localnet=1',
    ],
    traffic: [{ target: '192.0.2.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_ignore 8',
    setup: ['sysctl conf/in0/arp_ignore=8'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        evidence: 'observed',
        because: null,
        settings: { arp_ignore: { all: 0, dev: 8 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'arp_ignore 8 on all, 1 on the device: the greater one',
    setup: ['sysctl conf/all/arp_ignore=8', 'sysctl conf/in0/arp_ignore=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        evidence: 'observed',
        settings: { arp_ignore: { all: 8, dev: 1 } },
      },
    ],
  },
  {
    name: 'arp_ignore 1 on all, 2 on the device: the greater one',
    setup: ['sysctl conf/all/arp_ignore=1', 'sysctl conf/in0/arp_ignore=2'],
    traffic: [{ sender: '10.9.0.9', target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-ignore', settings: { arp_ignore: { all: 1, dev: 2 } } }],
  },
  {
    name: 'arp_ignore 1 on all, 3 on the device: the greater one answers more',
    setup: ['sysctl conf/all/arp_ignore=1', 'sysctl conf/in0/arp_ignore=3'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address', settings: { arp_ignore: { all: 1, dev: 3 } } }],
  },
  {
    name: 'arp_ignore 4 is reserved: it ignores nothing',
    setup: ['sysctl conf/all/arp_ignore=1', 'sysctl conf/in0/arp_ignore=4'],
    traffic: [{ target: '10.2.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_ignore 8 is of no account for what is proxied',
    setup: ['sysctl conf/in0/arp_ignore=8', 'sysctl conf/in0/proxy_arp=1'],
    expect: [{ action: 'replied', reason: 'proxy-arp' }],
  },
  {
    name: 'arp_filter: two devices in one subnet',
    setup: ['ip address add 10.1.0.2/24 dev out0', 'sysctl conf/all/arp_filter=1'],
    traffic: [{ target: '10.1.0.2' }, { target: '10.1.0.2', from: 'behind', to: '02:00:00:00:02:01' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.1.0.2/32 dev out0 table main',
        steps: [
          'target match local 10.1.0.2/32 dev out0 table main',
          'filter match 10.1.0.0/24 dev in0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
        settings: { arp_filter: { all: 1, dev: 0 }, rp_filter: { all: 0, dev: 0 } },
      },
      {
        action: 'silent',
        reason: 'arp-filter',
        detail: null,
        evidence: 'observed',
        device: 'out0',
        because: '10.1.0.0/24 dev in0 table main',
        steps: [
          'target match local 10.1.0.2/32 dev out0 table main',
          'filter match 10.1.0.0/24 dev in0 table main',
        ],
        neighbours: [],
      },
    ],
  },
  {
    name: 'arp_filter on the device: a host route leads elsewhere',
    setup: ['ip route add 10.1.0.9/32 dev out0', 'sysctl conf/in0/arp_filter=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-filter',
        because: '10.1.0.9/32 dev out0 table main',
        settings: { arp_filter: { all: 0, dev: 1 } },
      },
    ],
  },
  {
    name: 'arp_filter on the other device only',
    setup: ['ip route add 10.1.0.9/32 dev out0', 'sysctl conf/out0/arp_filter=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address', settings: { arp_filter: { all: 0, dev: 0 } } }],
  },
  {
    name: 'arp_filter: no route to the sender',
    setup: ['sysctl conf/in0/arp_filter=1'],
    traffic: [{ sender: '203.0.113.9', target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-filter', because: 'table main' }],
  },
  {
    name: 'arp_filter: the sender is to be reached by a gateway behind the asking device',
    setup: ['ip route add default via 10.1.0.254', 'sysctl conf/in0/arp_filter=1'],
    traffic: [{ sender: '203.0.113.9', target: '10.2.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'arp_filter and AnyIP: open and closed',
    setup: [
      'ip route add local 198.51.100.0/24 dev lo',
      'ip route add 10.1.0.8/32 dev out0',
      'sysctl conf/in0/arp_filter=1',
    ],
    traffic: [{ target: '198.51.100.7' }, { sender: '10.1.0.8', target: '198.51.100.7' }],
    expect: [
      { action: 'replied', reason: 'local-route', because: 'local 198.51.100.0/24 dev lo table main' },
      { action: 'silent', reason: 'arp-filter', because: '10.1.0.8/32 dev out0 table main' },
    ],
  },
  {
    name: 'arp_filter: an address of this host as sender leads to lo',
    setup: ['sysctl conf/in0/accept_local=1', 'sysctl conf/in0/arp_filter=1'],
    traffic: [{ sender: '10.2.0.1', target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-filter', because: 'local 10.2.0.1/32 dev out0 table main' }],
  },
  {
    name: 'arp_filter after source validation by lookup',
    setup: [
      'sysctl conf/all/rp_filter=2',
      'ip route add 10.1.0.9/32 dev out0',
      'sysctl conf/in0/arp_filter=1',
    ],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-filter',
        because: '10.1.0.9/32 dev out0 table main',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table main',
          'source match 10.1.0.9/32 dev out0 table main',
          'source match 10.1.0.0/24 dev in0 table main',
          'filter match 10.1.0.9/32 dev out0 table main',
        ],
      },
    ],
  },
  {
    name: 'arp_filter with custom rules: the way back by the address asked for',
    setup: [
      'ip address add 10.1.0.2/24 dev out0',
      'ip route add 10.1.0.0/24 dev out0 table 100',
      'ip rule add from 10.1.0.2 lookup 100 priority 50',
      'sysctl conf/all/arp_filter=1',
    ],
    traffic: [
      { target: '10.1.0.1' },
      { target: '10.1.0.2' },
      { target: '10.1.0.2', from: 'behind', to: '02:00:00:00:02:01' },
    ],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.1.0.1/32 dev in0 table local rule 0',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table local rule 0',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'filter no-usable-route table local rule 0',
          'filter match 10.1.0.0/24 dev in0 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
      {
        action: 'silent',
        reason: 'arp-filter',
        because: '10.1.0.0/24 dev out0 table 100 rule 50',
        steps: [
          'target match local 10.1.0.2/32 dev out0 table local rule 0',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev out0 table 100 rule 50',
          'source no-usable-route table local rule 0',
          'source no-usable-route table 100 rule 50',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'filter no-usable-route table local rule 0',
          'filter match 10.1.0.0/24 dev out0 table 100 rule 50',
        ],
      },
      {
        action: 'replied',
        reason: 'local-address',
        device: 'out0',
        because: 'local 10.1.0.2/32 dev out0 table local rule 0',
      },
    ],
  },
  {
    name: 'arp_filter with a custom rule that rejects the way back',
    setup: ['ip rule add from 10.1.0.1 to 10.1.0.9 prohibit priority 50', 'sysctl conf/in0/arp_filter=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'arp-filter', because: 'rule 50' }],
  },
  {
    name: 'arp_ignore and arp_filter closed: arp_ignore is asked first',
    setup: [
      'ip route add 10.1.0.9/32 dev out0',
      'sysctl conf/in0/arp_ignore=8',
      'sysctl conf/in0/arp_filter=1',
    ],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        because: null,
        steps: ['target match local 10.1.0.1/32 dev in0 table main'],
      },
    ],
  },
  {
    name: 'no room for the sender: only a local target needs it',
    needs: 'net.ipv4.neigh.default.gc_thresh3, which only the first namespace has',
    setup: [
      'sysctl conf/in0/proxy_arp=1',
      'sysctl conf/out0/arp_ignore=8',
      'ip neigh add 10.1.0.8 lladdr 02:00:00:00:01:09 dev in0 nud stale',
      'neighbour-table full',
    ],
    traffic: [
      { target: '10.1.0.1' },
      { sender: '10.1.0.8', target: '10.1.0.1' },
      { target: '10.2.0.5' },
      { sender: '0.0.0.0', target: '10.1.0.1' },
      { sender: '10.2.0.8', target: '10.2.0.1', from: 'behind', to: '02:00:00:00:02:01' },
    ],
    afterwards: ['neighbour-table restored'],
    expect: [
      {
        action: 'silent',
        reason: 'neighbour-table-full',
        detail: null,
        because: null,
        steps: ['target match local 10.1.0.1/32 dev in0 table main'],
        mac: null,
        neighbours: [],
      },
      { action: 'replied', reason: 'local-address', sender: '10.1.0.8', neighbours: ['refreshed 10.1.0.8'] },
      { action: 'replied', reason: 'proxy-arp', neighbours: [] },
      { action: 'replied', reason: 'local-address', sender: '0.0.0.0', neighbours: [] },
      { action: 'silent', reason: 'arp-ignore', device: 'out0', neighbours: [] },
    ],
  },
  {
    name: 'no room for the sender, and arp_filter closed: arp_filter is asked first',
    needs: 'net.ipv4.neigh.default.gc_thresh3, which only the first namespace has',
    setup: ['ip route add 10.1.0.9/32 dev out0', 'sysctl conf/in0/arp_filter=1', 'neighbour-table full'],
    traffic: [{ target: '10.1.0.1' }],
    afterwards: ['neighbour-table restored'],
    expect: [{ action: 'silent', reason: 'arp-filter', because: '10.1.0.9/32 dev out0 table main' }],
  },
  {
    name: 'an invalid source and arp_ignore: the source is asked first',
    setup: [
      'ip route add 10.1.0.9/32 dev out0',
      'sysctl conf/in0/rp_filter=1',
      'sysctl conf/in0/arp_ignore=8',
      'sysctl conf/in0/arp_filter=1',
    ],
    traffic: [{ target: '10.1.0.1' }],
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
    name: 'a sender that claims our address',
    traffic: [{ sender: '10.1.0.1', target: '10.1.0.1' }],
    expect: [{ action: 'silent', reason: 'source-invalid', detail: 'own-address', because: null }],
  },
  {
    name: 'a sender that claims our address, with drop_gratuitous_arp',
    setup: ['sysctl conf/in0/drop_gratuitous_arp=1'],
    traffic: [{ sender: '10.1.0.1', target: '10.1.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'gratuitous-dropped',
        detail: null,
        evidence: 'observed',
        because: null,
        steps: [],
        settings: { drop_gratuitous_arp: { all: 0, dev: 1 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'an announcement updates the entry of its sender',
    setup: ['ip neigh add 10.1.0.9 lladdr 02:00:00:00:0a:0a dev in0 nud stale'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9', to: 'broadcast' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        because: '10.1.0.0/24 dev in0 table main',
        neighbours: ['updated 10.1.0.9'],
      },
    ],
  },
  {
    name: 'an announcement with arp_accept makes an entry',
    setup: ['sysctl conf/in0/arp_accept=1'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9', to: 'broadcast' }],
    expect: [{ action: 'silent', reason: 'same-device', neighbours: ['created 10.1.0.9'] }],
  },
  {
    name: 'an announcement with drop_gratuitous_arp on all updates nothing',
    setup: [
      'ip neigh add 10.1.0.9 lladdr 02:00:00:00:0a:0a dev in0 nud stale',
      'sysctl conf/all/drop_gratuitous_arp=1',
      'sysctl conf/in0/arp_accept=1',
    ],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9', to: 'broadcast' }],
    expect: [
      {
        action: 'silent',
        reason: 'gratuitous-dropped',
        settings: { drop_gratuitous_arp: { all: 1, dev: 0 } },
        neighbours: [],
      },
    ],
  },
  {
    name: 'drop_gratuitous_arp on another device',
    setup: ['sysctl conf/out0/drop_gratuitous_arp=1'],
    traffic: [{ sender: '10.1.0.9', target: '10.1.0.9' }],
    expect: [{ action: 'silent', reason: 'same-device', neighbours: [] }],
  },
  {
    name: 'drop_gratuitous_arp leaves other requests alone',
    setup: ['sysctl conf/all/drop_gratuitous_arp=1'],
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address' }],
  },
  {
    name: 'an announcement of what would be proxied',
    setup: ['sysctl conf/in0/proxy_arp=1'],
    traffic: [{ sender: '10.2.0.5', target: '10.2.0.5' }],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' }],
  },
  {
    name: 'an announcement of what would be proxied, with drop_gratuitous_arp',
    setup: ['sysctl conf/in0/proxy_arp=1', 'sysctl conf/in0/drop_gratuitous_arp=1'],
    traffic: [{ sender: '10.2.0.5', target: '10.2.0.5' }],
    expect: [{ action: 'silent', reason: 'gratuitous-dropped' }],
  },
  {
    name: 'sender and target are a group: the target is looked at before drop_gratuitous_arp',
    setup: ['sysctl conf/in0/drop_gratuitous_arp=1'],
    traffic: [{ sender: '224.0.0.1', target: '224.0.0.1' }],
    expect: [{ action: 'silent', reason: 'target-invalid', detail: 'multicast' }],
  },
];
