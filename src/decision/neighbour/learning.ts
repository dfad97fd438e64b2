import { formatIp } from '../addresses.js';
import type { Evidence } from '../types.js';
import { type ArpSeen, type EntrySetting, isValid, type LearnedSeen, nud } from './record.js';
import type { LearningAction } from './types.js';

export interface LearningVerdict {
  action: LearningAction;
  reason: string;
  detail: string | null;
  candidates: string[] | null;
  evidence: Evidence;
  /** Settings that the reason rests on. */
  settings: readonly EntrySetting[];
}

/** What is known beside the record. */
export interface LearningContext {
  /** The entry is known to exist, from what was told of it before: null when nothing was. */
  exists: boolean | null;
}

/**
 * Why the kernel took a claim or not: arp_rcv, arp_process from its sender check on, and __neigh_update. Each reason is
 * a positive test of what was seen; where none holds it is `unknown`.
 */
export function judgeLearning(seen: LearnedSeen, context: LearningContext): LearningVerdict {
  const judged = judge(seen, context);
  return seen.secondPass && judged.detail === null ? { ...judged, detail: 'deferred' } : judged;
}

function judge(seen: LearnedSeen, context: LearningContext): LearningVerdict {
  const { place } = seen.ending;
  if (place === 'netfilter' || place === 'tc' || place === 'xdp') {
    return ignored('filtered-in', { detail: seen.ending.where });
  }
  if (place === 'arp_rcv') return beforeArp(seen);
  if (seen.ending.closed === 'dropped') return refused(seen);
  if (seen.update) return updated(seen, seen.update);
  if (seen.noRoom) return ignored('neighbour-table-full');
  return notUpdated(seen, context);
}

/** arp_rcv. */
function beforeArp(seen: LearnedSeen): LearningVerdict {
  if (seen.device.noarp) return ignored('device-noarp');
  if (seen.cast === 'otherhost') return ignored('not-for-us');
  if (seen.arp.hardwareLength !== seen.device.addressLength || seen.arp.protocolLength !== 4) {
    return ignored('malformed');
  }
  return unknown(['device-noarp', 'not-for-us', 'malformed']);
}

/** arp_process lets go of it with kfree_skb: the checks in their order. */
function refused(seen: LearnedSeen): LearningVerdict {
  const { arp, settings } = seen;
  if (!settings) return ignored('ipv4-disabled');
  if (arp.protocolType !== 0x0800 || !takesHardware(seen.device.type, arp.hardwareType)) {
    return ignored('malformed');
  }
  const multicast = arp.targetIp >>> 28 === 14;
  const loopback = arp.targetIp >>> 24 === 127;
  if (multicast || (loopback && !either(seen, 'route_localnet'))) return ignored('target-invalid');
  if (arp.senderIp === arp.targetIp && either(seen, 'drop_gratuitous_arp')) {
    return ignored('gratuitous-dropped', { settings: ['drop_gratuitous_arp'] });
  }
  return unknown(['malformed', 'target-invalid', 'gratuitous-dropped']);
}

/** ARPHRD_ETHER, ARPHRD_IEEE802 and ARPHRD_FDDI take the hardware types of the first two; others their own alone. */
function takesHardware(device: number, hardware: number): boolean {
  return [1, 6, 774].includes(device) ? hardware === 1 || hardware === 6 : hardware === device;
}

function updated(seen: LearnedSeen, update: NonNullable<LearnedSeen['update']>): LearningVerdict {
  const { before, after, err } = update;
  if (update.dead || !after) return unknown([]);
  if (err !== 0) {
    if (err !== -1) return unknown([]);
    if (before.state === nud.permanent) return ignored('permanent-entry');
    return before.state === nud.noarp ? ignored('noarp-entry') : unknown(['permanent-entry', 'noarp-entry']);
  }
  const claimed = seen.arp.senderMac;
  const answered = answeredRequest(seen);
  if (answered === null) return unknown(['request-answered', 'arp-accept', 'gratuitous']);
  const taken = after.mac === claimed && isValid(after.state);
  if (seen.created) {
    if (!taken) return unknown([]);
    if (answered) return verdict('created', 'request-answered');
    return acceptance(seen) > 0
      ? verdict('created', 'arp-accept', { settings: ['arp_accept'] })
      : unknown(['arp-accept', 'request-answered']);
  }
  if (!isValid(before.state)) return filled(seen, before.state, taken, answered);
  if (before.mac === claimed) {
    if (!taken) return unknown([]);
    return seen.arp.operation === 2 && before.state === nud.probe && after.state === nud.reachable
      ? verdict('refreshed', 'solicited')
      : verdict('refreshed', 'same-address');
  }
  if (!update.override) {
    // the kernel compared in jiffies before it came here: one more may have passed
    const young = update.ageNs <= update.locktimeNs + jiffyNs;
    return after.mac === before.mac && young && !answered ? ignored('locktime') : unknown(['locktime']);
  }
  if (!taken) return unknown([]);
  if (answered) return verdict('updated', 'request-answered');
  if (isGratuitous(seen)) return verdict('updated', 'gratuitous');
  return update.ageNs >= update.locktimeNs ? verdict('updated', 'locktime-passed') : unknown([]);
}

/** The entry had no MAC: any claim is taken. */
function filled(seen: LearnedSeen, state: number, taken: boolean, answered: boolean): LearningVerdict {
  if (!taken) return unknown([]);
  if (answered) return verdict('updated', 'request-answered');
  if (seen.arp.senderIp === seen.arp.targetIp) return verdict('updated', 'gratuitous-filled');
  if (state === nud.incomplete) return verdict('updated', 'solicited');
  // a new entry whose making was not seen is none that failed
  return state === nud.failed ? verdict('updated', 'unresolved-entry') : unknown(['arp-accept']);
}

/** Neither made nor updated: there was no entry, and none was to be made. */
function notUpdated(seen: LearnedSeen, { exists }: LearningContext): LearningVerdict {
  const { arp, senderType, routeType } = seen;
  if (arp.senderIp === 0) return ignored('no-sender');
  // the answer is stopped before the sender's entry is looked at
  if (arp.operation === 1 && routeType === 2) return ignored('own-address');
  // that an update was made and not seen would look the same
  if (exists) return unknown(['no-entry']);
  if (senderType !== null) {
    return senderType > 1
      ? ignored('source-not-unicast', { detail: formatIp(arp.senderIp), settings: ['arp_accept'] })
      : unknown(['source-not-unicast', 'no-entry']);
  }
  const accept = acceptance(seen);
  if (accept === 2)
    return ignored('source-not-in-subnet', { evidence: 'inferred', settings: ['arp_accept'] });
  if (accept === 1) {
    return isNoUnicast(arp.senderIp)
      ? ignored('source-not-unicast', { detail: formatIp(arp.senderIp), settings: ['arp_accept'] })
      : unknown(['source-not-unicast']);
  }
  // arp_accept: other values mean what 0 means
  const recent = isAnswer(arp) && seen.asked?.bySocket && seen.endNs - seen.asked.ns < 2_000_000_000n;
  return ignored('no-entry', {
    detail: recent ? 'asked-from-user-space' : null,
    evidence: 'inferred',
    settings: ['arp_accept'],
  });
}

/**
 * Whether it was neigh_event_ns that touched the entry, because the request was answered: then nothing looked at the
 * sender's address before. Null when that cannot be told.
 */
function answeredRequest(seen: LearnedSeen): boolean | null {
  if (seen.arp.operation === 2 || seen.typedFirst) return false;
  // only what is to be answered is deferred
  if (seen.ending.closed === 'deferred') return true;
  if (seen.routeType === null) return null;
  return seen.update?.override === true && seen.update.wanted === nud.stale;
}

/** arp_is_garp, as far as the frame tells, and what the lookup of its sender said. */
function isGratuitous({ arp, senderType }: LearnedSeen): boolean {
  if (arp.senderIp !== arp.targetIp || senderType !== 1) return false;
  return arp.operation === 1 || arp.targetMac === arp.senderMac;
}

/** Addresses whose type is known without a lookup: 224/4 and 255.255.255.255; 0.0.0.0 does not come so far. */
function isNoUnicast(ip: number): boolean {
  return ip >>> 28 === 14 || ip === 0xffffffff;
}

/** A reply to this host: a gratuitous claim answers nobody. */
export function isAnswer({ operation, senderIp, senderMac, targetIp, targetMac }: ArpSeen): boolean {
  return operation === 2 && (senderIp !== targetIp || senderMac !== targetMac);
}

const jiffyNs = 10_000_000;

function acceptance({ settings }: LearnedSeen): number {
  return settings ? Math.max(settings.all.arp_accept, settings.dev.arp_accept) : 0;
}

function either({ settings }: LearnedSeen, name: 'route_localnet' | 'drop_gratuitous_arp'): boolean {
  return settings !== null && (settings.all[name] !== 0 || settings.dev[name] !== 0);
}

type More = Partial<Pick<LearningVerdict, 'detail' | 'evidence' | 'settings'>>;

function verdict(action: LearningAction, reason: string, more: More = {}): LearningVerdict {
  return { action, reason, detail: null, candidates: null, evidence: 'observed', settings: [], ...more };
}

function ignored(reason: string, more: More = {}): LearningVerdict {
  return verdict('ignored', reason, more);
}

function unknown(candidates: string[]): LearningVerdict {
  return { ...ignored('unknown'), candidates };
}
