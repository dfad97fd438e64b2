import type { Gates } from '../effective.js';
import type { Pass, Snapshot } from '../types.js';
import { type Evidences, type Judgement, unknown, verdict } from './judgement.js';

/** arp_fwd_proxy, for an out device that is not the asking one. */
export function forwardsFor(gates: Gates): boolean {
  if (gates.read('proxy_arp') === 0) return false;
  return mediumAllows(gates);
}

function mediumAllows(gates: Gates): boolean {
  const medium = gates.read('medium_id');
  if (medium === 0) return true;
  if (medium === -1) return false;
  const out = gates.outMediumId();
  return out !== medium && out !== -1;
}

/** A route to elsewhere, and no answer: the gates of proxying in the order of arp_process. */
export function notProxied(evidences: Evidences): Judgement {
  const { pass, gates, snapshot } = evidences;
  if (gates.read('forwarding') === 0) return unknown('silent', ['forwarding-off']);
  if (pass.route?.device === pass.device.index) {
    const { senderIp, targetIp } = pass.frame;
    if (senderIp === targetIp) return verdict('silent', 'self-probe');
    return unknown('silent', ['same-device']);
  }
  const reason = gates.read('proxy_arp') === 0 ? 'proxy-arp-off' : mediumAllows(gates) ? null : 'medium-id';
  if (!reason) return unknown('silent', ['filtered-out']);
  // A proxy neighbour would have answered, and its reply may have been taken away unseen.
  if (pass.startNs === null || madeNeighbour(pass) || hasProxyNeighbour(pass, snapshot)) {
    return unknown('silent', [reason, 'filtered-out']);
  }
  return verdict('silent', reason, { because: reason === 'medium-id' ? 'target' : null });
}

/** Only a proxied request makes an entry for its sender; a silent one updates what is there. */
function madeNeighbour(pass: Pass): boolean {
  return pass.neighbours.some(({ created }) => created);
}

/** pneigh_lookup */
export function hasProxyNeighbour(pass: Pass, snapshot: Snapshot | null): boolean {
  return (snapshot?.proxyNeighbours ?? []).some(
    ({ ip, device }) => ip === pass.frame.targetIp && (device === null || device === pass.device.index),
  );
}
