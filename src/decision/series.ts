import type { Gates } from './effective.js';
import { errno, routeType } from './kernel-numbers.js';
import type { Lookup, Pass, Purpose } from './types.js';

/** The lookups of one purpose, in order: one walk over the rules, or one table asked directly. */
export interface Series {
  purpose: Purpose;
  lookups: Lookup[];
  /** The second, loose check of source validation: with the asking device as out device. */
  loose: boolean;
  /** One table asked for an address, without rules. */
  direct: boolean;
}

export interface Parsed {
  series: Series[];
  /** Series of another packet with the same addresses are among the lookups, and say something else. */
  ambiguous: boolean;
  /** The lookups may be cut into series at the wrong place: the last of them stands, the steps may not be all. */
  doubtful: boolean;
}

/**
 * Tell the lookups of a pass apart by their flow and order, as arp_process (net/ipv4/arp.c) makes them: the
 * target; source validation; for a local target arp_filter; the neighbour entry. A pass is the last thing that
 * its CPU did, so what another packet left comes first and is dropped.
 */
export function parseSeries(pass: Pass, gates: Gates): Parsed {
  const segments = segmentsOf(pass);
  if (pass.frame.senderIp === 0) return probeSeries(segments);
  const { target, rest, ambiguous, doubtful } = targetSegment(pass, gates, segments);
  const series: Series[] = [];
  // rules that reject by themselves leave a route that says so, and no lookup
  if (target || pass.route) series.push(seriesOf('target', target?.lookups ?? []));
  const split = splitLocal(pass, gates, target, rest);
  let strict: Series | null = null;
  for (const segment of rest) {
    if (segment.kind === 'bare-sender') {
      series.push({ ...seriesOf('neighbour', segment.lookups), direct: true });
    } else if (segment.kind === 'bare-target') {
      // __ip_dev_find asks the local table for the source address of arp_filter's lookup
      if (split.filters) series.push({ ...seriesOf('filter', segment.lookups), direct: true });
    } else if (strict?.purpose === 'source' && segment.oif === pass.device.index) {
      series.push({ ...seriesOf('source', segment.lookups), loose: true });
    } else {
      const purpose = split.filterSegments.has(segment) ? 'filter' : 'source';
      // the walk met its first table once more: two rules lead there
      if (strict?.purpose === purpose) strict.lookups.push(...segment.lookups);
      else {
        strict = seriesOf(purpose, [...segment.lookups]);
        series.push(strict);
      }
    }
  }
  return { series, ambiguous, doubtful: doubtful || split.doubtful };
}

function seriesOf(purpose: Purpose, lookups: Lookup[]): Series {
  return { purpose, lookups, loose: false, direct: false };
}

/**
 * Source validation and arp_filter ask for the same flow when the target is local. Which of them asked: arp_filter
 * runs only after validation passed, and validation may do without a lookup.
 */
function splitLocal(
  pass: Pass,
  gates: Gates,
  target: Segment | null,
  rest: Segment[],
): { filters: boolean; filterSegments: Set<Segment>; doubtful: boolean } {
  const walks = rest.filter(({ kind, oif }) => kind === 'source' && oif !== pass.device.index);
  if (!isLocal(pass, target)) return { filters: false, filterSegments: new Set(), doubtful: false };
  const filters = pass.route !== null && gates.read('arp_filter') !== 0;
  const validated = validatesByLookup(pass, gates, 0) === 'lookup';
  if (!filters) {
    return { filters, filterSegments: new Set(), doubtful: !validated && walks.length > 0 };
  }
  if (!validated) return { filters, filterSegments: new Set(walks), doubtful: false };
  // seen: what came after ip_route_input_noref is arp_filter's
  if (pass.gatesSeen?.routeInput !== undefined) {
    const afterInput = walks.filter(({ lookups }) => lookups[0]?.seen?.byInput !== true);
    return { filters, filterSegments: new Set(afterInput), doubtful: false };
  }
  const between = rest.findIndex(({ kind }) => kind === 'bare-target');
  if (between >= 0) {
    return {
      filters,
      filterSegments: new Set(walks.filter((walk) => rest.indexOf(walk) > between)),
      doubtful: false,
    };
  }
  // both walk the same rules, so both are cut into as many
  const half = Math.ceil(walks.length / 2);
  return { filters, filterSegments: new Set(walks.slice(half)), doubtful: walks.length > 2 };
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

/** Whether a lookup belongs to the same walk as the one before it: a walk has one flow, and ends when a route rejects. */
function continues(current: Segment, kind: Kind, lookup: Lookup): boolean {
  const before = current.lookups.at(-1) as Lookup;
  return (
    current.kind === kind &&
    !kind.startsWith('bare') &&
    before.iif === lookup.iif &&
    before.oif === lookup.oif &&
    before.mark === lookup.mark &&
    before.l3mdev === lookup.l3mdev &&
    (before.errno === 0 || before.errno === errno.again) &&
    current.lookups[0]?.table !== lookup.table
  );
}

/** Cut where the flow changes, and where the walk over the rules starts again at its first table. */
function segmentsOf(pass: Pass): Segment[] {
  const segments: Segment[] = [];
  let current: Segment | null = null;
  for (const lookup of pass.lookups) {
    const kind = kindOf(pass, lookup);
    if (!kind) continue;
    if (current && continues(current, kind, lookup)) {
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
  // ARP routes with tos 0, and has no protocol even where the kernel dissects the frame: this is another packet
  if (lookup.dscp !== 0 || lookup.proto !== 0) return null;
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
    series: last ? [{ ...seriesOf('probe', last.lookups), direct: true }] : [],
    ambiguous: probes.some((probe) => last && !sameAnswers(probe, last)),
    doubtful: false,
  };
}

function targetSegment(
  pass: Pass,
  gates: Gates,
  segments: Segment[],
): { target: Segment | null; rest: Segment[]; ambiguous: boolean; doubtful: boolean } {
  const targets = segments.filter((segment) => segment.kind === 'target');
  const last = targets.at(-1);
  if (!last) {
    // What looks nothing up for its target looks nothing up for its source, unless the record lost it.
    const rest = pass.cut > 0 ? segments : segments.filter(({ kind }) => kind === 'bare-sender');
    return { target: null, rest, ambiguous: false, doubtful: false };
  }
  const chosen = selfValidated(pass, gates, targets) ?? last;
  const others = targets.filter((other) => other !== chosen && other.kind === 'target');
  return {
    target: chosen,
    rest: segments.slice(segments.indexOf(chosen) + 1),
    ambiguous: others.some((other) => !sameAnswers(other, chosen)),
    // another packet's walk, or the head of this one: a rule may have suppressed the route and another led there again
    doubtful:
      pass.customRules && others.some((other) => segments.indexOf(other) === segments.indexOf(chosen) - 1),
  };
}

/** A sender that asks for itself: validation over the same device has the very flow of the target lookup. */
function selfValidated(pass: Pass, gates: Gates, targets: Segment[]): Segment | null {
  const [before, last] = targets.slice(-2);
  if (!before || !last || pass.frame.senderIp !== pass.frame.targetIp) return null;
  const met = before.lookups.at(-1);
  if (met?.errno !== 0 || met.device !== pass.device.index) return null;
  if (validatesByLookup(pass, gates, pass.device.index) !== 'lookup') return null;
  last.kind = 'source';
  return before;
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
