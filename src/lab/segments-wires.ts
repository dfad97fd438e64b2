import type { Lab } from './lab.js';
import { batch, waitUp, writeSettings } from './namespace.js';

/** One segment of the split network: the bridge that is its switch, the router's device on it, and its hosts. */
interface Segment {
  /** The role whose namespace holds the switch. */
  role: string;
  device: string;
  /** The router's address and MAC there. */
  address: string;
  mac: string;
  hosts: { role: string; address: string; mac: string }[];
}

export const segments: readonly [Segment, Segment] = [
  {
    role: 'seg-a',
    device: 'seg-a',
    address: '192.0.2.1',
    mac: '02:00:00:00:0a:01',
    hosts: [
      { role: 'a1', address: '192.0.2.11', mac: '02:00:00:00:0a:11' },
      { role: 'a2', address: '192.0.2.12', mac: '02:00:00:00:0a:12' },
    ],
  },
  {
    role: 'seg-b',
    device: 'seg-b',
    address: '192.0.2.2',
    mac: '02:00:00:00:0b:02',
    hosts: [
      { role: 'b1', address: '192.0.2.21', mac: '02:00:00:00:0b:21' },
      { role: 'b2', address: '192.0.2.22', mac: '02:00:00:00:0b:22' },
    ],
  },
];

/** Both switches, their hosts, and the router between them. */
export async function wire(lab: Lab): Promise<void> {
  const router = lab.netns('router');
  await batch(router, ['link set lo up']);
  for (const { role, device, mac, hosts } of segments) {
    await batch(lab.netns(role), [
      'link set lo up',
      'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set br0 up',
      `link add router type veth peer name ${device} address ${mac} netns ${router}`,
      'link set router master br0 up',
      ...hosts.flatMap((host) => [
        `link add ${host.role} type veth peer name eth0 address ${host.mac} netns ${lab.netns(host.role)}`,
        `link set ${host.role} master br0 up`,
      ]),
    ]);
    for (const host of hosts) {
      await batch(lab.netns(host.role), [
        'link set lo up',
        `address add ${host.address}/24 dev eth0`,
        'link set eth0 up',
      ]);
    }
  }
  for (const { role, hosts } of segments) {
    for (const host of hosts) await waitUp(lab.netns(host.role), ['eth0']);
    await waitUp(
      lab.netns(role),
      hosts.map((host) => host.role),
    );
  }
}

/** What a step differs in from the next; everything else stays as it was wired. */
export interface State {
  forwarding: boolean;
  proxyArp: boolean;
  /** The router knows which host lies behind which of its devices. */
  routesInRouter: boolean;
  /** Hosts have the router of their segment as default gateway. */
  gatewayInHosts: boolean;
  /** Hosts send what is for the other segment's hosts by way of the router. */
  routesInHosts: boolean;
}

/** Bring the lab into a state, from whichever it is in. */
export async function arrange(lab: Lab, state: State): Promise<void> {
  const settings: Record<string, number> = { 'ipv4/conf/all/forwarding': state.forwarding ? 1 : 0 };
  for (const { device } of segments) {
    settings[`ipv4/conf/${device}/forwarding`] = state.forwarding ? 1 : 0;
    settings[`ipv4/conf/${device}/proxy_arp`] = state.proxyArp ? 1 : 0;
    settings[`ipv4/conf/${device}/rp_filter`] = 0;
    // Stock values: a new device starts with the host's.
    settings[`ipv4/neigh/${device}/proxy_delay`] = 80;
    settings[`ipv4/neigh/${device}/proxy_qlen`] = 64;
  }
  const router = lab.netns('router');
  await writeSettings(router, settings);
  const detailed = segments.flatMap(({ device, hosts }) =>
    hosts.map(({ address }) => `route replace ${address}/32 dev ${device} scope link`),
  );
  // Of two connected routes of one prefix the kernel goes by the one that came first: segment A's, in every state.
  await batch(router, [
    ...segments.flatMap(({ device }) => [`link set ${device} up`, `address flush dev ${device}`]),
    ...segments.map(({ device, address }) => `address add ${address}/24 dev ${device}`),
    'route flush proto boot',
    ...(state.routesInRouter ? detailed : []),
    // what was learned, or looked for in vain, in another state
    ...segments.map(({ device }) => `neigh flush dev ${device}`),
  ]);
  for (const { role, device } of segments) {
    await waitUp(router, [device]);
    await waitUp(lab.netns(role), ['router']);
  }
  const [a, b] = segments;
  for (const [here, there] of [
    [a, b],
    [b, a],
  ] as const) {
    const routes = [
      ...(state.gatewayInHosts ? [`route replace default via ${here.address}`] : []),
      ...(state.routesInHosts
        ? there.hosts.map(({ address }) => `route replace ${address}/32 via ${here.address}`)
        : []),
    ];
    for (const { role } of here.hosts) await batch(lab.netns(role), ['route flush proto boot', ...routes]);
  }
}
