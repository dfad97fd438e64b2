import { isLimitedBroadcast, isLoopback, isMulticast, isZeronet } from './addresses.js';
import type { Gates } from './effective.js';
import { errno, routeType } from './kernel-numbers.js';
import { arpFilter, arpIgnore } from './local-gates.js';
import type { Replay } from './rules.js';
import { type Parsed, type Series, validatesByLookup } from './series.js';
import { checkSource } from './source.js';
import type { Action, Evidence, Lookup, Pass, Purpose, Snapshot } from './types.js';

export interface Judgement {
  action: Action;
  /** A code of the reason table, or `unknown`. */
  reason: string;
  detail: string | null;
  /** With `unknown`: the reasons that the evidence leaves. */
  candidates: string[] | null;
  evidence: Evidence;
  /** The series whose last step justified the verdict; null where the gate that closed looked nothing up. */
  because: Purpose | null;
}

/** All that a judgement may rest on. Replays and snapshot are null unless they are proven for this pass. */
export interface Evidences {
  pass: Pass;
  gates: Gates;
  parsed: Parsed;
  replays: Map<Series, Replay | null>;
  snapshot: Snapshot | null;
}

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

type More = Partial<Pick<Judgement, 'detail' | 'evidence' | 'because'>>;

function verdict(action: Action, reason: string, more: More = {}): Judgement {
  return { action, reason, detail: null, candidates: null, evidence: 'observed', because: null, ...more };
}

function unknown(action: Action, candidates: string[]): Judgement {
  return { action, reason: 'unknown', detail: null, candidates, evidence: 'observed', because: null };
}

/** arp_rcv let the frame go before arp_process: IFF_NOARP first, then the kind of frame. */
function notReceived(pass: Pass): Judgement {
  if (pass.device.noarp) return verdict('silent', 'device-noarp');
  if (pass.frame.cast === 'otherhost') return verdict('silent', 'not-for-us');
  if (pass.frame.cast === 'loopback') return verdict('silent', 'not-for-us', { detail: 'loopback' });
  return unknown('silent', ['device-noarp', 'not-for-us']);
}

/** The checks of arp_rcv: the whole header is there, and its address lengths are the device's and IPv4's. */
function badHeader(pass: Pass): Judgement {
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
function droppedInside({ pass, gates }: Evidences): Judgement {
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

function replied(evidences: Evidences): Judgement {
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
  return hasProxyNeighbour(pass, snapshot)
    ? verdict('replied', 'proxy-neighbour', { because: 'target', evidence: 'inferred' })
    : unknown('replied', ['proxy-neighbour']);
}

/** arp_fwd_proxy, for an out device that is not the asking one. */
function forwardsFor(gates: Gates): boolean {
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

function repliedLocal(evidences: Evidences, because: Purpose): Judgement {
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

/** sip is 0: the kernel answers only for an address of its own, whatever it forwards. */
function silentProbe(evidences: Evidences): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  const { targetIp } = pass.frame;
  // __inet_dev_addr_type: these are broadcast without a lookup
  if (isZeronet(targetIp) || isLimitedBroadcast(targetIp)) return verdict('silent', 'probe-not-proxied');
  const lookup = lastOf(parsed, 'probe');
  if (!lookup) return unknown('silent', ['probe-not-proxied', 'arp-ignore']);
  if (lookup.errno !== 0) return verdict('silent', 'probe-not-proxied', { because: 'probe' });
  if (!lookup.info) return unknown('silent', ['probe-not-proxied', 'arp-ignore']);
  if (lookup.info.type !== routeType.local)
    return verdict('silent', 'probe-not-proxied', { because: 'probe' });
  return arpIgnore(pass, gates, snapshot) === 'closed'
    ? verdict('silent', 'arp-ignore', { evidence: evidenceOfIgnore(gates) })
    : unknown('silent', ['arp-ignore']);
}

const evidenceOfIgnore = (gates: Gates): Evidence =>
  gates.read('arp_ignore') === 8 ? 'observed' : 'inferred';

/** ip_route_input_slow came to no_route: the lookup rejected, or the host does not forward. */
function targetRejected(evidences: Evidences): Judgement {
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

/** ip_route_input left no route at all: a martian, a source that is not valid, or the way back it came. */
function withoutRoute(evidences: Evidences): Judgement {
  const { pass, gates, parsed } = evidences;
  const last = lastOf(parsed, 'target');
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
  const oif = last.info?.nexthops === 1 ? last.device : chosen;
  if (oif === undefined) return unknown('silent', both);
  return afterSource(evidences, oif, 'same-device');
}

function afterSource(
  evidences: Evidences,
  oif: number,
  otherwise: 'same-device' | 'source-invalid',
): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  const series = parsed.series.find(({ purpose, loose }) => purpose === 'source' && !loose) ?? null;
  const replayed = series ? (evidences.replays.get(series) ?? null) : null;
  const check = checkSource(pass, gates, oif, { series, replay: replayed, snapshot });
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

/** The target is local: arp_ignore, arp_filter, then the neighbour entry (neigh_event_ns). */
function silentLocal(evidences: Evidences): Judgement {
  const { pass, gates, parsed, snapshot } = evidences;
  const touched = pass.neighbours.some(
    ({ ip, device, created }) => ip === pass.frame.senderIp && device === pass.device.index && !created,
  );
  if (touched) return unknown('silent', ['filtered-out']);
  const filters = parsed.series.filter(({ purpose }) => purpose === 'filter');
  const walk = filters.find(({ direct }) => !direct) ?? null;
  const direct = filters.find((series) => series.direct) ?? null;
  const asked = walk ?? direct;
  const ignored = arpIgnore(pass, gates, snapshot);
  if (ignored === 'closed') {
    // arp_filter runs only where arp_ignore let the request through
    return asked
      ? unknown('silent', ['arp-ignore', 'arp-filter'])
      : verdict('silent', 'arp-ignore', { evidence: evidenceOfIgnore(gates) });
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

/** A route to elsewhere, and no answer: the gates of proxying in the order of arp_process. */
function notProxied(evidences: Evidences): Judgement {
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
  return pass.neighbours.some(
    ({ ip, device, created }) => created && ip === pass.frame.senderIp && device === pass.device.index,
  );
}

/** pneigh_lookup */
function hasProxyNeighbour(pass: Pass, snapshot: Snapshot | null): boolean {
  return (snapshot?.proxyNeighbours ?? []).some(
    ({ ip, device }) => ip === pass.frame.targetIp && (device === null || device === pass.device.index),
  );
}

function lastOf(parsed: Parsed, purpose: Purpose) {
  return parsed.series.find((series) => series.purpose === purpose)?.lookups.at(-1) ?? null;
}

function replayOf(evidences: Evidences, purpose: Purpose): Replay | null {
  const series = evidences.parsed.series.find((one) => one.purpose === purpose);
  return series ? (evidences.replays.get(series) ?? null) : null;
}
