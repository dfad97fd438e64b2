import type { Row } from './row.js';

const proxyArp = 'sysctl conf/in0/proxy_arp=1';
const forwardingOff = 'sysctl conf/in0/forwarding=0';
const strict = 'sysctl conf/in0/rp_filter=1';
const loose = 'sysctl conf/in0/rp_filter=2';
const noRedirects = ['sysctl conf/all/send_redirects=0', 'sysctl conf/in0/send_redirects=0'];

/** A rule that takes nothing here: from now on the rules are walked. */
const customRules = 'ip rule add from 192.0.2.0/24 table 100 pref 100';

/** A request for an address of the router, and one for an address behind it. */
const own = '10.1.0.1';
const behind = '10.2.0.5';
/** A sender whose route leads to the other side. */
const misplaced = '10.2.0.7';

const passedLocal = 'target no-usable-route table local rule 0';
const sourcePassedLocal = 'source no-usable-route table local rule 0';

/** What the kernel made of the sender's address, and of probes, which have none. */
export const sourceAndProbes: readonly Row[] = [
  {
    name: 'rp_filter 1 on the device, and the sender where it belongs',
    setup: [proxyArp, strict],
    traffic: [{ target: own }, { target: behind }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.1.0.1/32 dev in0 table main',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table main',
          'source match 10.1.0.0/24 dev in0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
      },
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main',
        steps: [
          'target match 10.2.0.0/24 dev out0 table main',
          'source match 10.1.0.0/24 dev in0 table main',
        ],
      },
    ],
  },
  {
    name: 'rp_filter 1 on the device, and the sender on the other side',
    setup: [proxyArp, strict],
    traffic: [
      { target: own, sender: misplaced },
      { target: behind, sender: misplaced },
      { target: own, sender: '192.0.2.9' },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        evidence: 'observed',
        because: '10.2.0.0/24 dev out0 table main',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table main',
          'source match 10.2.0.0/24 dev out0 table main',
        ],
        settings: { rp_filter: { all: 0, dev: 1 } },
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '10.2.0.0/24 dev out0 table main',
        steps: [
          'target match 10.2.0.0/24 dev out0 table main',
          'source match 10.2.0.0/24 dev out0 table main',
        ],
      },
      { action: 'silent', reason: 'source-invalid', detail: 'rp-filter', because: 'table main' },
    ],
  },
  {
    name: 'rp_filter 1 on all',
    setup: [proxyArp, 'sysctl conf/all/rp_filter=1', 'sysctl conf/in0/rp_filter=0'],
    traffic: [{ target: own, sender: misplaced }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        settings: { rp_filter: { all: 1, dev: 0 } },
      },
    ],
  },
  {
    name: 'rp_filter 1 on all and 2 on the device: the greater one counts',
    setup: [proxyArp, 'sysctl conf/all/rp_filter=1', loose],
    traffic: [{ target: behind, sender: misplaced }],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' }],
  },
  {
    name: 'rp_filter 2 lets the other side pass, but not a sender without a route',
    setup: [proxyArp, loose],
    traffic: [
      { target: own, sender: misplaced },
      { target: behind, sender: '192.0.2.9' },
    ],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.1.0.1/32 dev in0 table main',
        steps: [
          'target match local 10.1.0.1/32 dev in0 table main',
          'source match 10.2.0.0/24 dev out0 table main',
          'source no-usable-route table main',
          'neighbour match 10.2.0.0/24 dev out0 table local',
        ],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'table main',
        settings: { rp_filter: { all: 0, dev: 2 } },
      },
    ],
  },
  {
    name: 'rp_filter 2 on a device without an address',
    world: 'bare',
    setup: [proxyArp, loose, 'ip address add 10.2.0.1/24 dev out0', 'ip route add 10.1.0.0/24 dev in0'],
    traffic: [{ sender: misplaced }, {}],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '10.2.0.0/24 dev out0 table main',
      },
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' },
    ],
  },
  {
    name: 'no rp_filter on a device without an address',
    world: 'bare',
    setup: [proxyArp, 'ip address add 10.2.0.1/24 dev out0', customRules],
    traffic: [{ sender: misplaced }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 32766' },
    ],
  },
  {
    name: 'rp_filter 1, and one of two nexthops leads back to the sender',
    setup: [proxyArp, strict, 'ip route add 192.0.2.0/24 nexthop via 10.2.0.9 nexthop via 10.1.0.7'],
    traffic: [{ sender: '192.0.2.9' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main',
        unknown: ['/steps/1/route/device', '/steps/1/route/gateway'],
      },
    ],
  },
  {
    name: 'rp_filter 1, and none of two nexthops leads back to the sender',
    setup: [proxyArp, strict, 'ip route add 192.0.2.0/24 nexthop via 10.2.0.9 nexthop via 10.2.0.10'],
    traffic: [{ sender: '192.0.2.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        unknown: ['/steps/1/route/device', '/steps/1/route/gateway'],
      },
    ],
  },
  {
    name: 'the sender in routes that reject, under rp_filter 1',
    setup: [
      proxyArp,
      strict,
      'ip route add blackhole 192.0.2.0/26',
      'ip route add unreachable 192.0.2.64/26',
      'ip route add prohibit 192.0.2.128/26',
      'ip route add throw 192.0.2.192/26',
    ],
    traffic: [
      { sender: '192.0.2.9' },
      { sender: '192.0.2.70' },
      { sender: '192.0.2.130' },
      { sender: '192.0.2.200' },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'blackhole 192.0.2.0/26 table main',
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'unreachable 192.0.2.64/26 table main',
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'prohibit 192.0.2.128/26 table main',
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'throw 192.0.2.192/26 table main',
      },
    ],
  },
  {
    name: 'the sender in a route that rejects, and no rp_filter',
    setup: [proxyArp, customRules, 'ip route add blackhole 203.0.113.0/24'],
    traffic: [{ sender: '203.0.113.9' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 32766',
        steps: [
          passedLocal,
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          sourcePassedLocal,
          'source blackhole blackhole 203.0.113.0/24 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
    ],
  },
  {
    name: 'a rule that rejects the sender, under rp_filter 1',
    setup: [proxyArp, strict, 'ip rule add to 10.1.0.9 prohibit pref 100'],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        evidence: 'inferred',
        because: 'rule 100',
        steps: [
          passedLocal,
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          sourcePassedLocal,
          'source prohibit rule 100',
        ],
      },
    ],
  },
  {
    name: 'the route to the sender is suppressed, under rp_filter 1',
    setup: [
      proxyArp,
      strict,
      'ip route add default via 10.1.0.7',
      'ip rule add table main suppress_prefixlength 0 pref 100',
      'ip rule del pref 32766',
    ],
    traffic: [{ sender: '192.0.2.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'table default rule 32767',
        steps: [
          passedLocal,
          'target match 10.2.0.0/24 dev out0 table main rule 100',
          sourcePassedLocal,
          'source suppressed 0.0.0.0/0 via 10.1.0.7 dev in0 table main rule 100',
          'source no-table table default rule 32767',
        ],
      },
    ],
  },
  // the host's own addresses
  {
    name: 'own address as sender',
    setup: [proxyArp],
    traffic: [{ sender: '10.2.0.1' }, { target: own, sender: '10.2.0.1' }, { target: own, sender: own }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'inferred',
        because: null,
        steps: ['target match 10.2.0.0/24 dev out0 table main'],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'inferred',
        because: null,
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'inferred',
        because: null,
      },
    ],
  },
  {
    name: 'own address as sender, behind custom rules',
    setup: [proxyArp, customRules],
    traffic: [{ sender: '10.2.0.1' }, { target: own, sender: '10.2.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'observed',
        because: 'local 10.2.0.1/32 dev out0 table local rule 0',
        steps: [
          passedLocal,
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          'source match local 10.2.0.1/32 dev out0 table local rule 0',
        ],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        because: 'local 10.2.0.1/32 dev out0 table local rule 0',
      },
    ],
  },
  {
    name: 'own address as sender, under rp_filter 2',
    setup: [proxyArp, loose],
    traffic: [{ sender: '10.2.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        because: 'local 10.2.0.1/32 dev out0 table main',
      },
    ],
  },
  {
    name: 'own address as sender under accept_local',
    setup: [proxyArp, 'sysctl conf/in0/accept_local=1'],
    traffic: [{ sender: '10.2.0.1' }, { target: own, sender: '10.2.0.1' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' },
      { action: 'replied', reason: 'local-address', because: 'local 10.1.0.1/32 dev in0 table main' },
    ],
  },
  {
    name: 'accept_local and rp_filter 1: own addresses of this device alone',
    setup: [proxyArp, strict, 'sysctl conf/in0/accept_local=1'],
    traffic: [{ sender: '10.2.0.1' }, { sender: own }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'local 10.2.0.1/32 dev out0 table main',
      },
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' },
    ],
  },
  {
    name: 'the address is gone from the device, and its sender comes again',
    setup: [proxyArp, 'ip address add 10.2.0.33/24 dev out0', 'ip address del 10.2.0.33/24 dev out0'],
    traffic: [{ sender: '10.2.0.33' }],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' }],
  },
  {
    name: 'a local route of another address as sender',
    setup: [proxyArp, 'ip route add local 192.0.2.0/24 dev lo'],
    traffic: [{ sender: '192.0.2.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        because: 'local 192.0.2.0/24 dev lo table main',
      },
    ],
  },
  // the out device is the asking one
  {
    name: 'the route leads back, with redirects: the source is looked up',
    setup: [proxyArp],
    traffic: [{ target: '10.1.0.77' }, { target: '10.1.0.77', sender: '10.2.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        evidence: 'observed',
        because: '10.1.0.0/24 dev in0 table main',
        steps: ['target match 10.1.0.0/24 dev in0 table main', 'source match 10.1.0.0/24 dev in0 table main'],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'observed',
        because: 'local 10.2.0.1/32 dev out0 table main',
      },
    ],
  },
  {
    name: 'the route leads back, without redirects: only own addresses are asked for',
    setup: [proxyArp, ...noRedirects],
    traffic: [{ target: '10.1.0.77' }, { target: '10.1.0.77', sender: '10.2.0.1' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        evidence: 'inferred',
        because: '10.1.0.0/24 dev in0 table main',
        steps: ['target match 10.1.0.0/24 dev in0 table main'],
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'inferred',
        because: null,
        steps: ['target match 10.1.0.0/24 dev in0 table main'],
      },
    ],
  },
  {
    name: 'the route leads back, without redirects, behind custom rules',
    setup: [proxyArp, ...noRedirects, customRules],
    traffic: [{ target: '10.1.0.77' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        because: '10.1.0.0/24 dev in0 table main rule 32766',
        steps: [
          passedLocal,
          'target match 10.1.0.0/24 dev in0 table main rule 32766',
          sourcePassedLocal,
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
        ],
      },
    ],
  },
  {
    name: 'the route leads back, and the sender has none',
    setup: [proxyArp],
    traffic: [{ target: '10.1.0.77', sender: '192.0.2.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        because: '10.1.0.0/24 dev in0 table main',
        steps: ['target match 10.1.0.0/24 dev in0 table main', 'source no-usable-route table main'],
      },
    ],
  },
  // martians
  {
    name: 'martian senders',
    setup: [proxyArp],
    traffic: [
      { sender: '127.0.0.1' },
      { sender: '224.0.0.1' },
      { sender: '255.255.255.255' },
      { target: own, sender: '127.0.0.1' },
      // the rest of 0/8 is like any other
      { sender: '0.0.0.5' },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'martian',
        evidence: 'observed',
        because: null,
        steps: [],
        settings: { route_localnet: { all: 0, dev: 0 } },
      },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' },
    ],
  },
  {
    name: 'martian senders behind custom rules, and forwarding off',
    setup: [proxyArp, forwardingOff, customRules],
    traffic: [{ sender: '127.0.0.1' }, { sender: '224.0.0.1' }, { sender: '255.255.255.255' }],
    expect: [
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null, steps: [] },
    ],
  },
  {
    name: 'a loopback sender under route_localnet is an own address, or like any other',
    setup: [proxyArp, 'sysctl conf/in0/route_localnet=1'],
    traffic: [{ sender: '127.0.0.1' }, { sender: '127.9.9.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'own-address',
        evidence: 'inferred',
        because: null,
      },
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' },
    ],
  },
  {
    name: 'a broadcast address as sender',
    setup: [proxyArp, strict],
    traffic: [{ sender: '10.1.0.255' }, { target: own, sender: '10.1.0.255' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'martian',
        because: 'broadcast 10.1.0.255/32 dev in0 table main',
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'martian',
        because: 'broadcast 10.1.0.255/32 dev in0 table main',
      },
    ],
  },
  {
    name: 'two martians at once: the kernel looks at the sender first, but for the limited broadcast',
    setup: [proxyArp],
    traffic: [
      { target: '0.0.0.0', sender: '224.0.0.1' },
      { target: '0.0.0.0', sender: '127.0.0.1' },
      { target: '255.255.255.255', sender: '127.0.0.1' },
      { target: '255.255.255.255', sender: '224.0.0.1' },
      { target: '224.0.0.5', sender: '127.0.0.1' },
    ],
    expect: [
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null },
      { action: 'silent', reason: 'target-invalid', detail: 'zero', because: null },
      { action: 'silent', reason: 'target-invalid', detail: 'broadcast', because: null },
      { action: 'silent', reason: 'source-invalid', detail: 'martian', because: null },
      { action: 'silent', reason: 'target-invalid', detail: 'multicast', because: null },
    ],
  },
  // which rules validate
  {
    name: 'the out device chooses the rule that validates: right one way, not the other',
    setup: [
      proxyArp,
      'sysctl conf/out0/proxy_arp=1',
      strict,
      'sysctl conf/out0/rp_filter=1',
      'ip rule add iif in0 table 100 pref 100',
      'ip rule add iif out0 table 200 pref 200',
      'ip route add 10.2.0.0/24 dev out0 table 100',
      'ip route add 10.1.0.128/25 dev in0 table 200',
      'ip route add default dev out0 table 200',
    ],
    traffic: [{}, { from: 'behind', to: '02:00:00:00:02:01', sender: '10.2.0.9', target: '10.1.0.130' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '0.0.0.0/0 dev out0 table 200 rule 200',
        steps: [
          passedLocal,
          'target match 10.2.0.0/24 dev out0 table 100 rule 100',
          sourcePassedLocal,
          'source match 0.0.0.0/0 dev out0 table 200 rule 200',
        ],
      },
      {
        action: 'replied',
        reason: 'proxy-arp',
        device: 'out0',
        because: '10.1.0.128/25 dev in0 table 200 rule 200',
        steps: [
          passedLocal,
          'target match 10.1.0.128/25 dev in0 table 200 rule 200',
          sourcePassedLocal,
          'source match 10.2.0.0/24 dev out0 table 100 rule 100',
          'neighbour no-usable-route table local',
        ],
      },
    ],
  },
  {
    name: 'src_valid_mark: the mark chooses the rule that validates',
    setup: [
      proxyArp,
      strict,
      'sysctl conf/in0/src_valid_mark=1',
      'nft add table arp t',
      'nft add chain arp t c { type filter hook input priority 0 ; }',
      'nft add rule arp t c meta mark set 5',
      'ip rule add fwmark 5 table 100 pref 100',
      'ip route add default dev out0 table 100',
    ],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '0.0.0.0/0 dev out0 table 100 rule 100',
        steps: [
          passedLocal,
          'target match 0.0.0.0/0 dev out0 table 100 rule 100',
          sourcePassedLocal,
          'source match 0.0.0.0/0 dev out0 table 100 rule 100',
        ],
      },
    ],
  },
  {
    name: 'without src_valid_mark a marked frame is validated without its mark',
    setup: [
      proxyArp,
      strict,
      'nft add table arp t',
      'nft add chain arp t c { type filter hook input priority 0 ; }',
      'nft add rule arp t c meta mark set 5',
      'ip rule add fwmark 5 table 100 pref 100',
      'ip route add default dev out0 table 100',
    ],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '0.0.0.0/0 dev out0 table 100 rule 100',
        steps: [
          passedLocal,
          'target match 0.0.0.0/0 dev out0 table 100 rule 100',
          sourcePassedLocal,
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          'neighbour no-usable-route table local',
        ],
      },
    ],
  },
  // probes: the sender is 0.0.0.0
  {
    name: 'probes',
    setup: [proxyArp],
    traffic: [
      { sender: '0.0.0.0', target: own },
      { sender: '0.0.0.0', target: '10.2.0.1' },
      { sender: '0.0.0.0', target: behind },
      { sender: '0.0.0.0', target: '10.9.0.5' },
      { sender: '0.0.0.0', target: '10.1.0.255' },
      { sender: '0.0.0.0', target: '255.255.255.255' },
      { sender: '0.0.0.0', target: '0.0.0.0' },
      { sender: '0.0.0.0', target: '224.0.0.5' },
      { sender: '0.0.0.0', target: '127.0.0.1' },
    ],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        because: 'local 10.1.0.1/32 dev in0 table local',
        steps: ['probe match local 10.1.0.1/32 dev in0 table local'],
        neighbours: [],
      },
      { action: 'replied', reason: 'local-address', because: 'local 10.2.0.1/32 dev out0 table local' },
      {
        action: 'silent',
        reason: 'probe-not-proxied',
        because: '10.2.0.0/24 dev out0 table local',
        steps: ['probe match 10.2.0.0/24 dev out0 table local'],
        neighbours: [],
      },
      { action: 'silent', reason: 'probe-not-proxied', because: 'table local' },
      {
        action: 'silent',
        reason: 'probe-not-proxied',
        because: 'broadcast 10.1.0.255/32 dev in0 table local',
      },
      { action: 'silent', reason: 'probe-not-proxied', because: null, steps: [] },
      { action: 'silent', reason: 'probe-not-proxied', because: null, steps: [] },
      { action: 'silent', reason: 'target-invalid', detail: 'multicast', because: null },
      { action: 'silent', reason: 'target-invalid', detail: 'loopback', because: null },
    ],
  },
  {
    name: 'probes behind custom rules, and forwarding off',
    setup: [proxyArp, forwardingOff, customRules, 'ip route add local 192.0.2.0/24 dev lo'],
    traffic: [
      { sender: '0.0.0.0', target: own },
      { sender: '0.0.0.0', target: behind },
      { sender: '0.0.0.0', target: '192.0.2.9' },
    ],
    expect: [
      { action: 'replied', reason: 'local-address', because: 'local 10.1.0.1/32 dev in0 table local' },
      {
        action: 'silent',
        reason: 'probe-not-proxied',
        because: 'table local',
        steps: ['probe no-usable-route table local'],
      },
      { action: 'replied', reason: 'local-route', because: 'local 192.0.2.0/24 dev lo table local' },
    ],
  },
  {
    name: 'probes under arp_ignore 1',
    setup: ['sysctl conf/in0/arp_ignore=1'],
    traffic: [
      { sender: '0.0.0.0', target: own },
      { sender: '0.0.0.0', target: '10.2.0.1' },
      { sender: '0.0.0.0', target: behind },
    ],
    expect: [
      { action: 'replied', reason: 'local-address', because: 'local 10.1.0.1/32 dev in0 table local' },
      {
        action: 'silent',
        reason: 'arp-ignore',
        evidence: 'inferred',
        settings: { arp_ignore: { all: 0, dev: 1 } },
      },
      { action: 'silent', reason: 'probe-not-proxied' },
    ],
  },
  {
    name: 'probes under arp_ignore 8',
    setup: ['sysctl conf/all/arp_ignore=8', 'ip address add 0.0.0.5/32 dev in0'],
    traffic: [
      { sender: '0.0.0.0', target: own },
      { sender: '0.0.0.0', target: '0.0.0.5' },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'arp-ignore',
        evidence: 'observed',
        settings: { arp_ignore: { all: 8, dev: 0 } },
      },
      { action: 'silent', reason: 'arp-ignore', evidence: 'observed' },
    ],
  },
  {
    name: 'a probe for itself, where gratuitous requests are dropped',
    setup: ['sysctl conf/in0/drop_gratuitous_arp=1'],
    traffic: [{ sender: '0.0.0.0', target: '0.0.0.0' }],
    expect: [{ action: 'silent', reason: 'gratuitous-dropped', because: null, steps: [] }],
  },
  // two gates at once
  {
    name: 'source and way back, or proxy_arp off, under rp_filter 1: the source comes first',
    setup: [strict],
    traffic: [
      { target: '10.1.0.77', sender: misplaced },
      { target: behind, sender: misplaced },
      { target: '10.2.0.255', sender: misplaced },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '10.2.0.0/24 dev out0 table main',
      },
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: '10.2.0.0/24 dev out0 table main',
      },
      { action: 'silent', reason: 'target-invalid', detail: 'broadcast' },
    ],
  },
  {
    name: 'source and arp_ignore: the source comes first',
    setup: [strict, 'sysctl conf/in0/arp_ignore=8'],
    traffic: [{ target: own, sender: misplaced }, { target: own }],
    expect: [
      { action: 'silent', reason: 'source-invalid', detail: 'rp-filter' },
      { action: 'silent', reason: 'arp-ignore' },
    ],
  },
  {
    name: 'source and forwarding off: forwarding comes first, but not for an own target',
    setup: [strict, forwardingOff],
    traffic: [
      { target: behind, sender: misplaced },
      { target: behind, sender: '10.2.0.1' },
      { target: '10.9.0.5', sender: misplaced },
      { target: own, sender: misplaced },
    ],
    expect: [
      { action: 'silent', reason: 'forwarding-off', because: null },
      { action: 'silent', reason: 'forwarding-off', because: null },
      { action: 'silent', reason: 'no-route', because: 'table main' },
      { action: 'silent', reason: 'source-invalid', detail: 'rp-filter' },
    ],
  },
];
