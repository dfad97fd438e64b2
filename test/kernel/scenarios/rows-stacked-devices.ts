import type { Row } from './row.js';

/** Devices upon devices, which many kernels have as modules only: bonds, VLANs, VRFs, ipvlan; and arptables. */

const bond = (mode: string, ...ports: string[]) => [
  `ip link add bond0 type bond mode ${mode} miimon 100`,
  ...ports.flatMap((port) => [`ip link set ${port} down`, `ip link set ${port} master bond0`]),
  'ip link set bond0 up',
];

/** The node of the incident: a VLAN without an address on a bond, a table of its own, a default route elsewhere. */
const node = [
  ...bond('active-backup', 'in0'),
  'ip address add 10.0.0.2/24 dev bond0',
  'ip link add link bond0 name bond0.90 type vlan id 90',
  'ip link set bond0.90 up',
  'ip address add 10.2.0.1/24 dev out0',
  'asker: ip link add link eth0 name eth0.90 type vlan id 90',
  'asker: ip link set eth0.90 up',
  'wait-up bond0 bond0.90',
  'ip route add default via 10.0.0.1 dev bond0',
  'ip route add 192.0.2.0/24 dev bond0.90 table 90',
  'ip route add 192.0.2.10 dev out0 table 90',
  'ip rule add iif out0 lookup 90 priority 32764',
  'ip rule add iif bond0.90 lookup 90 priority 32765',
  'sysctl conf/bond0.90/forwarding=1',
  'sysctl conf/bond0.90/proxy_arp=1',
];

const flap = ['ip link set bond0.90 down', 'ip link set bond0.90 up', 'wait-up bond0.90'];

/** veth hands a tag over beside the frame unless the sender has to write it into it. */
const tagInFrame = 'asker: ethtool -K eth0 txvlan off';

const asked = (target: string, to = 'router') => ({ sender: '192.0.2.1', target, to, device: 'eth0.90' });
const guest = {
  action: 'replied',
  reason: 'proxy-arp',
  device: 'bond0.90',
  mac: '02:00:00:00:01:01',
  because: '192.0.2.10/32 dev out0 table 90 rule 32765',
} as const;
const nobody = {
  action: 'silent',
  reason: 'same-device',
  device: 'bond0.90',
  mac: null,
  because: '192.0.2.0/24 dev bond0.90 table 90 rule 32765',
} as const;
const everybody = {
  action: 'replied',
  reason: 'proxy-arp',
  device: 'bond0.90',
  mac: '02:00:00:00:01:01',
  because: '0.0.0.0/0 via 10.0.0.1 dev bond0 table main rule 32766',
} as const;

/** The incident, for tests that play it in other ways. */
export const bondedNode = { setup: node, flap, askNobody: asked('192.0.2.99') };

const needsBond = 'bonding and 802.1Q';

const vrf = [
  'ip link add vrf7 type vrf table 7',
  'ip link set vrf7 up',
  'ip link set in0 master vrf7',
  'ip link set out0 master vrf7',
  'wait-up in0 out0 vrf7',
  'sysctl conf/in0/proxy_arp=1',
];

const ipvlan = [
  'ip link add ipv0 link in0 type ipvlan mode l2',
  'ip address add 10.1.0.77/24 dev ipv0',
  'ip link set ipv0 up',
];

export const stackedDevices: readonly Row[] = [
  {
    name: 'a VLAN on a bond: the guest is answered for, nobody else',
    world: 'bare',
    needs: needsBond,
    setup: node,
    traffic: [asked('192.0.2.10'), asked('192.0.2.99')],
    expect: [guest, nobody],
  },
  {
    name: 'a VLAN on a bond went down and up: everybody is answered for',
    world: 'bare',
    needs: needsBond,
    setup: [...node, ...flap],
    traffic: [asked('192.0.2.10'), asked('192.0.2.99')],
    expect: [guest, everybody],
    observed: true,
    changes: [
      {
        cause: 'link-down',
        device: 'bond0.90',
        by: { process: 'ip', parent: 'sh' },
        changes: [
          'link changed: bond0.90, down (was bond0.90, up)',
          'route removed: 192.0.2.0/24 dev bond0.90 proto boot, table 90',
        ],
        flushed: [{ table: 90, routes: 1 }],
      },
      { cause: 'link-up', device: 'bond0.90', by: { process: 'ip', parent: 'sh' } },
    ],
  },
  {
    name: 'a VLAN on a bond, the tag within the frame: the guest is answered for, nobody else',
    world: 'bare',
    needs: needsBond,
    setup: [...node, tagInFrame],
    traffic: [asked('192.0.2.10'), asked('192.0.2.99')],
    expect: [guest, nobody],
  },
  {
    name: 'a VLAN on a bond, the tag within the frame, went down and up: everybody is answered for',
    world: 'bare',
    needs: needsBond,
    setup: [...node, tagInFrame, ...flap],
    traffic: [asked('192.0.2.10'), asked('192.0.2.99')],
    expect: [guest, everybody],
  },
  {
    name: 'a VLAN on a bond went down and up: to everybody, after the delay',
    world: 'bare',
    needs: needsBond,
    setup: [...node, ...flap, 'sysctl neigh/bond0.90/proxy_delay=10'],
    traffic: [asked('192.0.2.99', 'broadcast')],
    expect: [{ ...everybody, deferred: true }],
  },
  {
    name: 'a bond without the VLAN of a tag',
    world: 'bare',
    needs: needsBond,
    setup: [...node, 'ip link del bond0.90'],
    traffic: [asked('192.0.2.99')],
    expect: [{ action: 'silent', reason: 'not-for-us', device: 'bond0', because: null }],
  },
  {
    name: 'a bond answers by its active port',
    world: 'bare',
    needs: 'bonding',
    setup: [
      ...bond('active-backup', 'in0', 'out0'),
      'ip address add 10.1.0.1/24 dev bond0',
      'wait-up bond0',
      'ip link set bond0 type bond active_slave in0',
    ],
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        device: 'bond0',
        mac: '02:00:00:00:01:01',
        because: 'local 10.1.0.1/32 dev bond0 table main',
      },
    ],
  },
  {
    name: 'a bond that lost its active port answers by the other one',
    world: 'bare',
    needs: 'bonding',
    setup: [
      ...bond('active-backup', 'in0', 'out0'),
      'ip address add 10.1.0.1/24 dev bond0',
      'wait-up bond0',
      'ip link set bond0 type bond active_slave in0',
      'asker: ip link set eth0 down',
      'ip link set bond0 type bond active_slave out0',
    ],
    traffic: [{ target: '10.1.0.1', from: 'behind' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        device: 'bond0',
        mac: '02:00:00:00:01:01',
        because: 'local 10.1.0.1/32 dev bond0 table main',
      },
    ],
  },
  {
    name: 'a VRF: proxied by the table of the VRF',
    needs: 'VRF',
    setup: vrf,
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        device: 'in0',
        mac: '02:00:00:00:01:01',
        because: '10.2.0.0/24 dev out0 table 7 rule 1000',
      },
    ],
  },
  {
    name: 'a VRF: an address of the device',
    needs: 'VRF',
    setup: vrf,
    traffic: [{ target: '10.1.0.1' }],
    expect: [
      {
        action: 'replied',
        reason: 'local-address',
        device: 'in0',
        because: 'local 10.1.0.1/32 dev in0 table 7 rule 1000',
      },
    ],
  },
  {
    name: 'a VRF: its table rejects',
    needs: 'VRF',
    setup: [...vrf, 'ip route add unreachable default metric 4278198272 table 7'],
    traffic: [{ target: '203.0.113.5' }],
    expect: [
      {
        action: 'silent',
        reason: 'unreachable',
        device: 'in0',
        because: 'unreachable 0.0.0.0/0 table 7 rule 1000',
      },
    ],
  },
  {
    name: 'a VRF: where its table has nothing the main one decides',
    needs: 'VRF',
    setup: [
      ...vrf,
      'ip link add out1 type veth peer name far1',
      'ip address add 10.3.0.1/24 dev out1',
      'ip link set out1 up',
      'ip link set far1 up',
      'wait-up out1',
    ],
    traffic: [{ target: '10.3.0.5' }],
    expect: [
      {
        action: 'replied',
        reason: 'proxy-arp',
        device: 'in0',
        because: '10.3.0.0/24 dev out1 table main rule 32766',
      },
    ],
  },
  {
    name: 'arptables drops on the way in',
    needs: 'arptables-legacy',
    setup: ['sysctl conf/in0/proxy_arp=1', 'arptables-legacy -A INPUT --source-ip 10.1.0.9 -j DROP'],
    traffic: [{}, { sender: '10.1.0.8' }],
    expect: [
      { action: 'dropped', reason: 'filtered-in', sender: '10.1.0.9', because: null, mac: null },
      { action: 'replied', reason: 'proxy-arp', sender: '10.1.0.8' },
    ],
  },
  {
    name: 'arptables drops the reply',
    needs: 'arptables-legacy',
    setup: ['sysctl conf/in0/proxy_arp=1', 'arptables-legacy -A OUTPUT --opcode 2 -j DROP'],
    expect: [{ action: 'dropped', reason: 'filtered-out', mac: null }],
  },
  {
    name: 'ipvlan: its own address is asked for',
    needs: 'ipvlan',
    setup: ipvlan,
    traffic: [{ target: '10.1.0.77' }],
    expect: [{ action: 'replied', reason: 'local-address', device: 'ipv0', mac: '02:00:00:00:01:01' }],
  },
  {
    name: 'ipvlan: the address of its parent is asked for',
    needs: 'ipvlan',
    setup: ipvlan,
    traffic: [{ target: '10.1.0.1' }],
    expect: [{ action: 'replied', reason: 'local-address', device: 'in0', mac: '02:00:00:00:01:01' }],
  },
  {
    name: 'ipvlan: to everybody, both are asked',
    needs: 'ipvlan',
    setup: ipvlan,
    traffic: [{ target: '10.1.0.77', to: 'broadcast' }],
    expect: [
      { action: 'replied', reason: 'local-address', device: 'in0', mac: '02:00:00:00:01:01' },
      { action: 'replied', reason: 'local-address', device: 'ipv0', mac: '02:00:00:00:01:01' },
    ],
  },
];
