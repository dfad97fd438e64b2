import type { Row } from './row.js';

const proxyArp = 'sysctl conf/in0/proxy_arp=1';
const forwardingOff = 'sysctl conf/in0/forwarding=0';

/** A second way out: out1 at 10.3.0.1/24, its peer within the router. */
const secondOut = [
  'ip link add out1 type veth peer name far1',
  'ip address add 10.3.0.1/24 dev out1',
  'ip link set far1 up',
  'ip link set out1 up',
  'wait-up out1',
];

/** A rule that takes nothing here: from now on the rules are walked. */
const customRules = 'ip rule add from 192.0.2.0/24 table 100 pref 100';

/** The local table asked behind the rules of a row, so that a rule before it leaves no lookup at all. */
const localLast = ['ip rule add pref 32000 table local', 'ip rule del pref 0'];

/** Marks every ARP frame before arp_process sees it. */
const marked = [
  'nft add table arp t',
  'nft add chain arp t c { type filter hook input priority 0 ; }',
  'nft add rule arp t c meta mark set 5',
];

const foreign = [{ target: '10.9.0.5' }];
const passedLocal = 'target no-usable-route table local rule 0';
const passedMain = 'target no-usable-route table main rule 32766';
const noDefault = 'target no-table table default rule 32767';

/** The sender's new entry asks what kind of address it is. */
const newNeighbour = 'neighbour no-usable-route table local';

const rejectingRoutes = [
  'ip route add blackhole 10.2.0.0/26',
  'ip route add unreachable 10.2.0.64/26',
  'ip route add prohibit 10.2.0.128/26',
];
const rejectingRules = [
  'ip rule add to 10.2.0.0/26 blackhole pref 100',
  'ip rule add to 10.2.0.64/26 unreachable pref 101',
  'ip rule add to 10.2.0.128/26 prohibit pref 102',
];
const rejected = [{ target: '10.2.0.5' }, { target: '10.2.0.70' }, { target: '10.2.0.130' }];

/** What the lookup of the target met: routes of every type, and the rules that lead to them. */
export const routesAndRules: readonly Row[] = [
  {
    name: 'no route, and no rule was ever added',
    setup: [proxyArp],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        detail: null,
        evidence: 'observed',
        because: 'table main',
        steps: ['target no-usable-route table main'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'no route behind custom rules',
    setup: [proxyArp, customRules],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        evidence: 'inferred',
        because: 'table default rule 32767',
        steps: [passedLocal, passedMain, noDefault],
      },
    ],
  },
  {
    name: 'rules are walked for good once one was added',
    setup: [proxyArp, customRules, 'ip rule del pref 100'],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'no-route', steps: [passedLocal, passedMain, noDefault] }],
  },
  {
    name: 'no route and forwarding off',
    setup: [proxyArp, forwardingOff],
    traffic: foreign,
    expect: [
      { action: 'silent', reason: 'no-route', because: 'table main', settings: { forwarding: { dev: 0 } } },
    ],
  },
  {
    name: 'no route behind custom rules, and forwarding off',
    setup: [proxyArp, forwardingOff, customRules],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'no-route', because: 'table default rule 32767' }],
  },
  {
    name: 'forwarding off, with a route',
    setup: [proxyArp, forwardingOff],
    expect: [
      {
        action: 'silent',
        reason: 'forwarding-off',
        because: null,
        steps: ['target match 10.2.0.0/24 dev out0 table main'],
        settings: { forwarding: { dev: 0 } },
      },
    ],
  },
  {
    name: 'forwarding off, with a route behind custom rules',
    setup: [proxyArp, forwardingOff, customRules],
    expect: [
      {
        action: 'silent',
        reason: 'forwarding-off',
        because: null,
        steps: [passedLocal, 'target match 10.2.0.0/24 dev out0 table main rule 32766'],
      },
    ],
  },
  // routes that reject
  {
    name: 'routes that reject',
    setup: [proxyArp, ...rejectingRoutes],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'observed',
        because: 'blackhole 10.2.0.0/26 table main',
        steps: ['target blackhole blackhole 10.2.0.0/26 table main'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'observed',
        because: 'unreachable 10.2.0.64/26 table main',
        steps: ['target unreachable unreachable 10.2.0.64/26 table main'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'observed',
        because: 'prohibit 10.2.0.128/26 table main',
        steps: ['target prohibit prohibit 10.2.0.128/26 table main'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'routes that reject, and forwarding off',
    setup: [proxyArp, forwardingOff, ...rejectingRoutes],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'observed',
        because: 'blackhole 10.2.0.0/26 table main',
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'observed',
        because: 'unreachable 10.2.0.64/26 table main',
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'observed',
        because: 'prohibit 10.2.0.128/26 table main',
      },
    ],
  },
  {
    name: 'routes that reject behind a custom rule, and forwarding off',
    setup: [
      proxyArp,
      forwardingOff,
      'ip rule add iif in0 table 100 pref 100',
      ...rejectingRoutes.map((line) => `${line} table 100`),
    ],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        because: 'blackhole 10.2.0.0/26 table 100 rule 100',
        steps: [passedLocal, 'target blackhole blackhole 10.2.0.0/26 table 100 rule 100'],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        because: 'unreachable 10.2.0.64/26 table 100 rule 100',
        steps: [passedLocal, 'target unreachable unreachable 10.2.0.64/26 table 100 rule 100'],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        because: 'prohibit 10.2.0.128/26 table 100 rule 100',
        steps: [passedLocal, 'target prohibit prohibit 10.2.0.128/26 table 100 rule 100'],
      },
    ],
  },
  {
    name: 'a throw route ends the only table',
    setup: [proxyArp, 'ip route add throw 10.2.0.0/25'],
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        because: 'throw 10.2.0.0/25 table main',
        steps: ['target no-usable-route throw 10.2.0.0/25 table main'],
      },
    ],
  },
  {
    name: 'a throw route falls through to a later table',
    setup: [
      proxyArp,
      'ip rule add iif in0 table 100 pref 100',
      'ip route add default dev in0 table 100',
      'ip route add throw 10.2.0.0/24 table 100',
    ],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 32766',
        steps: [
          passedLocal,
          'target no-usable-route throw 10.2.0.0/24 table 100 rule 100',
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          newNeighbour,
        ],
      },
    ],
  },
  {
    name: 'a throw route, and no later table has one',
    setup: [proxyArp, 'ip rule add iif in0 table 100 pref 100', 'ip route add throw 10.9.0.0/24 table 100'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        because: 'table default rule 32767',
        steps: [
          passedLocal,
          'target no-usable-route throw 10.9.0.0/24 table 100 rule 100',
          passedMain,
          noDefault,
        ],
      },
    ],
  },
  // rules that reject
  {
    name: 'rules that reject',
    setup: [proxyArp, ...rejectingRules],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'inferred',
        because: 'rule 100',
        steps: [passedLocal, 'target blackhole rule 100'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'inferred',
        because: 'rule 101',
        steps: [passedLocal, 'target unreachable rule 101'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'inferred',
        because: 'rule 102',
        steps: [passedLocal, 'target prohibit rule 102'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'rules that reject, and forwarding off',
    setup: [proxyArp, forwardingOff, ...rejectingRules],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'inferred',
        because: 'rule 100',
        steps: [passedLocal, 'target blackhole rule 100'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'inferred',
        because: 'rule 101',
        steps: [passedLocal, 'target unreachable rule 101'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'inferred',
        because: 'rule 102',
        steps: [passedLocal, 'target prohibit rule 102'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'rules that reject before any lookup',
    setup: [proxyArp, ...rejectingRules, ...localLast],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'inferred',
        because: 'rule 100',
        steps: ['target blackhole rule 100'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'inferred',
        because: 'rule 101',
        steps: ['target unreachable rule 101'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'inferred',
        because: 'rule 102',
        steps: ['target prohibit rule 102'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'rules that reject before any lookup, and forwarding off',
    setup: [proxyArp, forwardingOff, ...rejectingRules, ...localLast],
    traffic: rejected,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        evidence: 'inferred',
        because: 'rule 100',
        steps: ['target blackhole rule 100'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'unreachable',
        evidence: 'inferred',
        because: 'rule 101',
        steps: ['target unreachable rule 101'],
        neighbours: [],
      },
      {
        action: 'silent',
        reason: 'prohibited',
        evidence: 'inferred',
        because: 'rule 102',
        steps: ['target prohibit rule 102'],
        neighbours: [],
      },
    ],
  },
  {
    name: 'a rule that rejects another sender',
    setup: [proxyArp, 'ip rule add from 10.1.0.10 prohibit pref 100'],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 32766' },
    ],
  },
  {
    name: 'a rule that rejects after main had a route',
    setup: [proxyArp, 'ip rule add prohibit pref 32766', 'ip rule add blackhole pref 40000'],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 32766' },
    ],
  },
  {
    name: 'a rule that rejects where the others end',
    setup: [proxyArp, 'ip rule add prohibit pref 40000'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'prohibited',
        because: 'rule 40000',
        steps: [passedLocal, passedMain, noDefault, 'target prohibit rule 40000'],
      },
    ],
  },
  // suppressed routes
  {
    name: 'the pattern of WireGuard: the default route of main is suppressed',
    setup: [
      proxyArp,
      'ip route add default via 10.1.0.7',
      'ip route add default dev out0 table 51820',
      'ip rule add pref 200 not fwmark 51820 table 51820',
      'ip rule add pref 100 table main suppress_prefixlength 0',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '0.0.0.0/0 dev out0 table 51820 rule 200',
        steps: [
          passedLocal,
          'target suppressed 0.0.0.0/0 via 10.1.0.7 dev in0 table main rule 100',
          'target match 0.0.0.0/0 dev out0 table 51820 rule 200',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 100',
          newNeighbour,
        ],
      },
    ],
  },
  {
    name: 'the pattern of WireGuard: a longer prefix of main is not suppressed',
    setup: [
      proxyArp,
      'ip route add default dev in0 table 51820',
      'ip rule add pref 200 table 51820',
      'ip rule add pref 100 table main suppress_prefixlength 0',
    ],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 100' }],
  },
  {
    name: 'suppressed as long as the prefix itself',
    setup: [
      proxyArp,
      'ip rule add pref 100 table main suppress_prefixlength 24',
      'ip rule add pref 200 prohibit',
    ],
    expect: [
      {
        action: 'silent',
        reason: 'prohibited',
        because: 'rule 200',
        steps: [
          passedLocal,
          'target suppressed 10.2.0.0/24 dev out0 table main rule 100',
          'target prohibit rule 200',
        ],
      },
    ],
  },
  {
    name: 'a suppressed route, and no other',
    setup: [proxyArp, 'ip rule add pref 100 table main suppress_prefixlength 24', 'ip rule del pref 32766'],
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        evidence: 'inferred',
        because: 'table default rule 32767',
        steps: [passedLocal, 'target suppressed 10.2.0.0/24 dev out0 table main rule 100', noDefault],
      },
    ],
  },
  {
    name: 'a suppressed route, no other, and forwarding off',
    setup: [
      proxyArp,
      forwardingOff,
      'ip rule add pref 100 table main suppress_prefixlength 24',
      'ip rule del pref 32766',
    ],
    expect: [{ action: 'silent', reason: 'no-route', because: 'table default rule 32767' }],
  },
  {
    name: 'the group of the out device is suppressed',
    setup: [
      proxyArp,
      'ip link set out0 group 7',
      'ip rule add pref 100 table main suppress_ifgroup 7',
      'ip route add blackhole default table 200',
      'ip rule add pref 200 table 200',
    ],
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        because: 'blackhole 0.0.0.0/0 table 200 rule 200',
        steps: [
          passedLocal,
          'target suppressed 10.2.0.0/24 dev out0 table main rule 100',
          'target blackhole blackhole 0.0.0.0/0 table 200 rule 200',
        ],
      },
    ],
  },
  {
    name: 'another group is suppressed',
    setup: [proxyArp, 'ip link set out0 group 7', 'ip rule add pref 100 table main suppress_ifgroup 8'],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 100' }],
  },
  {
    name: 'suppressed by one rule, and found in the same table by a later one',
    setup: [proxyArp, 'ip link set out0 group 7', 'ip rule add pref 100 table main suppress_ifgroup 7'],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 32766',
        steps: [
          passedLocal,
          'target suppressed 10.2.0.0/24 dev out0 table main rule 100',
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 100',
          newNeighbour,
        ],
      },
    ],
  },
  // selectors
  {
    name: 'rules whose selectors take no ARP request from here',
    setup: [
      proxyArp,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip rule add iif out0 table 100 pref 100',
      'ip rule add iif gone0 table 100 pref 101',
      'ip rule add oif out0 table 100 pref 102',
      'ip rule add from 10.1.0.10 table 100 pref 103',
      'ip rule add to 10.9.0.6 table 100 pref 104',
      'ip rule add not iif in0 table 100 pref 105',
      'ip rule add fwmark 5 table 100 pref 106',
      'ip rule add tos 0x10 table 100 pref 107',
      'ip rule add uidrange 1000-2000 table 100 pref 108',
      'ip rule add ipproto tcp table 100 pref 109',
      'ip rule add ipproto udp dport 53 table 100 pref 110',
      'ip rule add from 10.1.0.9 to 10.9.0.5 iif out0 table 100 pref 111',
    ],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'no-route', steps: [passedLocal, passedMain, noDefault] }],
  },
  {
    name: 'rules whose selectors take the request',
    setup: [
      proxyArp,
      'ip route add default dev out0 table 100',
      'ip rule add iif in0 to 10.9.0.0/24 table 100 pref 100',
      'ip rule add from 10.1.0.0/24 to 10.9.1.0/24 table 100 pref 101',
      'ip rule add to 10.9.2.5 table 100 pref 102',
      'ip rule add fwmark 0/0xff to 10.9.3.0/24 table 100 pref 103',
      'ip rule add uidrange 0-0 to 10.9.4.0/24 table 100 pref 104',
      'ip rule add not fwmark 5 table 100 pref 105',
    ],
    traffic: [
      { target: '10.9.0.5' },
      { target: '10.9.1.5' },
      { target: '10.9.2.5' },
      { target: '10.9.3.5' },
      { target: '10.9.4.5' },
      { target: '10.9.5.5' },
    ],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 100' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 101' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 102' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 103' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 104' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table 100 rule 105' },
    ],
  },
  {
    name: 'rule by fwmark on a marked frame',
    setup: [
      proxyArp,
      ...marked,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip rule add fwmark 5 table 100 pref 100',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.9.0.0/24 dev out0 table 100 rule 100',
        steps: [
          passedLocal,
          'target match 10.9.0.0/24 dev out0 table 100 rule 100',
          'source no-usable-route table local rule 0',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          newNeighbour,
        ],
      },
    ],
  },
  {
    name: 'rules by fwmark on a marked frame, under a mask and by another mark',
    setup: [
      proxyArp,
      ...marked,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip rule add fwmark 6 prohibit pref 99',
      'ip rule add fwmark 4/0x6 table 100 pref 100',
    ],
    traffic: foreign,
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table 100 rule 100' }],
  },
  {
    name: 'rule by fwmark on a frame marked before it is received',
    setup: [
      proxyArp,
      'nft add table netdev t',
      'nft add chain netdev t c { type filter hook ingress device in0 priority 0 ; }',
      'nft add rule netdev t c meta mark set 5',
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip rule add fwmark 5 table 100 pref 100',
    ],
    traffic: foreign,
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table 100 rule 100' }],
  },
  {
    name: 'goto jumps over a rule that would reject',
    setup: [
      proxyArp,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip rule add table 100 pref 300',
      'ip rule add unreachable pref 200',
      'ip rule add goto 300 pref 100',
    ],
    traffic: foreign,
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table 100 rule 300' }],
  },
  {
    name: 'goto to a rule that is not there',
    setup: [proxyArp, 'ip rule add goto 300 pref 100', 'ip rule add unreachable pref 200'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'unreachable',
        because: 'rule 200',
        steps: [passedLocal, 'target unreachable rule 200'],
      },
    ],
  },
  {
    name: 'goto for another sender',
    setup: [
      proxyArp,
      'ip rule add nop pref 300',
      'ip rule add unreachable pref 200',
      'ip rule add from 10.1.0.10 goto 300 pref 100',
    ],
    expect: [{ action: 'silent', reason: 'unreachable', because: 'rule 200' }],
  },
  {
    name: 'nop is passed',
    setup: [proxyArp, 'ip rule add nop pref 100', 'ip rule add blackhole pref 200'],
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        because: 'rule 200',
        steps: [passedLocal, 'target blackhole rule 200'],
      },
    ],
  },
  {
    name: 'of two rules of one priority the older comes first',
    setup: [
      proxyArp,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip route add blackhole 10.9.0.0/24 table 200',
      'ip rule add table 100 pref 100',
      'ip rule add table 200 pref 100',
    ],
    traffic: foreign,
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table 100 rule 100' }],
  },
  {
    name: 'of two rules of one priority the older comes first, the other way round',
    setup: [
      proxyArp,
      'ip route add 10.9.0.0/24 dev out0 table 100',
      'ip route add blackhole 10.9.0.0/24 table 200',
      'ip rule add table 200 pref 100',
      'ip rule add table 100 pref 100',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        because: 'blackhole 10.9.0.0/24 table 200 rule 100',
        evidence: 'observed',
      },
    ],
  },
  {
    name: 'a table that does not exist',
    setup: [proxyArp, 'ip rule add table 77 pref 100'],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.2.0.0/24 dev out0 table main rule 32766',
        steps: [
          passedLocal,
          'target no-table table 77 rule 100',
          'target match 10.2.0.0/24 dev out0 table main rule 32766',
          'source no-usable-route table local rule 0',
          'source no-table table 77 rule 100',
          'source match 10.1.0.0/24 dev in0 table main rule 32766',
          newNeighbour,
        ],
      },
    ],
  },
  {
    name: 'a table that lost its last route',
    setup: [
      proxyArp,
      'ip route add 10.9.0.0/24 dev out0 table 77',
      'ip route del 10.9.0.0/24 table 77',
      'ip rule add table 77 pref 100',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        steps: [passedLocal, 'target no-usable-route table 77 rule 100', passedMain, noDefault],
      },
    ],
  },
  {
    name: 'one table asked by two rules',
    setup: [
      proxyArp,
      'ip route add 10.8.0.0/24 dev out0 table 100',
      'ip rule add iif in0 table 100 pref 100',
      'ip rule add from 10.1.0.0/24 table 100 pref 200',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        steps: [
          passedLocal,
          'target no-usable-route table 100 rule 100',
          'target no-usable-route table 100 rule 200',
          passedMain,
          noDefault,
        ],
      },
    ],
  },
  // which route of a table
  {
    name: 'which of several routes',
    setup: [
      proxyArp,
      'ip route add 10.2.0.0/25 dev in0',
      'ip route add 10.2.0.4/30 dev out0',
      'ip route add 10.1.0.77 dev out0',
      'ip route add 10.9.0.0/24 dev in0 metric 100',
      'ip route add 10.9.0.0/24 dev out0 metric 50',
      'ip route add 10.9.1.0/24 dev out0',
      'ip route add blackhole 10.9.1.0/24 metric 5',
      'ip route add 10.9.3.0/24 tos 0x10 dev in0',
      'ip route add default via 10.2.0.130',
    ],
    traffic: [
      { target: '10.2.0.5' },
      { target: '10.2.0.9' },
      { target: '10.1.0.77' },
      { target: '10.9.0.5' },
      { target: '10.9.1.5' },
      { target: '10.9.3.5' },
    ],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.4/30 dev out0 table main' },
      { action: 'silent', reason: 'same-device', because: '10.2.0.0/25 dev in0 table main' },
      { action: 'replied', reason: 'proxy-arp', because: '10.1.0.77/32 dev out0 table main' },
      { action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table main' },
      { action: 'replied', reason: 'proxy-arp', because: '10.9.1.0/24 dev out0 table main' },
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 via 10.2.0.130 dev out0 table main' },
    ],
  },
  {
    // when it goes, no counter moves: that it is the one cannot be proven
    name: 'a route behind another of its prefix',
    setup: [proxyArp, 'ip route add 10.9.2.0/24 tos 0x10 dev in0', 'ip route add 10.9.2.0/24 dev out0'],
    traffic: [{ target: '10.9.2.5' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: /^(10\.9\.2\.0\/24|\?) dev out0 table main$/,
        unknown: [],
      },
    ],
    differs: 'which of the routes it was only a hook on the lookup itself sees',
  },
  {
    name: 'only a route for another tos',
    setup: [proxyArp, 'ip route add 10.9.0.0/24 tos 0x10 dev out0'],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'no-route', because: 'table main' }],
  },
  {
    name: 'the gateway lies behind the device that asks',
    setup: [proxyArp, 'ip route add default via 10.1.0.7'],
    traffic: foreign,
    expect: [
      { action: 'silent', reason: 'same-device', because: '0.0.0.0/0 via 10.1.0.7 dev in0 table main' },
    ],
  },
  {
    name: 'table default without custom rules',
    setup: [proxyArp, 'ip route add 10.9.0.0/24 dev out0 table default'],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.9.0.0/24 dev out0 table default',
        steps: [
          'target no-usable-route table main',
          'target match 10.9.0.0/24 dev out0 table default',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
      },
    ],
  },
  {
    name: 'table default behind the rules',
    setup: [proxyArp, customRules, 'ip route add 10.9.0.0/24 dev out0 table default'],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.9.0.0/24 dev out0 table default rule 32767',
      },
    ],
  },
  {
    name: 'neither main nor default has a route',
    setup: [proxyArp, 'ip route add 10.8.0.0/24 dev out0 table default'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'no-route',
        because: 'table default',
        steps: ['target no-usable-route table main', 'target no-usable-route table default'],
      },
    ],
  },
  {
    name: 'main rejects, and table default has a route',
    setup: [
      proxyArp,
      'ip route add unreachable 10.9.0.0/24',
      'ip route add 10.9.0.0/24 dev out0 table default',
    ],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'unreachable', because: 'unreachable 10.9.0.0/24 table main' }],
  },
  {
    name: 'main throws, and table default has a route',
    setup: [proxyArp, 'ip route add throw 10.9.0.0/24', 'ip route add 10.9.0.0/24 dev out0 table default'],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        steps: [
          'target no-usable-route throw 10.9.0.0/24 table main',
          'target match 10.9.0.0/24 dev out0 table default',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
      },
    ],
  },
  // several nexthops
  {
    name: 'two nexthops, both lead elsewhere',
    setup: [proxyArp, ...secondOut, 'ip route add 10.9.0.0/24 nexthop dev out0 nexthop dev out1'],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: /^10\.9\.0\.0\/24 dev out[01] table main$/,
        unknown: ['/steps/0/route/gateway'],
      },
    ],
    differs: 'which of them is taken goes by a number that each kernel draws when it starts',
  },
  {
    name: 'two nexthops, and proxy_arp off',
    setup: [...secondOut, 'ip route add 10.9.0.0/24 nexthop dev out0 nexthop dev out1'],
    traffic: foreign,
    expect: [{ action: 'silent', reason: 'proxy-arp-off', unknown: ['/steps/0/route/gateway'] }],
  },
  {
    name: 'two nexthops, both lead back',
    setup: [proxyArp, 'ip route add 10.9.0.0/24 nexthop via 10.1.0.7 nexthop via 10.1.0.8'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        unknown: ['/steps/0/route/gateway'],
      },
    ],
  },
  {
    name: 'one of two nexthops leads back, and the source is not valid either way',
    setup: [
      proxyArp,
      'sysctl conf/in0/rp_filter=1',
      'ip route add 10.9.0.0/24 nexthop dev out0 nexthop dev in0',
    ],
    traffic: [{ target: '10.9.0.5', sender: '192.0.2.9' }],
    expect: [
      {
        action: 'silent',
        reason: 'source-invalid',
        detail: 'rp-filter',
        because: 'table main',
        unknown: ['/steps/0/route/device', '/steps/0/route/gateway'],
      },
    ],
  },
  {
    name: 'one of two nexthops leads back, and forwarding is off',
    setup: [proxyArp, forwardingOff, 'ip route add 10.9.0.0/24 nexthop dev out0 nexthop dev in0'],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'forwarding-off',
        unknown: ['/steps/0/route/device', '/steps/0/route/gateway'],
      },
    ],
  },
  {
    name: 'of two nexthops the one that leads back is dead',
    setup: [
      proxyArp,
      ...secondOut,
      'sysctl conf/out1/ignore_routes_with_linkdown=1',
      'ip route add 10.9.0.0/24 nexthop dev out0 nexthop dev out1',
      'ip link set far1 down',
      'ethtool out1',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: '10.9.0.0/24 dev out0 table main',
        unknown: ['/steps/0/route/gateway'],
      },
    ],
  },
  {
    name: 'nexthop objects',
    setup: [
      proxyArp,
      'ip nexthop add id 1 dev out0',
      'ip nexthop add id 2 via 10.2.0.9 dev out0',
      'ip nexthop add id 3 dev in0',
      'ip route add 10.9.0.0/24 nhid 1',
      'ip route add 10.9.1.0/24 nhid 2',
      'ip route add 10.9.2.0/24 nhid 3',
    ],
    traffic: [{ target: '10.9.0.5' }, { target: '10.9.1.5' }, { target: '10.9.2.5' }],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.9.0.0/24 dev out0 table main' },
      { action: 'replied', reason: 'proxy-arp', because: '10.9.1.0/24 via 10.2.0.9 dev out0 table main' },
      { action: 'silent', reason: 'same-device', because: '10.9.2.0/24 dev in0 table main' },
    ],
  },
  {
    name: 'a group of nexthop objects',
    setup: [
      proxyArp,
      ...secondOut,
      'ip nexthop add id 1 dev out0',
      'ip nexthop add id 2 dev out1',
      'ip nexthop add id 10 group 1/2',
      'ip route add 10.9.0.0/24 nhid 10',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        because: /^10\.9\.0\.0\/24 dev out[01] table main$/,
        unknown: ['/steps/0/route/gateway'],
      },
    ],
  },
  {
    name: 'a nexthop object that is a blackhole',
    setup: [proxyArp, 'ip nexthop add id 3 blackhole', 'ip route add 10.9.0.0/24 nhid 3'],
    traffic: foreign,
    expect: [
      { action: 'silent', reason: 'blackholed', because: /^(blackhole )?10\.9\.0\.0\/24 table main$/ },
    ],
  },
  {
    name: 'a nexthop object that is a blackhole, behind custom rules',
    setup: [
      proxyArp,
      'ip nexthop add id 3 blackhole',
      'ip route add 10.9.0.0/24 nhid 3 table 100',
      'ip rule add table 100 pref 100',
    ],
    traffic: foreign,
    expect: [
      {
        action: 'silent',
        reason: 'blackholed',
        because: /^(blackhole )?10\.9\.0\.0\/24 table 100 rule 100$/,
      },
    ],
  },
  // links
  {
    name: 'the out device is down',
    setup: [proxyArp, 'ip link set out0 down', 'wait-down out0'],
    expect: [{ action: 'silent', reason: 'no-route', because: 'table main' }],
  },
  {
    name: 'the out device is down, and a default route is left',
    setup: [
      proxyArp,
      ...secondOut,
      'ip route add default via 10.3.0.9',
      'ip link set out0 down',
      'wait-down out0',
    ],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 via 10.3.0.9 dev out1 table main' },
    ],
  },
  {
    name: 'the out device has no carrier',
    setup: [proxyArp, 'behind: ip link set eth0 down', 'ethtool out0'],
    expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' }],
  },
  {
    name: 'the out device has no carrier, and such routes are ignored',
    setup: [
      proxyArp,
      'sysctl conf/out0/ignore_routes_with_linkdown=1',
      'behind: ip link set eth0 down',
      'ethtool out0',
    ],
    expect: [{ action: 'silent', reason: 'no-route', because: 'table main' }],
  },
  {
    name: 'no carrier, such routes are ignored everywhere, and another route is left',
    setup: [
      proxyArp,
      'sysctl conf/all/ignore_routes_with_linkdown=1',
      'ip route add default via 10.1.0.7',
      'behind: ip link set eth0 down',
      'ethtool out0',
    ],
    expect: [
      { action: 'silent', reason: 'same-device', because: '0.0.0.0/0 via 10.1.0.7 dev in0 table main' },
    ],
    before: {
      kernel: [5, 11],
      why: 'the setting of all is there, and nothing reads it',
      expect: [{ action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main' }],
    },
  },
  {
    name: 'a rule whose device has gone',
    setup: [
      proxyArp,
      'ip link add gone0 type veth peer name gone1',
      'ip rule add iif gone0 unreachable pref 100',
      'ip link del gone0',
    ],
    expect: [
      { action: 'replied', reason: 'proxy-arp', because: '10.2.0.0/24 dev out0 table main rule 32766' },
    ],
  },
  // targets that cannot be asked for
  {
    name: 'targets that cannot be asked for',
    setup: [proxyArp, 'ip route add default dev out0', 'ip route add 224.0.0.0/4 dev out0'],
    traffic: [
      { target: '10.2.0.255' },
      { target: '10.1.0.255' },
      { target: '224.0.0.5' },
      { target: '127.0.0.1' },
      { target: '0.0.0.0' },
      { target: '255.255.255.255' },
      { target: '0.0.0.5' },
    ],
    expect: [
      {
        action: 'silent',
        reason: 'target-invalid',
        detail: 'broadcast',
        because: 'broadcast 10.2.0.255/32 dev out0 table main',
      },
      {
        action: 'silent',
        reason: 'target-invalid',
        detail: 'broadcast',
        because: 'broadcast 10.1.0.255/32 dev in0 table main',
      },
      { action: 'silent', reason: 'target-invalid', detail: 'multicast', because: null, steps: [] },
      {
        action: 'silent',
        reason: 'target-invalid',
        detail: 'loopback',
        because: null,
        steps: [],
        settings: { route_localnet: { all: 0, dev: 0 } },
      },
      { action: 'silent', reason: 'target-invalid', detail: 'zero', because: null, steps: [] },
      { action: 'silent', reason: 'target-invalid', detail: 'broadcast', because: null, steps: [] },
      // the rest of 0/8 is like any other
      { action: 'replied', reason: 'proxy-arp', because: '0.0.0.0/0 dev out0 table main' },
    ],
  },
  {
    name: 'targets that cannot be asked for, and forwarding off',
    setup: [forwardingOff],
    traffic: [
      { target: '10.2.0.255' },
      { target: '224.0.0.5' },
      { target: '127.0.0.1' },
      { target: '0.0.0.0' },
      { target: '255.255.255.255' },
    ],
    expect: [
      { action: 'silent', reason: 'target-invalid', detail: 'broadcast' },
      { action: 'silent', reason: 'target-invalid', detail: 'multicast' },
      { action: 'silent', reason: 'target-invalid', detail: 'loopback' },
      { action: 'silent', reason: 'target-invalid', detail: 'zero' },
      { action: 'silent', reason: 'target-invalid', detail: 'broadcast' },
    ],
  },
  {
    name: 'the broadcast address of the device that asks, behind custom rules',
    setup: [proxyArp, customRules],
    traffic: [{ target: '10.1.0.255' }],
    expect: [
      {
        action: 'silent',
        reason: 'target-invalid',
        detail: 'broadcast',
        because: 'broadcast 10.1.0.255/32 dev in0 table local rule 0',
      },
    ],
  },
  {
    name: 'a broadcast address that is forwarded',
    setup: [proxyArp, 'sysctl conf/all/bc_forwarding=1', 'sysctl conf/in0/bc_forwarding=1'],
    traffic: [{ target: '10.2.0.255' }],
    expect: [
      {
        action: 'silent',
        reason: 'target-invalid',
        detail: 'broadcast',
        because: 'broadcast 10.2.0.255/32 dev out0 table main',
      },
    ],
  },
  {
    name: 'loopback addresses under route_localnet',
    setup: ['sysctl conf/in0/route_localnet=1'],
    traffic: [{ target: '127.0.0.1' }, { target: '127.9.9.9' }],
    expect: [
      { action: 'replied', reason: 'local-address' },
      { action: 'replied', reason: 'local-route', because: /^local 127\.0\.0\.0\/8 dev lo table/ },
    ],
  },
];
