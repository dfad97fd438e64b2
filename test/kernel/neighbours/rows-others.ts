import { macs } from '../scenarios/world.js';
import { arpFrame } from './frames.js';
import type { Row } from './row.js';

const fast = 'sysctl neigh/in0/retrans_time_ms=30';
const answer = `frame ${arpFrame({ senderIp: '10.1.0.9', targetIp: '10.1.0.1' })}`;

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
      /^timer 10\.1\.0\.9 (stale|delay)>probe$/,
      /^answered timer 10\.1\.0\.9 dev in0 from 10\.1\.0\.1 tries 1 waited 0 lost 0$/,
    ],
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
];
