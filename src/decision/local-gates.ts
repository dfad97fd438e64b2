import { contains } from './addresses.js';
import type { Gates } from './effective.js';
import type { Series } from './series.js';
import type { Address, Pass, Snapshot } from './types.js';

/** `open`: the request went on; `closed`: it ended here; `unknown`: the evidence does not tell. */
export type Gate = 'open' | 'closed' | 'unknown';

const scopeHost = 254;
const scopeLink = 253;

/** arp_ignore (net/ipv4/arp.c). The modes that ask for addresses need a snapshot. */
export function arpIgnore(pass: Pass, gates: Gates, snapshot: Snapshot | null): Gate {
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
      for (const device of devices) {
        const ofDevice = snapshot.addresses.filter((address) => address.device === device);
        if (confirmed(ofDevice, 0, targetIp, scopeLink, gates) === 'open') return 'open';
      }
      return 'closed';
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
    const subnet = { ip: address.ip, length: address.prefixLength };
    return contains(subnet, local) && (destination === 0 || contains(subnet, destination));
  });
  return found && same ? 'open' : 'closed';
}

/** arp_filter: the route back to the sender has to leave through the asking device. */
export function arpFilter(pass: Pass, gates: Gates, series: Series | null): Gate {
  if (gates.read('arp_filter') === 0) return 'open';
  const last = series?.lookups.at(-1);
  if (!last) return 'unknown';
  if (last.errno !== 0) return 'closed';
  if (last.info && last.info.nexthops > 1) return 'unknown';
  return last.device === pass.device.index ? 'open' : 'closed';
}
