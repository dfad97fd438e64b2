import { macs } from '../scenarios/world.js';
import { arpFrame, gratuitous } from './frames.js';
import type { Row } from './row.js';

const other = '02:00:00:00:01:77';
const stale = `ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`;
const reply = (senderMac: string = macs.asker) =>
  `frame ${arpFrame({ senderIp: '10.1.0.9', senderMac, targetIp: '10.1.0.1' })}`;
const garp = (operation: 1 | 2, mac: string = macs.asker) =>
  `frame ${gratuitous(operation, '10.1.0.9', mac)}`;
const own = `frame ${arpFrame({ operation: 1, senderIp: '10.1.0.1', targetIp: '10.1.0.1' })}`;
const noLocktime = 'sysctl neigh/in0/locktime=0';

/** Every reason of a learning. */
export const learningRows: readonly Row[] = [
  {
    name: 'a reply that nobody asked for',
    steps: [reply()],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'a gratuitous request for an unknown address',
    setup: ['sysctl conf/in0/forwarding=0'],
    steps: [garp(1)],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'a gratuitous reply for an unknown address',
    steps: [garp(2)],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'a reply that arping asked for is none that the kernel asked for',
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['arping 10.1.0.9'],
    expect: ['ignored no-entry (asked-from-user-space) 10.1.0.9 none>none asked by user-space'],
  },
  {
    name: 'a gratuitous request is no answer to an arping',
    setup: ['sysctl conf/in0/forwarding=0'],
    steps: ['arping 10.1.0.9', garp(1)],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'a reply that the kernel asked for',
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['send 10.1.0.9'],
    expect: ['updated solicited 10.1.0.9 incomplete>reachable asked by kernel'],
  },
  {
    name: 'arp_accept takes a reply',
    setup: ['sysctl conf/in0/arp_accept=1'],
    steps: [reply()],
    expect: ['created arp-accept 10.1.0.9 none>reachable'],
  },
  {
    name: 'arp_accept of all takes a gratuitous request',
    setup: ['sysctl conf/all/arp_accept=1', 'sysctl conf/in0/forwarding=0'],
    steps: [garp(1)],
    expect: ['created arp-accept 10.1.0.9 none>stale'],
  },
  {
    name: 'arp_accept takes a gratuitous reply',
    setup: ['sysctl conf/in0/arp_accept=1'],
    steps: [garp(2)],
    expect: [/^created arp-accept 10\.1\.0\.9 none>/],
  },
  {
    name: "arp_accept does not take this host's own address",
    setup: ['sysctl conf/in0/arp_accept=1'],
    steps: [`frame ${arpFrame({ senderIp: '10.2.0.1', targetIp: '10.1.0.1' })}`],
    expect: ['ignored source-not-unicast (10.2.0.1) 10.2.0.1 none>none'],
  },
  {
    name: 'arp_accept does not take a broadcast address',
    setup: ['sysctl conf/in0/arp_accept=1'],
    steps: [`frame ${arpFrame({ senderIp: '255.255.255.255', targetIp: '10.1.0.1' })}`],
    expect: ['ignored source-not-unicast (255.255.255.255) 255.255.255.255 none>none'],
  },
  {
    name: 'arp_accept 2 takes an address of the subnet',
    setup: ['sysctl conf/in0/arp_accept=2'],
    steps: [reply()],
    expect: ['created arp-accept 10.1.0.9 none>reachable'],
  },
  {
    name: 'arp_accept 2 does not take one of another subnet',
    setup: ['sysctl conf/in0/arp_accept=2'],
    steps: [`frame ${arpFrame({ senderIp: '192.0.2.9', targetIp: '10.1.0.1' })}`],
    expect: ['ignored source-not-in-subnet 192.0.2.9 none>none'],
  },
  {
    name: 'the same MAC again',
    setup: [stale],
    steps: [reply()],
    expect: ['refreshed same-address 10.1.0.9 stale>reachable'],
  },
  {
    name: 'another MAC within the locktime',
    setup: [noLocktime, stale],
    steps: ['sysctl neigh/in0/locktime=100000', reply(other)],
    expect: ['ignored locktime 10.1.0.9 stale>stale'],
  },
  {
    name: 'another MAC after the locktime',
    setup: [noLocktime, stale, 'wait 50'],
    steps: [reply(other)],
    expect: ['updated locktime-passed 10.1.0.9 stale>reachable 01:09>01:77'],
  },
  {
    name: 'a gratuitous reply takes the address within the locktime',
    setup: ['sysctl neigh/in0/locktime=100000', stale],
    steps: [garp(2, other)],
    expect: ['updated gratuitous 10.1.0.9 stale>stale 01:09>01:77'],
  },
  {
    name: 'a gratuitous request takes the address within the locktime',
    setup: ['sysctl neigh/in0/locktime=100000', stale],
    steps: [garp(1, other)],
    expect: ['updated gratuitous 10.1.0.9 stale>stale 01:09>01:77'],
  },
  {
    name: 'a gratuitous reply with another target MAC is none',
    setup: ['sysctl neigh/in0/locktime=100000', stale],
    steps: [`frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.9', senderMac: other })}`],
    expect: ['ignored locktime 10.1.0.9 stale>stale'],
  },
  {
    name: 'a permanent entry',
    setup: [`ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud permanent`],
    steps: [reply(other), garp(2, other)],
    expect: [
      'ignored permanent-entry 10.1.0.9 permanent>permanent',
      'ignored permanent-entry 10.1.0.9 permanent>permanent',
    ],
  },
  {
    name: 'an entry without ARP',
    setup: [`ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud noarp`],
    steps: [reply(other)],
    expect: ['ignored noarp-entry 10.1.0.9 noarp>noarp'],
  },
  {
    name: 'drop_gratuitous_arp drops a gratuitous reply, and no other',
    setup: ['sysctl conf/in0/drop_gratuitous_arp=1', stale],
    steps: [garp(2, other), garp(1, other), reply()],
    expect: [
      'ignored gratuitous-dropped 10.1.0.9 none>none',
      'ignored gratuitous-dropped 10.1.0.9 none>none',
      'refreshed same-address 10.1.0.9 stale>reachable',
    ],
  },
  {
    name: 'a gratuitous request that is answered by proxy',
    setup: ['sysctl conf/in0/proxy_arp=1', 'ip route add 192.0.2.0/24 dev out0'],
    steps: [
      `frame ${arpFrame({ operation: 1, senderIp: '192.0.2.9', targetIp: '192.0.2.9', targetMac: '00:00:00:00:00:00' })}`,
    ],
    expect: ['created request-answered 192.0.2.9 none>stale'],
  },
  {
    name: "a gratuitous request for this host's own address: a martian source, so that it is no request any more",
    steps: [own],
    expect: ['ignored no-entry 10.1.0.1 none>none'],
  },
  {
    name: 'the same with accept_local: answered, and arp_ignore stops it',
    setup: ['sysctl conf/in0/accept_local=1'],
    steps: [own, 'sysctl conf/in0/arp_ignore=8', own],
    expect: ['created request-answered 10.1.0.1 none>stale', 'ignored own-address 10.1.0.1 none>none'],
  },
  {
    name: 'a sender of 0.0.0.0',
    steps: [`frame ${arpFrame({ senderIp: '0.0.0.0', targetIp: '10.1.0.1' })}`],
    expect: ['ignored no-sender 0.0.0.0 none>none'],
  },
  {
    name: 'a multicast target',
    steps: [`frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '224.0.0.1' })}`],
    expect: ['ignored target-invalid 10.1.0.9 none>none'],
  },
  {
    name: 'a loopback target, with and without route_localnet',
    steps: [
      `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '127.0.0.1' })}`,
      'sysctl conf/in0/route_localnet=1',
      `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '127.0.0.1' })}`,
    ],
    expect: ['ignored target-invalid 10.1.0.9 none>none', 'ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'to another MAC address',
    setup: ['ip link set in0 promisc on'],
    steps: [
      `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1', destination: '02:00:00:00:01:55' })}`,
    ],
    expect: ['ignored not-for-us 10.1.0.9 none>none'],
  },
  {
    name: 'a device without ARP',
    setup: ['ip link set in0 arp off'],
    steps: [reply()],
    expect: ['ignored device-noarp 10.1.0.9 none>none'],
  },
  {
    name: 'a device without IPv4',
    setup: ['ip link set lo arp on', 'ip link set lo mtu 60'],
    steps: [
      `own-frame lo ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1', destination: 'ff:ff:ff:ff:ff:ff' })}`,
    ],
    expect: ['ignored ipv4-disabled 10.1.0.9 none>none'],
  },
  {
    name: 'another hardware type: Ethernet takes that of IEEE 802 (6) as well, and no other',
    steps: [6, 7].map(
      (hardwareType) => `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1', hardwareType })}`,
    ),
    expect: ['ignored no-entry 10.1.0.9 none>none', 'ignored malformed 10.1.0.9 none>none'],
  },
  {
    name: 'another length of addresses, or another protocol',
    steps: ['0800080406', '0800060606', '86dd060400'].map((types) => {
      const frame = arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1' });
      return `frame ${frame.slice(0, 32)}${types.slice(0, 8)}${frame.slice(40)}`;
    }),
    expect: [
      'ignored malformed 10.1.0.9 none>none',
      'ignored malformed 10.1.0.9 none>none',
      'ignored malformed 10.1.0.9 none>none',
    ],
  },
  {
    name: 'a gratuitous request that is answered by proxy later: its second pass looks at the entry again',
    setup: [
      'sysctl conf/in0/proxy_arp=1',
      'sysctl neigh/in0/proxy_delay=5',
      'ip route add 192.0.2.0/24 dev out0',
    ],
    steps: [`frame ${gratuitous(1, '192.0.2.9')}`],
    expect: [
      'created request-answered 192.0.2.9 none>stale',
      'refreshed same-address (deferred) 192.0.2.9 stale>stale',
    ],
  },
  {
    name: 'arp_accept of a value that means nothing',
    setup: ['sysctl conf/in0/arp_accept=3'],
    steps: [reply()],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
  {
    name: 'a filter drops it',
    setup: [
      'nft add table arp t',
      'nft add chain arp t c { type filter hook input priority 0 ; }',
      'nft add rule arp t c drop',
    ],
    steps: [reply()],
    expect: [/^ignored filtered-in \(.+NETFILTER_DROP\)\) 10\.1\.0\.9 none>none/],
    needs: 'nft',
  },
  {
    name: 'tc drops it',
    setup: ['drop-by-tc in0 ingress'],
    steps: [reply()],
    expect: [/^ignored filtered-in \(.+TC_INGRESS\)\) 10\.1\.0\.9 none>none/],
  },
  {
    name: 'an entry whose resolution failed takes any claim',
    setup: ['sysctl neigh/in0/retrans_time_ms=20', 'send 10.1.0.9', 'wait 300'],
    steps: [reply()],
    expect: [/^updated unresolved-entry 10\.1\.0\.9 failed>reachable/],
  },
  {
    name: 'a gratuitous reply fills an entry that waits',
    steps: ['send 10.1.0.9', garp(2)],
    expect: [/^updated gratuitous-filled 10\.1\.0\.9 incomplete>/],
  },
  {
    name: 'two replies to one who-has: the first one wins',
    steps: ['send 10.1.0.9', reply(), reply(other)],
    expect: [
      'updated solicited 10.1.0.9 incomplete>reachable asked by kernel',
      'ignored locktime 10.1.0.9 reachable>reachable asked by kernel',
    ],
  },
  {
    name: 'a gratuitous claim is no answer to what was asked',
    steps: ['send 10.1.0.9', garp(1)],
    expect: [/^updated gratuitous-filled 10\.1\.0\.9 incomplete>(stale|delay)$/],
  },
  {
    name: 'no room for an entry',
    setup: ['sysctl conf/in0/arp_accept=1', 'neighbour-table full'],
    steps: [reply(), 'neighbour-table restored'],
    expect: ['ignored neighbour-table-full 10.1.0.9 none>none'],
    needs: 'net.ipv4.neigh.default.gc_thresh3, which only the first namespace has',
  },
  {
    name: 'IPv6 neighbour discovery is none of it',
    setup: ['sysctl-v6 conf/in0/disable_ipv6=0'],
    steps: [reply()],
    expect: ['ignored no-entry 10.1.0.9 none>none'],
  },
];
