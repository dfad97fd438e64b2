import { isLimitedBroadcast, isLoopback, isMulticast, isZeronet } from '../addresses.js';
import type { Gates } from '../effective.js';
import { routeType } from '../kernel-numbers.js';
import type { Replay } from '../rules.js';
import { validatesByLookup } from '../series.js';
import type { Evidence, Pass } from '../types.js';
import { type Evidences, type Judgement, lastOf, replayOf, unknown, verdict } from './judgement.js';
import { checkSource } from './source.js';

/** ip_route_input left no route at all: a martian, a source that is not valid, or the way back it came. */
export function withoutRoute(evidences: Evidences): Judgement {
  return heldAgainstSeen(evidences.pass, workedOut(evidences));
}

/** What fib_validate_source returned, where that was seen, confirms what was worked out, or refutes it. */
function heldAgainstSeen(pass: Pass, judgement: Judgement): Judgement {
  const returned = pass.gatesSeen?.validateSource;
  if (returned === undefined) return judgement;
  const candidates = judgement.candidates ?? [judgement.reason];
  if (returned < 0 && candidates.includes('source-invalid')) {
    return judgement.reason === 'source-invalid'
      ? { ...judgement, evidence: 'observed' }
      : verdict('silent', 'source-invalid', { because: 'source' });
  }
  const left = candidates.filter((reason) => (reason === 'source-invalid') === returned < 0);
  if (!left.includes(judgement.reason)) return unknown('silent', left);
  return { ...judgement, evidence: 'observed' };
}

function workedOut(evidences: Evidences): Judgement {
  const { pass, gates, parsed } = evidences;
  const last = lastOf(parsed, 'target');
  // which lookups there were is not known
  if (pass.cut > 0) return unknown('silent', ['target-invalid', 'same-device', 'source-invalid']);
  if (!last) return martian(pass, gates);
  const replayed = replayOf(evidences, 'target');
  const both = ['same-device', 'source-invalid'];
  // a lookup that fails leaves a route that says so
  if (last.errno !== 0) return unknown('silent', both);
  const type = last.info?.type ?? replayed?.steps.at(-1)?.route?.type ?? null;
  if (type === null) return unknown('silent', ['target-invalid', ...both]);
  if (type === routeType.broadcast && gates.read('bc_forwarding') === 0) {
    return verdict('silent', 'target-invalid', { detail: 'broadcast', because: 'target' });
  }
  if (type === routeType.local) return afterSource(evidences, 0, 'source-invalid');
  if (type !== routeType.unicast && type !== routeType.broadcast) {
    return gates.read('forwarding') !== 0
      ? verdict('silent', 'target-invalid', { because: 'target' })
      : unknown('silent', ['target-invalid']);
  }
  // without forwarding a unicast route ends in one that rejects
  if (type === routeType.unicast && gates.read('forwarding') === 0) return unknown('silent', both);
  // with several nexthops the one chosen shows as the in device of the source lookup
  const chosen = parsed.series.find(({ purpose }) => purpose === 'source')?.lookups[0]?.iif;
  const oif = last.info?.nexthops === 1 ? last.device : (chosen ?? onlyDevice(replayed));
  if (oif === undefined) return unknown('silent', both);
  return afterSource(evidences, oif, 'same-device');
}

/** Whichever of its nexthops was chosen, the route leads out of this device; undefined when that is not known. */
function onlyDevice(replayed: Replay | null): number | undefined {
  const devices = new Set(replayed?.steps.at(-1)?.route?.nexthops.map(({ device }) => device));
  return devices.size === 1 ? [...devices][0] : undefined;
}

function afterSource(
  evidences: Evidences,
  oif: number,
  otherwise: 'same-device' | 'source-invalid',
): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  const series = parsed.series.find(({ purpose, loose }) => purpose === 'source' && !loose) ?? null;
  const replayed = series ? (evidences.replays.get(series) ?? null) : null;
  const workedOut = checkSource(pass, gates, oif, { series, replay: replayed, snapshot });
  const taken = (pass.gatesSeen?.validateSource ?? -1) >= 0;
  const check = workedOut === 'unknown' && taken ? 'valid' : workedOut;
  // which rule rejected by itself, or that no other was left, no lookup showed
  const shown = replayed ? replayed.end !== 'none' && replayed.steps.at(-1)?.lookup !== null : false;
  const evidence: Evidence = series && (!pass.customRules || shown) ? 'observed' : 'inferred';
  if (check === 'unknown') {
    return unknown('silent', otherwise === 'same-device' ? ['same-device', 'source-invalid'] : [otherwise]);
  }
  if (check !== 'valid') {
    return verdict('silent', 'source-invalid', {
      detail: check,
      because: series ? 'source' : null,
      evidence,
    });
  }
  if (otherwise === 'source-invalid') return unknown('silent', ['source-invalid']);
  return oif === pass.device.index && gates.read('proxy_arp_pvlan') === 0
    ? verdict('silent', 'same-device', {
        because: 'target',
        // that the sender is no address of this host, only the snapshot tells
        evidence: !series && validatesByLookup(pass, gates, oif) === 'addresses' ? 'inferred' : 'observed',
      })
    : unknown('silent', ['same-device', 'source-invalid']);
}

/** The checks at the head of ip_route_input_slow, in its order; none of them looks anything up. */
function martian(pass: Pass, gates: Gates): Judgement {
  const { senderIp, targetIp } = pass.frame;
  const source = verdict('silent', 'source-invalid', { detail: 'martian' });
  if (isMulticast(senderIp) || isLimitedBroadcast(senderIp)) return source;
  if (isLimitedBroadcast(targetIp)) return verdict('silent', 'target-invalid', { detail: 'broadcast' });
  if (isZeronet(targetIp)) return verdict('silent', 'target-invalid', { detail: 'zero' });
  if (isLoopback(senderIp) && !isLoopback(targetIp) && gates.read('route_localnet') === 0) return source;
  return unknown('silent', ['source-invalid', 'target-invalid']);
}
