import { healthy, plugVlan, routePublic, settle, table, wirePrivate, wirePublic } from './ganeti-wires.js';
import { batch, hasDevice } from './namespace.js';
import { nameTables } from './tables.js';
import type { Expectation, LabStep, Topology } from './topology.js';

const guestAnswered: Expectation = {
  from: 'host1',
  target: '192.0.2.10',
  action: 'replied',
  reason: 'proxy-arp',
  because: { prefix: '192.0.2.10/32', device: 'tap0', table, rule: 32765 },
};

const nobodySilent: Expectation = {
  from: 'host1',
  target: '192.0.2.99',
  action: 'silent',
  reason: 'same-device',
  because: { prefix: '192.0.2.0/24', device: 'bond0.90', table, rule: 32765 },
};

const nobodyAnswered: Expectation = {
  from: 'host1',
  target: '192.0.2.99',
  action: 'replied',
  reason: 'proxy-arp',
  because: { prefix: '0.0.0.0/0', device: 'bond0', table: 254, rule: 32766 },
  before: [{ table, outcome: 'no-usable-route', rule: 32765 }],
};

const steps: LabStep[] = [
  {
    name: 'healthy',
    summary: 'everything configured: the node answers for its guest and for nobody else',
    apply: healthy,
    expect: [guestAnswered, nobodySilent],
  },
  {
    name: 'flush',
    summary: 'bond0.90 goes down and up: the kernel drops its routes, and the node answers for every address',
    async apply(lab) {
      await batch(lab.netns('node0'), ['link set bond0.90 down', 'link set bond0.90 up']);
      await settle(lab);
    },
    expect: [guestAnswered, nobodyAnswered],
  },
  {
    name: 'recreate',
    summary: 'bond0.90 is deleted and made again under a new ifindex, without its routes',
    async apply(lab) {
      const node0 = lab.netns('node0');
      if (await hasDevice(node0, 'bond0.90')) await batch(node0, ['link del bond0.90']);
      await plugVlan(lab);
      await settle(lab);
    },
    expect: [guestAnswered, nobodyAnswered],
  },
  {
    name: 'restore',
    summary: 'the routes of table public_90 are put back: silence again for what is not ours',
    async apply(lab) {
      await routePublic(lab);
      await settle(lab);
    },
    expect: [guestAnswered, nobodySilent],
  },
];

/**
 * A Ganeti node that routes a guest with a public address: proxy ARP on a VLAN without an address, a routing table
 * of its own for that VLAN, and a default route in main that leads elsewhere. This kernel may lack bonding and
 * 802.1Q: bond0 and bond0.90 are two veths, and a bridge in a namespace of its own is the VLAN's switch.
 */
export const ganeti: Topology = {
  name: 'ganeti',
  summary: 'a node answers by proxy ARP for its guest; when bond0.90 flaps, for every address of the VLAN',
  roles: ['node0', 'guest', 'vlan90', 'gw', 'host1', 'host2', 'mgmt'],
  router: 'node0',
  async build(lab) {
    nameTables(lab.netns('node0'), { [table]: 'public_90' });
    await wirePrivate(lab);
    await wirePublic(lab);
    await healthy(lab);
  },
  steps,
};
