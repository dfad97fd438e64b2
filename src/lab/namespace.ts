import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArpwhyError } from '../errors.js';
import { run } from '../host/run.js';

/** Where iproute2 keeps named network namespaces. */
export const namespaceDirectory = '/run/netns';

/** Far above what a veth needs: milliseconds, or a second when the kernel rate-limits link events. */
const linkDeadlineMs = 10_000;
const linkPollMs = 20;

/** The words that run a command inside a network namespace, the mounts staying the host's. */
export function inside(netns: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=${namespaceDirectory}/${netns}`, ...command];
}

/**
 * Run iproute2 commands inside a namespace, all in one process, stopping at the first that fails.
 * Devices are made from inside too: from outside, the kernel would refuse the name of a device that the host has.
 * @throws {ArpwhyError} `lab` with the command that failed.
 */
export async function batch(netns: string, commands: readonly string[]): Promise<void> {
  const { status, stderr } = await run(['ip', '-n', netns, '-batch', '-'], {
    input: commands.map((command) => `${command}\n`).join(''),
    allowFailure: true,
  });
  if (status === 0) return;
  const failed = commands[Number(/Command failed -:(\d+)/.exec(stderr)?.[1]) - 1];
  const said = stderr.replace(/Command failed -:\d+/, '').trim() || `exit ${status}`;
  throw new ArpwhyError('lab', `ip -n ${netns} ${failed ?? '-batch -'}: ${said}`, { log: stderr });
}

/**
 * Write sysctls of a namespace, named by their path below `/proc/sys/net`: a dot in a device's name makes the
 * dotted names ambiguous. The files are those of the namespace that the writer is in, so the writer goes there.
 */
export async function writeSettings(
  netns: string,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  for (const value of new Set(Object.values(settings))) {
    const paths = Object.keys(settings).filter((path) => settings[path] === value);
    const files = paths.map((path) => `/proc/sys/net/${path}`);
    await run(inside(netns, ['tee', ...files]), { input: `${value}\n` });
  }
}

/**
 * Give a new namespace the stock settings of everything that decides an ARP request: a namespace starts with a
 * copy of the host's. IPv6 is off, so that nothing but the lab's own requests is on its wires.
 */
export async function plainSettings(netns: string): Promise<void> {
  await writeSettings(netns, stockSettings());
}

/** The settings of {@link plainSettings}, by their path below `/proc/sys/net`. */
export function stockSettings(): Record<string, number> {
  const settings: Record<string, number> = {};
  for (const scope of ['all', 'default']) {
    for (const name of stockIsZero) settings[`ipv4/conf/${scope}/${name}`] = 0;
    const ipv6 = `ipv6/conf/${scope}/disable_ipv6`;
    if (existsSync(`/proc/sys/net/${ipv6}`)) settings[ipv6] = 1;
  }
  return settings;
}

const stockIsZero = [
  ...[
    'forwarding',
    'proxy_arp',
    'proxy_arp_pvlan',
    'medium_id',
    'rp_filter',
    'accept_local',
    'route_localnet',
  ],
  ...['arp_ignore', 'arp_filter', 'arp_announce', 'arp_accept', 'drop_gratuitous_arp', 'src_valid_mark'],
];

interface Link {
  ifname: string;
  operstate: string;
  linkinfo?: { info_slave_kind?: string; info_slave_data?: { state?: string } };
}

/** Whether a namespace has a device of that name. */
export async function hasDevice(netns: string, device: string): Promise<boolean> {
  return (await links(netns)).some((link) => link.ifname === device);
}

/**
 * Wait until devices carry traffic: operationally up, and forwarding where they are ports of a bridge.
 * @throws {ArpwhyError} `lab` naming those that are not up by the deadline.
 */
export async function waitUp(netns: string, devices: readonly string[]): Promise<void> {
  const deadline = performance.now() + linkDeadlineMs;
  for (;;) {
    const ready = new Set((await links(netns)).filter(carriesTraffic).map((link) => link.ifname));
    const missing = devices.filter((device) => !ready.has(device));
    if (missing.length === 0) return;
    if (performance.now() > deadline) {
      const seconds = linkDeadlineMs / 1000;
      throw new ArpwhyError(
        'lab',
        `${missing.join(', ')} in ${netns} did not come up within ${seconds} s: look at "ip -n ${netns} -d link"`,
      );
    }
    await sleep(linkPollMs);
  }
}

async function links(netns: string): Promise<Link[]> {
  const { stdout } = await run(['ip', '-n', netns, '-d', '-j', 'link', 'show']);
  return JSON.parse(stdout) as Link[];
}

function carriesTraffic({ operstate, linkinfo }: Link): boolean {
  if (operstate !== 'UP') return false;
  return linkinfo?.info_slave_kind !== 'bridge' || linkinfo.info_slave_data?.state === 'forwarding';
}
