import type { Gates } from './effective.js';
import { routeType } from './kernel-numbers.js';
import type { Lookup, Pass, Purpose } from './types.js';

/** The lookups of one purpose, in order: one walk over the rules, or one table asked directly. */
export interface Series {
  purpose: Purpose;
  lookups: Lookup[];
  /** The second, loose check of source validation: with the asking device as out device. */
  loose: boolean;
}

export interface Parsed {
  series: Series[];
  /** Series of another packet with the same addresses are among the lookups, and say something else. */
  ambiguous: boolean;
}

/**
 * Tell the lookups of a pass apart by their flow and order, as arp_process (net/ipv4/arp.c) makes them: the
 * target; source validation; for a local target arp_filter; the neighbour entry. A pass is the last thing that
 * its CPU did, so what another packet left comes first and is dropped.
 */
export function parseSeries(pass: Pass, gates: Gates): Parsed {
  const segments = segmentsOf(pass);
  if (pass.frame.senderIp === 0) return probeSeries(segments);
  const { target, rest, ambiguous } = targetSegment(pass, segments);
  const series: Series[] = [];
  // rules that reject by themselves leave a route that says so, and no lookup
  if (target || pass.route) {
    series.push({ purpose: 'target', lookups: target?.lookups ?? [], loose: false });
  }
  const local = isLocal(pass, target);
  const validated = !local || validatesByLookup(pass, gates, 0) !== 'no';
  let source: Segment | null = null;
  for (const segment of rest) {
    if (segment.kind === 'source' && validated && !source) {
      source = segment;
      series.push({ purpose: 'source', lookups: segment.lookups, loose: false });
    } else if (
      segment.kind === 'source' &&
      source &&
      segment.oif === pass.device.index &&
      segment.iif === source.iif
    ) {
      series.push({ purpose: 'source', lookups: segment.lookups, loose: true });
    } else if (segment.kind === 'source' || segment.kind === 'bare-target') {
      series.push({ purpose: 'filter', lookups: segment.lookups, loose: false });
    } else {
      series.push({ purpose: 'neighbour', lookups: segment.lookups, loose: false });
    }
  }
  return { series, ambiguous };
}

/**
 * The condition of fib_validate_source (net/ipv4/fib_frontend.c) for a full check by lookup.
 * @param oif the out device of the target's route, 0 for a local target
 * @returns `addresses` when only the host's own addresses are asked, `no` when nothing is
 */
export function validatesByLookup(pass: Pass, gates: Gates, oif: number): 'lookup' | 'addresses' | 'no' {
  if (gates.read('rp_filter') !== 0 || pass.classidUsers) return 'lookup';
  if (pass.device.index === oif && gates.read('send_redirects') !== 0) return 'lookup';
  if (gates.read('accept_local') !== 0) return 'no';
  return pass.customLocalRoutes || pass.customRules ? 'lookup' : 'addresses';
}

type Kind = 'target' | 'source' | 'bare-sender' | 'bare-target';

interface Segment {
  kind: Kind;
  iif: number;
  oif: number;
  lookups: Lookup[];
}

/** Cut where the flow changes, and where the walk over the rules starts again at its first table. */
function segmentsOf(pass: Pass): Segment[] {
  const segments: Segment[] = [];
  let current: Segment | null = null;
  for (const lookup of pass.lookups) {
    const kind = kindOf(pass, lookup);
    if (!kind) continue;
    if (
      current &&
      current.kind === kind &&
      current.iif === lookup.iif &&
      current.oif === lookup.oif &&
      !kind.startsWith('bare') &&
      current.lookups[0]?.table !== lookup.table
    ) {
      current.lookups.push(lookup);
      continue;
    }
    current = { kind, iif: lookup.iif, oif: lookup.oif, lookups: [lookup] };
    segments.push(current);
  }
  return segments;
}

function kindOf(pass: Pass, lookup: Lookup): Kind | null {
  const { senderIp, targetIp } = pass.frame;
  if (lookup.saddr === 0 && lookup.iif === 0) {
    if (lookup.daddr === targetIp && (senderIp === 0 || targetIp !== senderIp)) return 'bare-target';
    return lookup.daddr === senderIp ? 'bare-sender' : null;
  }
  if (
    lookup.saddr === senderIp &&
    lookup.daddr === targetIp &&
    lookup.iif === pass.device.index &&
    lookup.oif === 0
  ) {
    return 'target';
  }
  return lookup.saddr === targetIp && lookup.daddr === senderIp ? 'source' : null;
}

function probeSeries(segments: Segment[]): Parsed {
  const probes = segments.filter((segment) => segment.kind === 'bare-target');
  const last = probes.at(-1);
  return {
    series: last ? [{ purpose: 'probe', lookups: last.lookups, loose: false }] : [],
    ambiguous: probes.some((probe) => last && !sameAnswers(probe, last)),
  };
}

function targetSegment(
  pass: Pass,
  segments: Segment[],
): { target: Segment | null; rest: Segment[]; ambiguous: boolean } {
  const targets = segments.filter((segment) => segment.kind === 'target');
  let target = targets.at(-1);
  if (!target) return { target: null, rest: segments, ambiguous: false };
  // A sender that asks for itself: validation over the same device has the very flow of the target lookup.
  if (pass.frame.senderIp === pass.frame.targetIp && targets.length > 1) {
    const before = targets.at(-2);
    if (before && before.lookups.at(-1)?.device === pass.device.index) {
      target.kind = 'source';
      target = before;
    }
  }
  const chosen = target;
  return {
    target: chosen,
    rest: segments.slice(segments.indexOf(chosen) + 1),
    ambiguous: targets.some(
      (other) => other !== chosen && other.kind === 'target' && !sameAnswers(other, chosen),
    ),
  };
}

function sameAnswers(a: Segment, b: Segment): boolean {
  return (
    a.lookups.length === b.lookups.length &&
    a.lookups.every((lookup, i) => {
      const other = b.lookups[i];
      return (
        other !== undefined &&
        lookup.table === other.table &&
        lookup.errno === other.errno &&
        lookup.device === other.device &&
        lookup.gateway === other.gateway &&
        lookup.mark === other.mark &&
        lookup.info?.type === other.info?.type &&
        lookup.info?.protocol === other.info?.protocol &&
        lookup.info?.metric === other.info?.metric
      );
    })
  );
}

function isLocal(pass: Pass, target: Segment | null): boolean {
  if (pass.route) return pass.route.type === routeType.local;
  return target?.lookups.at(-1)?.info?.type === routeType.local;
}
