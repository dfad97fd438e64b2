import { routeType } from '../kernel-numbers.js';
import type { Purpose } from '../types.js';
import { type Evidences, type Judgement, lastOf, unknown, verdict } from './judgement.js';
import { forwardsFor, hasProxyNeighbour } from './proxying.js';

export function replied(evidences: Evidences): Judgement {
  const { pass, gates, snapshot } = evidences;
  const all = ['local-address', 'local-route', 'proxy-arp', 'proxy-arp-pvlan', 'proxy-neighbour'];
  if (pass.route?.type === routeType.local) return repliedLocal(evidences, 'target');
  if (pass.route?.type !== routeType.unicast || gates.read('forwarding') === 0)
    return unknown('replied', all);
  // what came by unicast is answered at once, whatever the delay is
  if (pass.frame.cast !== 'unicast') gates.proxyDelay();
  if (pass.route.device === pass.device.index) {
    return gates.read('proxy_arp_pvlan') !== 0 && pass.frame.senderIp !== pass.frame.targetIp
      ? verdict('replied', 'proxy-arp-pvlan', { because: 'target' })
      : unknown('replied', ['proxy-arp-pvlan']);
  }
  const proxied = forwardsFor(gates);
  if (proxied) return verdict('replied', 'proxy-arp', { because: 'target' });
  // arp_fwd_proxy and arp_fwd_pvlan said no: only pneigh_lookup is left, and the entry has to be there
  if (pass.gatesSeen?.proxyNeighbour) return verdict('replied', 'proxy-neighbour', { because: 'target' });
  return hasProxyNeighbour(pass, snapshot)
    ? verdict('replied', 'proxy-neighbour', { because: 'target', evidence: 'inferred' })
    : unknown('replied', ['proxy-neighbour']);
}

export function repliedLocal(evidences: Evidences, because: Purpose): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  // it let the request through: a setting that the decision shows
  gates.read('arp_ignore');
  const lookup = lastOf(parsed, because);
  if (because === 'probe' && lookup?.info && lookup.info.type !== routeType.local) {
    return unknown('replied', ['local-address', 'local-route']);
  }
  if (snapshot) {
    const own = snapshot.addresses.some((address) => address.ip === pass.frame.targetIp);
    return verdict('replied', own ? 'local-address' : 'local-route', { because, evidence: 'inferred' });
  }
  // a local route may have been made by hand for an address, too: only the addresses tell
  return unknown('replied', ['local-address', 'local-route']);
}
