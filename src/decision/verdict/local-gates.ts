import { contains } from '../addresses.js';
import type { Gates } from '../effective.js';
import { loopbackIndex, routeType } from '../kernel-numbers.js';
import type { Series } from '../series.js';
import type { Address, Pass, Snapshot } from '../types.js';

/** `open`: the request went on; `closed`: it ended here; `unknown`: the evidence does not tell. */
export type Gate = 'open' | 'closed' | 'unknown';

const scopeHost = 254;
const scopeLink = 253;

/** arp_ignore (net/ipv4/arp.c). The modes that ask for addresses need a snapshot. */
export function arpIgnore(pass: Pass, gates: Gates, snapshot: Snapshot | null): Gate {
  // worked out in any case: it tells which settings the kernel read
  const workedOut = arpIgnoreBySettings(pass, gates, snapshot);
  const seen = pass.gatesSeen?.ignore;
  if (seen === undefined) return workedOut;
  return seen === 0 ? 'open' : 'closed';
}

function arpIgnoreBySettings(pass: Pass, gates: Gates, snapshot: Snapshot | null): Gate {
  const own = () => snapshot?.addresses.filter((address) => address.device === pass.device.index) ?? null;
  const { senderIp, targetIp } = pass.frame;
  switch (gates.read('arp_ignore')) {
    case 1:
      return confirmed(own(), 0, targetIp, scopeHost, gates);
    case 2:
      return confirmed(own(), senderIp, targetIp, scopeHost, gates);
    case 3: {
      if (!snapshot) return 'unknown';
      const devices = new Set(snapshot.addresses.map((address) => address.device));
      const answers = [...devices].map((device) => {
        const ofDevice = snapshot.addresses.filter((address) => address.device === device);
        const answer = confirmed(ofDevice, 0, targetIp, scopeLink, gates);
        // another device's route_localnet is not known, and it decides about addresses of scope host
        const decided = device === pass.device.index || pass.settings?.all.route_localnet !== 0;
        const hostScoped = ofDevice.some(({ ip, scope }) => ip === targetIp && scope > scopeLink);
        return hostScoped && !decided ? 'unknown' : answer;
      });
      return answers.find((one) => one === 'open') ?? answers.find((one) => one === 'unknown') ?? 'closed';
    }
    case 8:
      return 'closed';
    default:
      return 'open';
  }
}

/** inet_confirm_addr / confirm_addr_indev (net/ipv4/devinet.c) for a given local address. */
function confirmed(
  addresses: Address[] | null,
  destination: number,
  local: number,
  scope: number,
  gates: Gates,
): Gate {
  if (!addresses) return 'unknown';
  const hostScope = gates.read('route_localnet') !== 0 ? scopeLink : scopeHost;
  const found = addresses.some(
    (address) => address.ip === local && Math.min(address.scope, hostScope) <= scope,
  );
  const same = addresses.some((address) => {
    // inet_ifa_match goes by ifa_address: the far end of a point-to-point address
    const subnet = { ip: address.peer ?? address.ip, length: address.prefixLength };
    return contains(subnet, local) && (destination === 0 || contains(subnet, destination));
  });
  return found && same ? 'open' : 'closed';
}

/**
 * arp_filter: the route back to the sender has to leave through the asking device (ip_route_output_key_hash_rcu).
 * @param direct what __ip_dev_find asked the local table, when no device has the target as an address
 */
export function arpFilter(pass: Pass, gates: Gates, series: Series | null, direct: Series | null): Gate {
  if (gates.read('arp_filter') === 0) return 'open';
  const found = direct?.lookups.at(-1);
  if (found && found.errno !== 0) return 'closed';
  if (found?.info && found.info.type !== routeType.local) return 'closed';
  const last = series?.lookups.at(-1);
  if (!last) return 'unknown';
  if (last.errno !== 0) return 'closed';
  // a nexthop object may be a group, and the one used is chosen later
  if (!last.info || last.info.nexthops > 1) return 'unknown';
  // the way to an address of this host leads over the loopback device, whichever device has it
  const out = last.info.type === routeType.local ? loopbackIndex : last.device;
  return out === pass.device.index ? 'open' : 'closed';
}
