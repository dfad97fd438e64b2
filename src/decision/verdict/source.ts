import { contains } from '../addresses.js';
import type { Gates } from '../effective.js';
import { loopbackIndex, routeType } from '../kernel-numbers.js';
import type { Replay } from '../rules.js';
import { type Series, validatesByLookup } from '../series.js';
import type { Pass, Route, Snapshot } from '../types.js';

export type SourceCheck = 'valid' | 'rp-filter' | 'martian' | 'own-address' | 'unknown';

export interface SourceEvidence {
  /** The validating series and its replay; null where no lookup was made or no replay agrees. */
  series: Series | null;
  replay: Replay | null;
  snapshot: Snapshot | null;
}

/**
 * Whether the kernel took the sender's address for valid: fib_validate_source and __fib_validate_source
 * (net/ipv4/fib_frontend.c).
 * @param oif the out device of the target's route, 0 for a local target
 */
export function checkSource(pass: Pass, gates: Gates, oif: number, evidence: SourceEvidence): SourceCheck {
  const { series, replay, snapshot } = evidence;
  // it asks with the route's out device as in device: another one was not about this route
  if (series && series.lookups[0]?.iif !== (oif || loopbackIndex)) return 'unknown';
  if (!series) {
    switch (validatesByLookup(pass, gates, oif)) {
      case 'no':
        return 'valid';
      case 'addresses':
        if (!snapshot) return 'unknown';
        return snapshot.addresses.some((address) => address.ip === pass.frame.senderIp)
          ? 'own-address'
          : 'valid';
      case 'lookup':
        // every rule that took the flow rejected by itself, or the record is not whole
        return replay ? afterLookup(pass, gates, null, null, snapshot) : 'unknown';
    }
  }
  const last = series.lookups.at(-1) ?? null;
  if (replay) {
    return afterLookup(
      pass,
      gates,
      replay.end === 'match' ? last : null,
      replay.steps.at(-1)?.route ?? null,
      snapshot,
    );
  }
  if (last?.errno !== 0) return afterLookup(pass, gates, null, null, snapshot);
  const matched = afterLookup(pass, gates, last, null, snapshot);
  if (!pass.customRules) return matched;
  // a rule may have suppressed that route: only what holds either way is known
  return matched === afterLookup(pass, gates, null, null, snapshot) ? matched : 'unknown';
}

function afterLookup(
  pass: Pass,
  gates: Gates,
  match: Series['lookups'][number] | null,
  replayed: Route | null,
  snapshot: Snapshot | null,
): SourceCheck {
  const filter = gates.read('rp_filter');
  const lastResort = filter !== 0 ? 'rp-filter' : 'valid';
  if (match?.errno !== 0) return lastResort;
  const type = match.info?.type ?? replayed?.type ?? null;
  if (type === null) return 'unknown';
  if (type !== routeType.unicast && !(type === routeType.local && gates.read('accept_local') !== 0)) {
    return type === routeType.local ? 'own-address' : 'martian';
  }
  const usesDevice = routeUsesDevice(pass, match, replayed, snapshot);
  if (usesDevice) return 'valid';
  if (pass.noAddress) return usesDevice === null && filter !== 0 ? 'unknown' : lastResort;
  if (filter === 1) return usesDevice === null ? 'unknown' : 'rp-filter';
  return 'valid';
}

/** fib_info_nh_uses_dev: any nexthop of the route may be the asking device, not just the one shown. */
function routeUsesDevice(
  pass: Pass,
  match: Series['lookups'][number],
  replayed: Route | null,
  snapshot: Snapshot | null,
): boolean | null {
  if (match.device === pass.device.index) return true;
  if (match.info?.nexthops === 1) return false;
  const routes = snapshot?.complete ? (snapshot.routes.get(match.table) ?? []) : [];
  const fitting = (replayed ? [replayed] : routes).filter(
    (route) =>
      contains(route.prefix, match.daddr) &&
      (route.nexthops.length === 0 || route.nexthops.some(({ device }) => device === match.device)),
  );
  // not known at all, or with nexthops that were not shown
  if (fitting.length === 0 || fitting.some(({ nexthops }) => nexthops.length === 0)) return null;
  const answers = new Set(
    fitting.map((route) => route.nexthops.some((nexthop) => nexthop.device === pass.device.index)),
  );
  return answers.size === 1 ? ([...answers][0] ?? null) : null;
}
