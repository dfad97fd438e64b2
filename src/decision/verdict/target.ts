import { errno, routeType } from '../kernel-numbers.js';
import type { Replay } from '../rules.js';
import type { Lookup } from '../types.js';
import { type Evidences, type Judgement, lastOf, replayOf, unknown, verdict } from './judgement.js';

/** ip_route_input_slow came to no_route: the lookup rejected, or the host does not forward. */
export function targetRejected(evidences: Evidences): Judgement {
  const { pass, gates, parsed } = evidences;
  const code = pass.route?.error ?? 0;
  const forwarding = gates.read('forwarding') !== 0;
  const replayed = replayOf(evidences, 'target');
  const because = 'target' as const;
  // without forwarding every failed lookup becomes EHOSTUNREACH
  const fits = (expected: number) => code === (forwarding ? expected : errno.hostunreach);
  if (replayed) {
    if (replayed.end === 'match') {
      return !forwarding && code === errno.hostunreach && needsForwarding(lastOf(parsed, 'target'))
        ? verdict('silent', 'forwarding-off')
        : unknown('silent', []);
    }
    const reason = replayed.end === 'none' ? 'no-route' : reasonOfReject(replayed);
    const ofRule = replayed.steps.at(-1)?.lookup === null;
    return reason && fits(replayed.errno)
      ? verdict('silent', reason, {
          because,
          evidence: pass.customRules && (ofRule || replayed.end === 'none') ? 'inferred' : 'observed',
        })
      : unknown('silent', rejects);
  }
  const last = lastOf(parsed, 'target');
  if (last && last.errno !== 0 && last.errno !== errno.again) {
    const reason = reasonOfErrno[last.errno];
    return reason && fits(last.errno) ? verdict('silent', reason, { because }) : unknown('silent', rejects);
  }
  if (!pass.customRules) {
    if (last?.errno === errno.again && fits(errno.netunreach))
      return verdict('silent', 'no-route', { because });
    if (last?.errno === 0 && !forwarding && code === errno.hostunreach && needsForwarding(last)) {
      return verdict('silent', 'forwarding-off');
    }
    return unknown('silent', last ? rejects : ['forwarding-off', ...rejects]);
  }
  // a rule may have rejected by itself, or suppressed a route: neither leaves an event
  if (forwarding && code === errno.acces) return verdict('silent', 'prohibited');
  if (forwarding && code === errno.inval) return verdict('silent', 'blackholed');
  if (forwarding) return unknown('silent', ['no-route', 'unreachable']);
  const matched = last?.errno === 0 || (!last && pass.cut > 0);
  return unknown('silent', matched ? ['forwarding-off', ...rejects] : rejects);
}

/** ip_route_input_slow looks at a local or broadcast route before it asks whether it may forward. */
function needsForwarding(lookup: Lookup | null): boolean {
  const type = lookup?.info?.type;
  return type !== routeType.local && type !== routeType.broadcast;
}

const rejects = ['no-route', 'unreachable', 'prohibited', 'blackholed'];

const reasonOfErrno: Record<number, string> = {
  [errno.hostunreach]: 'unreachable',
  [errno.acces]: 'prohibited',
  [errno.inval]: 'blackholed',
};

function reasonOfReject(replayed: Replay): string | null {
  switch (replayed.steps.at(-1)?.outcome) {
    case 'unreachable':
      return 'unreachable';
    case 'prohibit':
      return 'prohibited';
    case 'blackhole':
      return 'blackholed';
    default:
      return null;
  }
}
