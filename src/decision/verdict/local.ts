import { isLimitedBroadcast, isZeronet } from '../addresses.js';
import type { Gates } from '../effective.js';
import { routeType } from '../kernel-numbers.js';
import type { Series } from '../series.js';
import type { Evidence, Pass, Snapshot } from '../types.js';
import { type Evidences, type Judgement, lastOf, replayOf, unknown, verdict } from './judgement.js';
import { arpFilter, arpIgnore } from './local-gates.js';

/** sip is 0: the kernel answers only for an address of its own, whatever it forwards. */
export function silentProbe(evidences: Evidences): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  const { targetIp } = pass.frame;
  // __inet_dev_addr_type: these are broadcast without a lookup
  if (isZeronet(targetIp) || isLimitedBroadcast(targetIp)) return verdict('silent', 'probe-not-proxied');
  const lookup = lastOf(parsed, 'probe');
  if (!lookup) return unknown('silent', ['probe-not-proxied', 'arp-ignore']);
  if (lookup.errno !== 0) return verdict('silent', 'probe-not-proxied', { because: 'probe' });
  // a nexthop object does not lead to its route: then only the snapshot tells its type
  const type = lookup.info?.type ?? replayOf(evidences, 'probe')?.steps.at(-1)?.route?.type ?? null;
  if (type === null) return unknown('silent', ['probe-not-proxied', 'arp-ignore']);
  if (type !== routeType.local) return verdict('silent', 'probe-not-proxied', { because: 'probe' });
  return arpIgnore(pass, gates, snapshot) === 'closed'
    ? verdict('silent', 'arp-ignore', { evidence: evidenceOfIgnore(pass, gates) })
    : unknown('silent', ['arp-ignore']);
}

const evidenceOfIgnore = (pass: Pass, gates: Gates): Evidence =>
  gates.read('arp_ignore') === 8 || pass.gatesSeen?.ignore !== undefined ? 'observed' : 'inferred';

/** The target is local: arp_ignore, arp_filter, then the neighbour entry (neigh_event_ns). */
export function silentLocal(evidences: Evidences): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  if (pass.neighbours.some(({ created }) => !created)) return unknown('silent', ['filtered-out']);
  const filters = parsed.series.filter(({ purpose }) => purpose === 'filter');
  const walk = filters.find(({ direct }) => !direct) ?? null;
  const direct = filters.find((series) => series.direct) ?? null;
  const asked = walk ?? direct;
  const ignored = arpIgnore(pass, gates, snapshot);
  if (ignored === 'closed') {
    // arp_filter runs only where arp_ignore let the request through
    return asked
      ? unknown('silent', ['arp-ignore', 'arp-filter'])
      : verdict('silent', 'arp-ignore', { evidence: evidenceOfIgnore(pass, gates) });
  }
  // its lookups are a witness of that, unless they may be the tail of source validation
  const certain = asked && (direct || !pass.customRules || evidences.replays.get(asked));
  const ignore = ignored === 'unknown' && certain ? 'open' : ignored;
  const filter = arpFilter(pass, gates, walk, direct);
  if (ignore === 'unknown') {
    const more = filter === 'open' ? [] : ['arp-filter'];
    return unknown('silent', ['arp-ignore', ...more, 'neighbour-table-full']);
  }
  if (filter === 'closed' && mayUseAnotherDefault(pass, snapshot, walk)) {
    return unknown('silent', ['arp-filter', 'neighbour-table-full']);
  }
  if (filter === 'closed') return verdict('silent', 'arp-filter', { because: 'filter' });
  if (filter === 'unknown') return unknown('silent', ['arp-filter', 'neighbour-table-full']);
  // without its start, or with more changes than the record holds, one may have been missed
  const sawChanges = pass.startNs !== null && pass.neighbours.length < mostNeighbours;
  const { eventNs } = pass.gatesSeen ?? {};
  if (eventNs !== undefined) {
    return eventNs === 0
      ? verdict('silent', 'neighbour-table-full')
      : unknown('silent', ['neighbour-table-full']);
  }
  return pass.neighbourTableFull && sawChanges
    ? verdict('silent', 'neighbour-table-full')
    : unknown('silent', ['neighbour-table-full']);
}

/** What the record holds of them (bpf/record.h). */
const mostNeighbours = 4;

/** fib_select_default may take another default route of the same metric than the lookup showed. */
function mayUseAnotherDefault(pass: Pass, snapshot: Snapshot | null, walk: Series | null): boolean {
  const last = walk?.lookups.at(-1);
  if (last?.errno !== 0 || last.gatewayFamily === 0 || !snapshot?.complete) return false;
  const defaults = (snapshot.routes.get(last.table) ?? []).filter(({ prefix }) => prefix.length === 0);
  return defaults.some(
    ({ metric, nexthops }) =>
      metric === last.info?.metric && nexthops.some(({ device }) => device === pass.device.index),
  );
}
