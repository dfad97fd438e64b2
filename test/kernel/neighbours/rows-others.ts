import { macs } from '../scenarios/world.js';
import { arpFrame } from './frames.js';
import type { Row } from './row.js';

const fast = 'sysctl neigh/in0/retrans_time_ms=30';
const answer = `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1' })}`;

const request = `frame ${arpFrame({ operation: 1, senderIp: '10.1.0.9', targetIp: '10.1.0.1', targetMac: '00:00:00:00:00:00' })}`;

/** Solicitations, and neighbour events without a packet. */
export const otherRows: readonly Row[] = [
  {
    name: "a program's packet: answered",
    kinds: ['solicitation'],
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['send 10.1.0.9'],
    expect: [
      'answered packet-sent 10.1.0.9 dev in0 from 10.1.0.1 by bash for 10.1.0.1>10.1.0.9 because 10.1.0.0/24 dev in0 table main tries 1 waited 1 lost 0',
    ],
  },
  {
    name: "a program's packet through a gateway, by a rule: the next hop is asked for",
    kinds: ['solicitation'],
    setup: [
      'asker: ip address add 10.1.0.9/24 dev eth0',
      'ip route add 192.0.2.0/24 via 10.1.0.9 table 77',
      'ip rule add pref 500 to 192.0.2.0/24 lookup 77',
    ],
    steps: ['send 192.0.2.55'],
    expect: [
      'answered packet-sent 10.1.0.9 dev in0 from 10.1.0.1 by bash for 10.1.0.1>192.0.2.55 because 192.0.2.0/24 dev in0 via 10.1.0.9 table 77 rule 500 tries 1 waited 1 lost 0',
    ],
  },
  {
    name: 'a forwarded packet: no process is named',
    kinds: ['solicitation'],
    setup: [
      'asker: ip address add 10.1.0.9/24 dev eth0',
      'asker: ip route add 10.2.0.0/24 via 10.1.0.1',
      'behind: ip route add 10.1.0.0/24 via 10.2.0.1',
      `asker: ip neigh replace 10.1.0.1 lladdr ${macs.in0} dev eth0 nud permanent`,
    ],
    steps: ['asker: send 10.2.0.9'],
    expect: [
      /^answered packet-forwarded 10\.2\.0\.9 dev out0 from 10\.2\.0\.1 for 10\.1\.0\.9>10\.2\.0\.9 in in0 because 10\.2\.0\.0\/24 dev out0 table main tries 1 waited 1 lost 0$/,
      // the answer of the host behind, port unreachable, goes back
      /^answered packet-forwarded 10\.1\.0\.9 dev in0 from 10\.1\.0\.1 for 10\.2\.0\.9>10\.1\.0\.9 in out0 because 10\.1\.0\.0\/24 dev in0 table main tries 1 waited 1 lost 0$/,
    ],
  },
  {
    name: 'nobody answers',
    kinds: ['solicitation', 'neighbour'],
    setup: [fast],
    steps: ['send 10.1.0.8'],
    expect: [
      'timer 10.1.0.8 incomplete>failed',
      'failed packet-sent 10.1.0.8 dev in0 from 10.1.0.1 by bash for 10.1.0.1>10.1.0.8 because 10.1.0.0/24 dev in0 table main tries 3 waited 1 lost 1',
    ],
  },
  {
    name: 'arping, answered and unanswered',
    kinds: ['solicitation'],
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['arping 10.1.0.9', 'arping 10.1.0.8'],
    expect: [
      'answered user-space 10.1.0.9 dev in0 from 10.1.0.1 by arping tries 1',
      'unanswered user-space 10.1.0.8 dev in0 from 10.1.0.1 by arping tries 1',
    ],
  },
  {
    name: 'the probe of a stale entry in use',
    kinds: ['solicitation', 'neighbour'],
    setup: [
      'sysctl neigh/in0/delay_first_probe_time=0',
      'asker: ip address add 10.1.0.9/24 dev eth0',
      `ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`,
    ],
    steps: ['send 10.1.0.9'],
    expect: [
      // what made it delay was a packet
      'timer 10.1.0.9 delay>probe',
      /^answered timer 10\.1\.0\.9 dev in0 from 10\.1\.0\.1 tries 1 waited 0 lost 0$/,
    ],
  },
  {
    name: 'a claim that leaves a probe a probe is no answer',
    kinds: ['solicitation'],
    setup: [
      'sysctl neigh/in0/delay_first_probe_time=0',
      'sysctl neigh/in0/retrans_time_ms=1000',
      `ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`,
    ],
    steps: ['send 10.1.0.9', 'wait 200', request],
    expect: ['failed timer 10.1.0.9 dev in0 from 10.1.0.1 tries 3 waited 0 lost 0'],
    slowMs: 4000,
  },
  {
    name: 'an entry that is set by hand while it is asked for: nobody answered',
    kinds: ['solicitation'],
    steps: ['send 10.1.0.8', `ip neigh replace 10.1.0.8 lladdr ${macs.asker} dev in0 nud permanent`],
    expect: [/^changed packet-sent 10\.1\.0\.8 .* tries \d$/],
  },
  {
    name: 'a frame that waits in the queue of a bridge is told once',
    kinds: ['solicitation'],
    setup: [
      'ip link add br0 type bridge',
      'ip address del 10.1.0.1/24 dev in0',
      'ip address add 10.1.0.1/24 dev br0',
      'ip link set in0 master br0',
      'ip link set br0 up',
      'wait-up br0',
      'tc qdisc add dev br0 root tbf rate 16kbit burst 1600 latency 5s',
      `ip neigh add 10.1.0.77 lladdr ${macs.asker} dev br0 nud permanent`,
    ],
    // the second fills the queue for half a second
    steps: ['send 10.1.0.77 1400', 'send 10.1.0.77 1400', 'arping 10.1.0.8 br0', 'wait 1500'],
    expect: ['unanswered user-space 10.1.0.8 dev br0 from 10.1.0.1 by arping tries 1'],
    needs: 'tbf',
  },
  {
    name: 'an entry that is kept resolved: asked for without any packet',
    kinds: ['solicitation'],
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['ip neigh add 10.1.0.9 dev in0 managed'],
    expect: ['answered netlink 10.1.0.9 dev in0 from 10.1.0.1 by ip tries 1 waited 0 lost 0'],
  },
  {
    name: 'an entry that is put to use: asked for without any packet',
    kinds: ['solicitation'],
    setup: ['asker: ip address add 10.1.0.9/24 dev eth0'],
    steps: ['ip neigh replace 10.1.0.9 dev in0 use'],
    expect: ['answered netlink 10.1.0.9 dev in0 from 10.1.0.1 by ip tries 1 waited 0 lost 0'],
  },
  {
    // neigh_managed_work: every 5 seconds
    name: 'an entry that is kept resolved, and nobody answers: its timer asks again',
    kinds: ['solicitation'],
    setup: [fast, 'ip neigh add 10.1.0.8 dev in0 managed'],
    steps: [],
    expect: ['failed resolution-timer 10.1.0.8 dev in0 from 10.1.0.1 tries 3 waited 0 lost 0'],
    slowMs: 6000,
  },
  {
    // long between two of them: the first comes as the bond opens
    name: 'a bond that watches its link by ARP',
    kinds: ['solicitation'],
    setup: [
      'ip link add bond0 type bond mode balance-rr arp_interval 3600000 arp_ip_target 10.5.0.9',
      'ip link set in0 down',
      'ip link set in0 master bond0',
      'ip address add 10.5.0.1/24 dev bond0',
    ],
    steps: ['ip link set bond0 up'],
    expect: [/^unanswered kernel 10\.5\.0\.9 dev in0 from \S+ tries 1$/],
    needs: 'bond',
  },
  {
    name: 'ip neigh: made, changed, deleted',
    kinds: ['neighbour'],
    steps: [
      `ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud permanent`,
      `ip neigh replace 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`,
      'ip neigh del 10.1.0.9 dev in0',
    ],
    expect: [
      'netlink 10.1.0.9 none>permanent by ip',
      'netlink 10.1.0.9 permanent>stale by ip',
      'netlink 10.1.0.9 stale>gone by ip',
    ],
  },
  {
    name: 'set to failed, and removed otherwise right afterwards: two changes',
    kinds: ['neighbour'],
    steps: ['ip neigh add 10.1.0.9 dev in0 nud failed', 'ip link set in0 down'],
    expect: ['netlink 10.1.0.9 none>failed by ip', 'link-down 10.1.0.9 failed>gone by ip'],
  },
  {
    name: 'set to failed, and deleted right afterwards: two changes',
    kinds: ['neighbour'],
    steps: ['ip neigh add 10.1.0.9 dev in0 nud failed', 'ip neigh del 10.1.0.9 dev in0'],
    expect: ['netlink 10.1.0.9 none>failed by ip', 'netlink 10.1.0.9 failed>gone by ip'],
  },
  {
    name: 'a link goes down',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['ip link set in0 down'],
    expect: ['link-down 10.1.0.9 stale>gone by ip'],
  },
  {
    name: 'another MAC of the device',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['ip link set in0 address 02:00:00:00:01:02'],
    expect: ['address-changed 10.1.0.9 stale>gone by ip'],
  },
  {
    name: 'a reply changes an entry: no neighbour event',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: [answer],
    expect: [],
  },
  {
    name: 'on a device that lies on another: asked once',
    kinds: ['solicitation'],
    setup: [
      'ip link add link in0 name mv0 type macvlan',
      'ip address add 10.5.0.1/24 dev mv0',
      'ip link set mv0 up',
      'wait-up mv0',
      'sysctl neigh/mv0/retrans_time_ms=30',
    ],
    steps: ['send 10.5.0.9'],
    expect: [
      'failed packet-sent 10.5.0.9 dev mv0 from 10.5.0.1 by bash for 10.5.0.1>10.5.0.9 because 10.5.0.0/24 dev mv0 table main tries 3 waited 1 lost 1',
    ],
    needs: 'macvlan',
  },
  {
    name: 'a bridge asks once, whatever ports it has',
    kinds: ['solicitation'],
    setup: [
      'ip link add br0 type bridge',
      'ip address del 10.1.0.1/24 dev in0',
      'ip address add 10.1.0.1/24 dev br0',
      'ip link set in0 master br0',
      'ip link set out0 master br0',
      'ip link set br0 up',
      'wait-up br0',
      'sysctl neigh/br0/retrans_time_ms=30',
    ],
    steps: ['send 10.1.0.8'],
    expect: [
      'failed packet-sent 10.1.0.8 dev br0 from 10.1.0.1 by bash for 10.1.0.1>10.1.0.8 because 10.1.0.0/24 dev br0 table main tries 3 waited 1 lost 1',
    ],
    needs: 'bridge',
  },
  {
    name: 'a packet in a tunnel makes the kernel ask for the end of the tunnel',
    kinds: ['solicitation'],
    setup: [
      fast,
      'ip link add vx0 type vxlan id 5 remote 10.1.0.8 dstport 4789',
      'ip address add 10.6.0.1/24 dev vx0',
      'ip link set vx0 up',
      `ip neigh replace 10.6.0.9 lladdr ${macs.asker} dev vx0 nud permanent`,
      'wait 300',
    ],
    steps: ['send 10.6.0.9'],
    expect: [
      /^failed packet-sent 10\.1\.0\.8 dev in0 from 10\.1\.0\.1 by bash for 10\.1\.0\.1>10\.1\.0\.8 because 10\.1\.0\.0\/24 dev in0 table main tries 3 waited 1 lost 1$/,
    ],
    needs: 'vxlan',
  },
  {
    name: 'packets that waited before are not counted again',
    kinds: ['solicitation'],
    steps: ['send 10.1.0.9', request, 'ip neigh replace 10.1.0.9 dev in0 nud failed', fast, 'send 10.1.0.9'],
    expect: [
      /^answered packet-sent 10\.1\.0\.9 .* tries 1$/,
      /^failed packet-sent 10\.1\.0\.9 .* tries 3 waited 1 lost 1$/,
    ],
  },
  {
    name: 'packets that were given up are not counted again',
    kinds: ['solicitation'],
    steps: [
      'send 10.1.0.9',
      'send 10.1.0.9',
      'ip neigh replace 10.1.0.9 dev in0 nud failed',
      'wait 200',
      'send 10.1.0.9',
      answer,
    ],
    expect: [
      /^changed packet-sent 10\.1\.0\.9 .* tries \d$/,
      /^answered packet-sent 10\.1\.0\.9 .* tries \d waited 1 lost 0$/,
    ],
  },
  {
    name: 'the last address of a device is deleted',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['ip address del 10.1.0.1/24 dev in0'],
    expect: ['address-deleted 10.1.0.9 stale>gone by ip'],
  },
  {
    name: 'ARP is switched off',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['ip link set in0 arp off'],
    expect: ['noarp-changed 10.1.0.9 stale>gone by ip'],
  },
  {
    name: 'an address is added whose broadcast address was asked for',
    kinds: ['neighbour'],
    setup: ['ip neigh add 10.7.0.255 dev in0 nud failed'],
    steps: ['ip address add 10.7.0.1/24 brd 10.7.0.255 dev in0'],
    expect: ['address-added 10.7.0.255 failed>gone by ip'],
  },
  {
    name: 'a device comes up whose broadcast address was a neighbour',
    kinds: ['neighbour'],
    setup: ['ip link set in0 down', 'ip neigh add 10.1.0.255 dev in0 nud failed'],
    steps: ['ip link set in0 up'],
    expect: ['link-up 10.1.0.255 failed>gone by ip'],
  },
  {
    name: 'the old ioctl: made and deleted',
    kinds: ['neighbour'],
    steps: [`arp-ioctl set 10.1.0.9 in0 ${macs.asker}`, 'arp-ioctl delete 10.1.0.9 in0'],
    expect: ['ioctl 10.1.0.9 none>permanent by perl', 'ioctl 10.1.0.9 permanent>gone by perl'],
  },
  {
    name: 'an announcement of an own address',
    kinds: ['solicitation'],
    setup: ['sysctl conf/in0/arp_notify=1'],
    steps: ['ip link set in0 address 02:00:00:00:01:02'],
    expect: [/^unanswered announcement 10\.1\.0\.1 dev in0 from 10\.1\.0\.1 tries 1$/],
  },
  {
    name: 'a carrier that is lost',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['asker: ip link set eth0 down'],
    expect: ['link-down 10.1.0.9 stale>gone'],
  },
  {
    name: 'a device is deleted',
    kinds: ['neighbour'],
    setup: [`ip neigh add 10.1.0.9 lladdr ${macs.asker} dev in0 nud stale`],
    steps: ['ip link del in0'],
    expect: ['link-down 10.1.0.9 stale>gone by ip'],
  },
  ...(['forced', 'periodic'] as const).map((how) => ({
    name: `${how} garbage collection`,
    kinds: ['neighbour'] as const,
    setup: ['ip neigh add 10.1.0.9 dev in0 nud failed'],
    steps: [`collect ${how} 10.1.0.9`],
    expect: ['garbage-collection 10.1.0.9 failed>gone'],
  })),
];
