import type { Row } from './row.js';

/** A request of the asker for 10.2.0.5, from its first byte on, and its parts. */
const toRouter = '020000000101 020000000109';
const toAll = 'ffffffffffff 020000000109';
const addresses = '020000000109 0a010009 000000000000 0a020005';
const request = `0806 0001 0800 06 04 0001 ${addresses}`;
/** What the kernel's own reply to it would look like. */
const reply =
  '020000000109 020000000101 0806 0001 0800 06 04 0002 020000000101 0a020005 020000000109 0a010009';

const noAddresses = ['/request/sender/ip', '/request/sender/mac', '/request/target/ip'];
const malformed = { action: 'silent', reason: 'malformed', because: null, evidence: 'observed' } as const;
const proxied = {
  action: 'replied',
  reason: 'proxy-arp',
  because: '10.2.0.0/24 dev out0 table main',
} as const;

const proxyArp = 'sysctl conf/in0/proxy_arp=1';
const arpTable = 'nft add table arp t';
const dropArpIn = [arpTable, 'nft add chain arp t in { type filter hook input priority 0 ; policy drop ; }'];
const dropArpOut = [
  arpTable,
  'nft add chain arp t out { type filter hook output priority 0 ; policy drop ; }',
];
const dropIngress = [
  'nft add table netdev t',
  'nft add chain netdev t in { type filter hook ingress device in0 priority 0 ; policy drop ; }',
];
const dropEgress = [
  'nft add table netdev u',
  'nft add chain netdev u out { type filter hook egress device in0 priority 0 ; policy drop ; }',
];
/** A delay that no test lives to see the end of: the kernel takes a random part of it. */
const longDelay = [proxyArp, 'sysctl neigh/in0/proxy_delay=100000000'];
/** The device is gone before a prefix can be proven: it may be unknown, or not. */
const downSince = { unknown: [] };
const bridge = [
  'ip link add br0 address 02:00:00:00:03:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
  'ip address flush dev in0',
  'ip address flush dev out0',
  'ip link set in0 master br0',
  'ip link set out0 master br0',
  'ip address add 10.1.0.1/24 dev br0',
  'ip link set br0 up',
  'wait-up in0 out0 br0',
];

const macvlan = [
  'ip link add mv0 link in0 address 02:00:00:00:01:31 type macvlan mode bridge',
  'ip link set mv0 up',
  'wait-up mv0',
];

/** Frames that never come to the gates of ARP, and replies that never leave. */
export const framesAndDrops: readonly Row[] = [
  {
    name: 'nft drops in the arp input hook',
    setup: [proxyArp, ...dropArpIn],
    expect: [
      {
        action: 'dropped',
        reason: 'filtered-in',
        detail: /nft_do_chain.*NETFILTER|^nf_hook_slow/,
        because: null,
        evidence: 'observed',
        target: '10.2.0.5',
        sender: '10.1.0.9',
        mac: null,
        steps: [],
        neighbours: [],
      },
    ],
  },
  {
    name: 'nft drops only one of two senders',
    setup: [
      proxyArp,
      arpTable,
      'nft add chain arp t in { type filter hook input priority 0 ; }',
      'nft add rule arp t in arp saddr ip 10.1.0.9 drop',
    ],
    traffic: [{}, { sender: '10.1.0.8' }],
    expect: [
      { action: 'dropped', reason: 'filtered-in', sender: '10.1.0.9' },
      { ...proxied, sender: '10.1.0.8' },
    ],
  },
  {
    name: 'nft drops in the netdev ingress hook',
    needs: 'nft netdev tables (CONFIG_NF_TABLES_NETDEV)',
    setup: [proxyArp, ...dropIngress],
    expect: [{ action: 'dropped', reason: 'filtered-in', detail: /NETFILTER/, because: null, mac: null }],
  },
  {
    name: 'nft drops the reply in the arp output hook',
    setup: [proxyArp, ...dropArpOut],
    expect: [
      {
        action: 'dropped',
        reason: 'filtered-out',
        detail: /nft_do_chain.*NETFILTER|^nf_hook_slow/,
        because: null,
        evidence: 'observed',
        mac: null,
        steps: [
          'target match 10.2.0.0/24 dev out0 table main',
          'neighbour match 10.1.0.0/24 dev in0 table local',
        ],
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'nft drops the reply for a local address',
    setup: dropArpOut,
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', mac: null, neighbours: ['created 10.1.0.9'] }],
  },
  {
    name: 'nft drops the reply to a probe',
    setup: dropArpOut,
    traffic: [{ target: '10.1.0.1', sender: '0.0.0.0' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', mac: null }],
  },
  {
    name: 'nft drops the reply of the second pass',
    setup: [proxyArp, 'sysctl neigh/in0/proxy_delay=10', ...dropArpOut],
    traffic: [{ to: 'broadcast' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', mac: null, deferred: true }],
  },
  {
    name: 'nft drops on the way in what is on its second pass already',
    setup: [proxyArp, 'sysctl neigh/in0/proxy_delay=100'],
    traffic: [{ to: 'broadcast' }],
    afterwards: dropArpIn,
    expect: [{ ...proxied, deferred: true }],
  },
  {
    name: 'nft drops the reply in the netdev egress hook',
    needs: 'the netdev egress hook (CONFIG_NETFILTER_EGRESS)',
    setup: [proxyArp, ...dropEgress],
    expect: [{ action: 'dropped', reason: 'filtered-out', detail: /NETFILTER/, mac: null }],
  },
  {
    name: 'tc drops on ingress',
    needs: 'cls_bpf and clsact',
    setup: [proxyArp, 'drop-by-tc in0 ingress'],
    expect: [
      { action: 'dropped', reason: 'filtered-in', detail: /TC_INGRESS/, because: null, mac: null, steps: [] },
    ],
  },
  {
    name: 'tc drops the reply on egress',
    needs: 'cls_bpf and clsact',
    setup: [proxyArp, 'drop-by-tc in0 egress'],
    expect: [{ action: 'dropped', reason: 'filtered-out', detail: /TC_EGRESS/, mac: null }],
  },
  {
    name: 'a qdisc without room drops the reply',
    setup: [proxyArp, 'tc qdisc add dev in0 root pfifo limit 0'],
    expect: [{ action: 'dropped', reason: 'filtered-out', detail: /QDISC_DROP/, mac: null }],
  },
  {
    name: 'a qdisc that keeps the reply a while',
    needs: 'htb',
    setup: [
      proxyArp,
      'tc qdisc add dev in0 root handle 1: htb default 1',
      'tc class add dev in0 parent 1: classid 1:1 htb rate 8kbit',
    ],
    expect: [{ ...proxied, mac: '02:00:00:00:01:01' }],
  },
  {
    name: 'XDP drops in the stack',
    needs: 'XDP (iproute2 with libbpf)',
    setup: [proxyArp, 'drop-by-xdp in0 generic'],
    expect: [
      { action: 'dropped', reason: 'filtered-in', detail: /xdp/i, because: null, mac: null, steps: [] },
    ],
  },
  {
    name: 'XDP drops in the driver, before every hook',
    needs: 'XDP of veth',
    setup: [proxyArp, 'drop-by-xdp in0 drv'],
    traffic: [{}, { to: 'broadcast' }],
    expect: [],
  },
  {
    name: 'the frame is for another host, on a promiscuous device',
    setup: [proxyArp, 'ip link set in0 promisc on'],
    traffic: [{ to: '02:00:00:00:0f:0f' }],
    expect: [
      { action: 'silent', reason: 'not-for-us', detail: null, because: null, steps: [], target: '10.2.0.5' },
    ],
  },
  {
    name: 'the frame is for another host, on a device that takes it all the same',
    setup: [proxyArp],
    traffic: [{ to: '02:00:00:00:0f:0f' }],
    expect: [{ action: 'silent', reason: 'not-for-us', because: null }],
  },
  {
    name: 'the device does no ARP',
    setup: [proxyArp, 'ip link set in0 arp off'],
    traffic: [{}, { to: 'broadcast' }],
    expect: [
      { action: 'silent', reason: 'device-noarp', because: null, steps: [], target: '10.2.0.5' },
      { action: 'silent', reason: 'device-noarp' },
    ],
  },
  {
    name: 'the device has no IPv4',
    setup: ['ip link set lo arp on', 'ip link set lo mtu 60'],
    traffic: [{ raw: `${toAll} ${request}`, from: 'router', device: 'lo' }],
    expect: [{ action: 'silent', reason: 'ipv4-disabled', because: null, device: 'lo', steps: [] }],
  },
  {
    name: 'the header says Ethernet on a device that is none',
    setup: ['ip link set lo arp on'],
    traffic: [{ raw: `${toAll} ${request}`, from: 'router', device: 'lo' }],
    expect: [{ ...malformed, device: 'lo' }],
  },
  {
    name: 'the frame is cut short',
    setup: [proxyArp],
    traffic: [0, 1, 2, 7, 8, 9, 18, 27].map((bytes) => ({
      raw: `${toRouter} ${request}`.replaceAll(' ', '').slice(0, 2 * (14 + bytes)),
    })),
    expect: Array(8).fill({ ...malformed, unknown: noAddresses, target: null, sender: null }),
  },
  {
    name: 'the header is of another hardware',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 0806 0018 0800 06 04 0001 ${addresses}` }],
    expect: [malformed],
  },
  {
    name: 'the header is of IEEE 802, which is Ethernet, too',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 0806 0006 0800 06 04 0001 ${addresses}` }],
    expect: [proxied],
  },
  {
    name: 'the header is of another protocol',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 0806 0001 86dd 06 04 0001 ${addresses}` }],
    expect: [malformed],
  },
  {
    name: 'the header has another length of hardware addresses',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 0806 0001 0800 08 04 0001 ${addresses}` }],
    expect: [{ ...malformed, unknown: noAddresses }],
  },
  {
    name: 'the header has another length of protocol addresses',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 0806 0001 0800 06 10 0001 ${addresses}` }],
    expect: [{ ...malformed, unknown: noAddresses }],
  },
  {
    name: 'replies, reverse and unknown operations, RARP are no requests',
    setup: [proxyArp],
    traffic: [
      { raw: `${toRouter} 0806 0001 0800 06 04 0002 ${addresses}` },
      { raw: `${toRouter} 0806 0001 0800 06 04 0003 ${addresses}` },
      { raw: `${toAll} 0806 0001 0800 06 04 0000 ${addresses}` },
      { raw: `${toAll} 8035 0001 0800 06 04 0003 ${addresses}` },
      { raw: `${toAll} 8035 0001 0800 06 04 0001 ${addresses}` },
    ],
    expect: [],
  },
  {
    name: 'padding behind the header',
    setup: [proxyArp],
    traffic: [
      { raw: `${toRouter} ${request}${'00'.repeat(18)}` },
      { raw: `${toRouter} ${request}${'ff'.repeat(1400)}` },
    ],
    expect: [proxied, proxied],
  },
  {
    name: 'the tag of a VLAN that the device does not have',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 8100 005a ${request}` }, { raw: `${toAll} 8100 005a ${request}` }],
    expect: [
      { action: 'silent', reason: 'not-for-us', because: null, target: '10.2.0.5' },
      { action: 'silent', reason: 'not-for-us', because: null, target: '10.2.0.5' },
    ],
  },
  {
    name: 'a tag with a priority and no VLAN',
    setup: [proxyArp],
    traffic: [{ raw: `${toRouter} 8100 e000 ${request}` }],
    expect: [proxied],
  },
  {
    name: 'a proxy queue for one, and four requests',
    setup: [...longDelay, 'sysctl neigh/in0/proxy_qlen=0'],
    traffic: [{ to: 'broadcast', count: 4 }],
    afterwards: ['ip link set in0 down'],
    expect: [
      ...Array(3).fill({
        action: 'dropped',
        reason: 'proxy-queue-full',
        deferred: false,
        mac: null,
        ...downSince,
      }),
      { action: 'dropped', reason: 'proxy-queue-purged', deferred: true, mac: null },
    ],
  },
  {
    name: 'a proxy queue for two, and four requests',
    setup: [...longDelay, 'sysctl neigh/in0/proxy_qlen=1'],
    traffic: [{ to: 'broadcast', count: 4 }],
    afterwards: ['ip link set in0 down'],
    expect: [
      ...Array(2).fill({ action: 'dropped', reason: 'proxy-queue-full', ...downSince }),
      ...Array(2).fill({ action: 'dropped', reason: 'proxy-queue-purged', deferred: true }),
    ],
  },
  {
    name: 'a full proxy queue does not matter to a unicast request',
    setup: [...longDelay, 'sysctl neigh/in0/proxy_qlen=0'],
    traffic: [{ to: 'broadcast' }, {}],
    afterwards: ['ip link set in0 down'],
    expect: [
      { action: 'replied', reason: 'proxy-arp', deferred: false, ...downSince },
      { action: 'dropped', reason: 'proxy-queue-purged' },
    ],
  },
  {
    name: 'the device goes down while a request waits',
    setup: longDelay,
    traffic: [{ to: 'broadcast' }],
    afterwards: ['ip link set in0 down'],
    expect: [
      {
        action: 'dropped',
        reason: 'proxy-queue-purged',
        detail: /pneigh_queue_purge/,
        because: null,
        steps: [],
        deferred: true,
        neighbours: ['created 10.1.0.9'],
      },
    ],
  },
  {
    name: 'another device of the namespace goes down, and the whole queue with it',
    setup: longDelay,
    traffic: [{ to: 'broadcast' }],
    afterwards: ['ip link set out0 down'],
    expect: [{ action: 'dropped', reason: 'proxy-queue-purged' }],
  },
  {
    name: 'the device is deleted while requests wait',
    setup: longDelay,
    traffic: [{ to: 'broadcast', count: 3, targets: 3 }],
    afterwards: ['ip link del in0'],
    expect: [
      { action: 'dropped', reason: 'proxy-queue-purged', target: '10.2.0.5' },
      { action: 'dropped', reason: 'proxy-queue-purged', target: '10.2.0.6' },
      { action: 'dropped', reason: 'proxy-queue-purged', target: '10.2.0.7' },
    ],
  },
  {
    name: 'a bridge answers for a neighbour of its port: not the ARP of this host',
    setup: [
      ...bridge,
      'ip neigh add 10.1.0.5 lladdr 02:00:00:00:02:09 nud permanent dev br0',
      'bridge fdb replace 02:00:00:00:02:09 dev out0 master static',
      'bridge link set dev out0 neigh_suppress on',
      'sysctl conf/br0/proxy_arp=1',
    ],
    traffic: [{ target: '10.1.0.5', to: 'broadcast' }],
    expect: [
      {
        action: 'silent',
        reason: 'same-device',
        device: 'br0',
        because: '10.1.0.0/24 dev br0 table main',
        mac: null,
      },
    ],
  },
  {
    name: 'a bridge whose port answers by proxy',
    setup: [
      ...bridge,
      'ip neigh add 10.1.0.5 lladdr 02:00:00:00:02:09 nud permanent dev br0',
      'bridge fdb replace 02:00:00:00:02:09 dev out0 master static',
      'ip link set in0 type bridge_slave proxy_arp on',
    ],
    traffic: [{ target: '10.1.0.5', to: 'broadcast' }],
    expect: [{ action: 'silent', reason: 'same-device', device: 'br0', mac: null }],
  },
  {
    name: 'a bridge carries frames past this host',
    setup: bridge,
    traffic: [{ target: '10.1.0.5', to: '02:00:00:00:02:09' }],
    expect: [],
  },
  {
    name: 'nft drops what a bridge carries past this host',
    needs: 'nft bridge tables',
    setup: [
      ...bridge,
      'nft add table bridge t',
      'nft add chain bridge t on { type filter hook forward priority 0 ; policy drop ; }',
    ],
    traffic: [{ target: '10.1.0.5', to: '02:00:00:00:02:09' }],
    expect: [],
  },
  {
    name: 'nft drops what a bridge hands to this host',
    needs: 'nft bridge tables',
    setup: [
      ...bridge,
      'nft add table bridge t',
      'nft add chain bridge t in { type filter hook input priority 0 ; policy drop ; }',
    ],
    traffic: [{ target: '10.1.0.1', to: '02:00:00:00:03:01' }],
    expect: [{ action: 'dropped', reason: 'filtered-in', device: 'br0', because: null }],
  },
  {
    name: 'nft drops what comes in by a port of a bridge',
    needs: 'nft bridge tables',
    setup: [
      ...bridge,
      'nft add table bridge t',
      'nft add chain bridge t pre { type filter hook prerouting priority 0 ; policy drop ; }',
    ],
    traffic: [{ target: '10.1.0.1', to: '02:00:00:00:03:01' }],
    expect: [{ action: 'dropped', reason: 'filtered-in', device: 'in0', because: null }],
    before: {
      kernel: [5, 17],
      why: 'a drop has no reason, and the function of the bridge that drops it does so for others, too: nothing is told',
      expect: [],
    },
  },
  {
    name: 'nft drops the reply that leaves a bridge',
    needs: 'nft bridge tables',
    setup: [
      ...bridge,
      'nft add table bridge t',
      'nft add chain bridge t out { type filter hook output priority 0 ; policy drop ; }',
    ],
    traffic: [{ target: '10.1.0.1', to: '02:00:00:00:03:01' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', detail: /NETFILTER/, device: 'br0', mac: null }],
  },
  {
    name: 'tc drops the reply on the port below a bridge',
    needs: 'cls_bpf and clsact',
    setup: [...bridge, 'drop-by-tc in0 egress'],
    traffic: [{ target: '10.1.0.1', to: '02:00:00:00:03:01' }],
    expect: [{ action: 'dropped', reason: 'filtered-out', detail: /TC_EGRESS/, device: 'br0', mac: null }],
  },
  {
    name: 'a request to everybody is judged by the device and by the one above it',
    needs: 'macvlan',
    setup: macvlan,
    traffic: [{ target: '10.1.0.1', to: 'broadcast' }],
    expect: [
      { action: 'replied', reason: 'local-address', device: 'in0', mac: '02:00:00:00:01:01' },
      { action: 'replied', reason: 'local-address', device: 'mv0', mac: '02:00:00:00:01:31' },
    ],
  },
  {
    name: 'a request to the device above is judged by it alone',
    needs: 'macvlan',
    setup: [...macvlan, 'sysctl conf/mv0/proxy_arp=1'],
    traffic: [{ to: '02:00:00:00:01:31' }],
    expect: [{ ...proxied, device: 'mv0', mac: '02:00:00:00:01:31' }],
  },
  {
    name: 'the host asks itself: nothing is decided here',
    traffic: [{ from: 'router', device: 'in0', sender: '10.1.0.1', target: '10.1.0.9', to: 'broadcast' }],
    expect: [],
  },
  {
    name: 'a program replies, and the kernel stays silent',
    traffic: [
      { raw: reply, from: 'router', device: 'in0' },
      {},
      { raw: reply, from: 'router', device: 'in0' },
    ],
    expect: [{ action: 'silent', reason: 'proxy-arp-off', mac: null }],
  },
  {
    name: 'a program replies all the time, and the kernel stays silent',
    traffic: [{ raw: reply, from: 'router', device: 'in0', count: 20_000, alongside: true }, { count: 50 }],
    expect: Array(50).fill({ action: 'silent', reason: 'proxy-arp-off', mac: null }),
  },
  {
    name: 'a burst of requests, each with its own lookups',
    setup: [proxyArp],
    traffic: [{ count: 30, targets: 30 }],
    expect: Array.from({ length: 30 }, (_, i) => ({
      ...proxied,
      target: `10.2.0.${5 + i}`,
      steps: [
        'target match 10.2.0.0/24 dev out0 table main',
        ...(i === 0 ? ['neighbour match 10.1.0.0/24 dev in0 table local'] : []),
      ],
    })),
  },
  {
    name: 'a burst that the kernel takes in batches',
    setup: [
      proxyArp,
      'ethtool -K in0 gro on',
      'ip rule add pref 100 iif in0 lookup 100',
      'ip route add 10.2.0.16/28 dev out0 table 100',
    ],
    traffic: [{ count: 30, targets: 30 }],
    expect: Array.from({ length: 30 }, (_, i) => ({
      action: 'replied',
      reason: 'proxy-arp',
      target: `10.2.0.${5 + i}`,
      because:
        i >= 11 && i < 27
          ? '10.2.0.16/28 dev out0 table 100 rule 100'
          : '10.2.0.0/24 dev out0 table main rule 32766',
    })),
  },
  {
    name: 'no ARP on the device, before: for another host, cut short, dropped by the arp hook',
    setup: ['ip link set in0 arp off', ...dropArpIn],
    traffic: [{ to: '02:00:00:00:0f:0f' }, { raw: `${toRouter} 0806 0001` }, {}],
    expect: [
      { action: 'silent', reason: 'device-noarp' },
      { action: 'silent', reason: 'device-noarp', unknown: noAddresses },
      { action: 'silent', reason: 'device-noarp' },
    ],
  },
  {
    name: 'for another host, before: a wrong header, the arp hook',
    setup: dropArpIn,
    traffic: [
      { raw: `0200 0000 0f0f 020000000109 0806 0001 0800 08 04 0001 ${addresses}` },
      { to: '02:00:00:00:0f:0f' },
    ],
    expect: [
      { action: 'silent', reason: 'not-for-us', unknown: noAddresses },
      { action: 'silent', reason: 'not-for-us' },
    ],
  },
  {
    name: 'address lengths, before: the arp hook; the arp hook, before: hardware and protocol',
    setup: dropArpIn,
    traffic: [
      { raw: `${toRouter} 0806 0001 0800 08 04 0001 ${addresses}` },
      { raw: `${toRouter} 0806 0018 86dd 06 04 0001 ${addresses}` },
    ],
    expect: [
      { action: 'silent', reason: 'malformed', unknown: noAddresses },
      { action: 'dropped', reason: 'filtered-in', detail: /NETFILTER/ },
    ],
  },
  {
    name: 'no IPv4 on the device, before: hardware and protocol',
    setup: ['ip link set lo arp on', 'ip link set lo mtu 60'],
    traffic: [{ raw: `${toAll} 0806 0018 86dd 06 04 0001 ${addresses}`, from: 'router', device: 'lo' }],
    expect: [{ action: 'silent', reason: 'ipv4-disabled', device: 'lo' }],
  },
  {
    name: 'the arp hook, before: no IPv4 on the device',
    setup: ['ip link set lo arp on', 'ip link set lo mtu 60', ...dropArpIn],
    traffic: [{ raw: `${toAll} ${request}`, from: 'router', device: 'lo' }],
    expect: [{ action: 'dropped', reason: 'filtered-in', device: 'lo' }],
  },
  {
    name: 'tc ingress, before: nft ingress',
    needs: 'cls_bpf, clsact, and nft netdev tables',
    setup: [...dropIngress, 'drop-by-tc in0 ingress'],
    expect: [{ action: 'dropped', reason: 'filtered-in', detail: /TC_INGRESS/ }],
  },
  {
    name: 'XDP in the stack, before: tc ingress',
    needs: 'XDP, cls_bpf and clsact',
    setup: ['drop-by-tc in0 ingress', 'drop-by-xdp in0 generic'],
    expect: [{ action: 'dropped', reason: 'filtered-in', detail: /xdp/i }],
  },
  {
    name: 'nft ingress, before: no ARP on the device',
    needs: 'nft netdev tables (CONFIG_NF_TABLES_NETDEV)',
    setup: ['ip link set in0 arp off', ...dropIngress],
    expect: [{ action: 'dropped', reason: 'filtered-in', detail: /NETFILTER/ }],
  },
  {
    name: 'proxy ARP off, before: the arp output hook',
    setup: dropArpOut,
    expect: [{ action: 'silent', reason: 'proxy-arp-off' }],
  },
  {
    name: 'the proxy queue, before: the arp output hook',
    setup: [...longDelay, 'sysctl neigh/in0/proxy_qlen=0', ...dropArpOut],
    traffic: [{ to: 'broadcast', count: 2 }],
    afterwards: ['ip link set in0 down'],
    expect: [
      { action: 'dropped', reason: 'proxy-queue-full', ...downSince },
      { action: 'dropped', reason: 'proxy-queue-purged' },
    ],
  },
];
