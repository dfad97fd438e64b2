import { isLoopback, isMulticast } from '../addresses.js';
import { routeType } from '../kernel-numbers.js';
import type { Pass } from '../types.js';
import { type Evidences, type Judgement, unknown, verdict } from './judgement.js';

/** arp_rcv let the frame go before arp_process: IFF_NOARP first, then the kind of frame. */
export function notReceived(pass: Pass): Judgement {
  if (pass.device.noarp) return verdict('silent', 'device-noarp');
  if (pass.frame.cast === 'otherhost') return verdict('silent', 'not-for-us');
  if (pass.frame.cast === 'loopback') return verdict('silent', 'not-for-us', { detail: 'loopback' });
  return unknown('silent', ['device-noarp', 'not-for-us']);
}

/** The checks of arp_rcv: the whole header is there, and its address lengths are the device's and IPv4's. */
export function badHeader(pass: Pass): Judgement {
  const { frame, device } = pass;
  const needed = 8 + 2 * (device.addressLength + 4);
  const bad =
    frame.length < needed ||
    frame.arpBytes < Math.min(8, needed) ||
    frame.hardwareLength !== device.addressLength ||
    frame.protocolLength !== 4;
  return bad ? verdict('silent', 'malformed') : unknown('dropped', ['malformed']);
}

/** arp_process freed the frame: the gates before the sender is looked at, or the proxy queue was full. */
export function droppedInside({ pass, gates }: Evidences): Judgement {
  const { frame } = pass;
  if (!pass.settings) return verdict('silent', 'ipv4-disabled');
  if (amateurRadio.has(pass.device.type)) return unknown('dropped', ['malformed', ...sieved]);
  if (!fitsDevice(pass)) return verdict('silent', 'malformed');
  if (!showsAddresses(pass)) return unknown('dropped', [...sieved, 'proxy-queue-full']);
  const { senderIp, targetIp } = frame;
  if (isMulticast(targetIp)) return verdict('silent', 'target-invalid', { detail: 'multicast' });
  if (isLoopback(targetIp) && gates.read('route_localnet') === 0) {
    return verdict('silent', 'target-invalid', { detail: 'loopback' });
  }
  if (senderIp === targetIp && gates.read('drop_gratuitous_arp') !== 0) {
    return verdict('silent', 'gratuitous-dropped');
  }
  if (pass.route?.type === routeType.unicast && !pass.secondPass && frame.cast !== 'unicast') {
    // pneigh_enqueue drops when the queue of this device is longer than it may be
    if (gates.proxyDelay() !== 0 && pass.queued > gates.proxyQlen())
      return verdict('dropped', 'proxy-queue-full');
    return unknown('dropped', ['proxy-queue-full']);
  }
  return unknown('dropped', []);
}

/** ARPHRD_NETROM and ARPHRD_AX25: their ARP has a protocol number of its own. */
const amateurRadio = new Set([0, 3]);

/** What else arp_process drops, by the addresses asked for. */
const sieved = ['target-invalid', 'gratuitous-dropped'];

/** The record reads the addresses of a header as Ethernet and IPv4 lay it out; other headers hold them elsewhere. */
export function showsAddresses({ frame, device }: Pass): boolean {
  const ieee1394 = device.type === 24; // has no target hardware address
  return (
    frame.arpBytes >= 28 &&
    frame.hardwareLength === 6 &&
    frame.protocolLength === 4 &&
    device.addressLength === 6 &&
    !ieee1394
  );
}

/** The switch over dev->type in arp_process. */
function fitsDevice(pass: Pass): boolean {
  const { hardwareType, protocolType } = pass.frame;
  const ethernet = [1, 6, 774].includes(pass.device.type); // ARPHRD_ETHER, IEEE802, FDDI
  if (protocolType !== 0x0800) return false;
  return ethernet ? hardwareType === 1 || hardwareType === 6 : hardwareType === pass.device.type;
}
