import { ArpwhyError } from '../errors.js';
import { run } from '../host/run.js';
import type { Lab } from './lab.js';
import { batch, hasDevice, waitUp, writeSettings } from './namespace.js';

/** The routing table of the public network. */
export const table = 90;
const vlanMac = 'a0:36:9f:59:be:ef';

/** The hosts on the public network's switch. */
const publicHosts = [
  { role: 'gw', address: '192.0.2.1', mac: '02:00:00:00:00:01' },
  { role: 'host1', address: '192.0.2.66', mac: '02:00:00:00:00:66' },
  { role: 'host2', address: '192.0.2.77', mac: '02:00:00:00:00:77' },
];

const rules = ['pref 32764 iif tap0', 'pref 32765 iif bond0.90'];

const routes = [
  '192.0.2.0/24 dev bond0.90',
  'default via 192.0.2.1 dev bond0.90 onlink',
  '192.0.2.10/32 dev tap0 scope link',
];

/** Every device that must carry traffic before a step is done. The switch's ports bear their host's role as name. */
const devices: Record<string, string[]> = {
  node0: ['bond0', 'bond0.90', 'tap0'],
  vlan90: ['node0', ...publicHosts.map(({ role }) => role)],
};

/** The node's own network and its guest. */
export async function wirePrivate(lab: Lab): Promise<void> {
  await batch(lab.netns('node0'), [
    'link set lo up',
    `link add bond0 type veth peer name eth0 netns ${lab.netns('mgmt')}`,
    `link add tap0 type veth peer name eth0 netns ${lab.netns('guest')}`,
    'address add 10.0.0.2/24 dev bond0',
    'link set bond0 up',
    'link set tap0 up',
    'route add default via 10.0.0.1 dev bond0',
  ]);
  await hostUp(lab, 'mgmt', '10.0.0.1/24');
  await hostUp(lab, 'guest', '192.0.2.10/24');
  await batch(lab.netns('guest'), ['route add default via 192.0.2.1']);
}

/** The VLAN's switch, and the hosts on it. */
export async function wirePublic(lab: Lab): Promise<void> {
  const vlan90 = lab.netns('vlan90');
  await batch(vlan90, [
    'link set lo up',
    'link add br90 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set br90 up',
    ...publicHosts.flatMap(({ role, mac }) => [
      `link add ${role} type veth peer name eth0 address ${mac} netns ${lab.netns(role)}`,
      `link set ${role} master br90 up`,
    ]),
  ]);
  for (const { role, address } of publicHosts) await hostUp(lab, role, `${address}/24`);
}

async function hostUp(lab: Lab, role: string, address: string): Promise<void> {
  await batch(lab.netns(role), ['link set lo up', `address add ${address} dev eth0`, 'link set eth0 up']);
  await waitUp(lab.netns(role), ['eth0']);
}

/** Make bond0.90, in the state that a boot leaves it in, but for its routes. */
export async function plugVlan(lab: Lab): Promise<void> {
  const [node0, vlan90] = [lab.netns('node0'), lab.netns('vlan90')];
  await batch(node0, [`link add bond0.90 address ${vlanMac} type veth peer name node0 netns ${vlan90}`]);
  await setUp(lab);
  await batch(vlan90, ['link set node0 master br90 up']);
  await batch(node0, ['link set bond0.90 up']);
}

/** The node's settings; written again whenever bond0.90 is a new device. */
async function setUp(lab: Lab): Promise<void> {
  const settings: Record<string, number> = { 'ipv4/conf/all/forwarding': 1 };
  for (const device of ['bond0.90', 'tap0']) {
    settings[`ipv4/conf/${device}/forwarding`] = 1;
    settings[`ipv4/conf/${device}/proxy_arp`] = 1;
    settings[`ipv4/conf/${device}/rp_filter`] = 0;
    // Stock values: a new device starts with the host's.
    settings[`ipv4/neigh/${device}/proxy_delay`] = 80;
    settings[`ipv4/neigh/${device}/proxy_qlen`] = 64;
  }
  await writeSettings(lab.netns('node0'), settings);
}

/** Put all of the node in order, whatever became of it: the lab is there to be played with. */
export async function healthy(lab: Lab): Promise<void> {
  if (!(await hasDevice(lab.netns('node0'), 'bond0.90'))) await plugVlan(lab);
  await setUp(lab);
  await addRules(lab);
  await routePublic(lab);
  await settle(lab);
}

/** `ip rule` has no replace: a rule that is there already is what we want. */
async function addRules(lab: Lab): Promise<void> {
  for (const rule of rules) {
    const command = [
      'ip',
      '-n',
      lab.netns('node0'),
      'rule',
      'add',
      ...rule.split(' '),
      'lookup',
      String(table),
    ];
    const { status, stderr } = await run(command, { allowFailure: true });
    if (status !== 0 && !stderr.includes('File exists')) {
      throw new ArpwhyError('lab', `${command.join(' ')}: ${stderr.trim()}`, { log: stderr });
    }
  }
}

/** Put the routes of the public table back; what is there already stays. */
export async function routePublic(lab: Lab): Promise<void> {
  const links = ['link set bond0.90 up', 'link set tap0 up'];
  const replace = routes.map((route) => `route replace ${route} table ${table}`);
  await batch(lab.netns('node0'), [...links, ...replace]);
}

/** Wait until every link of the lab that a step can touch carries traffic. */
export async function settle(lab: Lab): Promise<void> {
  for (const [role, names] of Object.entries(devices)) await waitUp(lab.netns(role), names);
}
