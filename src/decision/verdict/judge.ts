import { routeType } from '../kernel-numbers.js';
import { badHeader, droppedInside, notReceived, showsAddresses } from './frame.js';
import { type Evidences, type Judgement, unknown, verdict } from './judgement.js';
import { silentLocal, silentProbe } from './local.js';
import { withoutRoute } from './no-dst.js';
import { notProxied } from './proxying.js';
import { replied, repliedLocal } from './replied.js';
import { targetRejected } from './target.js';

/**
 * Which gate closed, or what made the kernel answer. It goes through the gates in the kernel's order, and every
 * reason it gives has passed a test of its own: nothing is said because nothing else was left.
 */
export function judge(evidences: Evidences): Judgement {
  const { pass } = evidences;
  switch (pass.ending.place) {
    case 'netfilter':
    case 'tc':
    case 'xdp':
      return verdict('dropped', 'filtered-in', { detail: pass.ending.where });
    case 'proxy-queue':
      return verdict('dropped', 'proxy-queue-purged', { detail: pass.ending.where });
    case 'arp_rcv':
      return pass.ending.closed === 'consumed' ? notReceived(pass) : badHeader(pass);
    case 'arp_process':
      break;
  }
  if (pass.ending.closed === 'deferred') {
    evidences.gates.proxyDelay();
    return verdict('deferred', 'proxy-delay', { because: 'target' });
  }
  const judgement = pass.ending.closed === 'dropped' ? droppedInside(evidences) : processed(evidences);
  if (judgement.reason === 'unknown') return judgement;
  const restsOnLookups =
    judgement.because !== null || ['forwarding-off', 'source-invalid'].includes(judgement.reason);
  if (evidences.parsed.ambiguous && restsOnLookups) {
    return unknown(judgement.action, [judgement.reason]);
  }
  // A setting that moved during the pass may have been another one at its gate.
  return pass.settingsMoved && dependsOnSettings.has(judgement.reason)
    ? unknown(judgement.action, [judgement.reason])
    : judgement;
}

/** Reasons that rest on the value of a sysctl alone. */
const dependsOnSettings = new Set([
  'proxy-arp',
  'proxy-arp-pvlan',
  'proxy-neighbour',
  'proxy-arp-off',
  'medium-id',
  'arp-ignore',
  'arp-filter',
  'source-invalid',
  'gratuitous-dropped',
  'same-device',
  'target-invalid',
  'self-probe',
  'proxy-queue-full',
]);

/** arp_process ran to its end. */
function processed(evidences: Evidences): Judgement {
  const { pass } = evidences;
  const { reply } = pass;
  if (!showsAddresses(pass)) return unknown(reply ? 'replied' : 'silent', []);
  if (reply && !(reply.queued && !reply.dropped)) {
    return reply.dropped
      ? verdict('dropped', 'filtered-out', { detail: reply.where })
      : unknown('silent', ['filtered-out']);
  }
  if (pass.frame.senderIp === 0) return reply ? repliedLocal(evidences, 'probe') : silentProbe(evidences);
  if (reply) return replied(evidences);
  if (!pass.route) return withoutRoute(evidences);
  switch (pass.route.type) {
    case routeType.unreachable:
      return targetRejected(evidences);
    case routeType.local:
      return silentLocal(evidences);
    case routeType.unicast:
      return notProxied(evidences);
    case routeType.broadcast:
      return verdict('silent', 'target-invalid', { detail: 'broadcast', because: 'target' });
    default:
      return unknown('silent', []);
  }
}
