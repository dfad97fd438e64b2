import { formatIp } from '../addresses.js';
import { neighbourStateName } from '../kernel-numbers.js';
import type { Settings, Tier } from '../types.js';
import { isAnswer, judgeLearning, type LearningVerdict } from './learning.js';
import { type ArpSeen, type EntrySeen, isValid, type LearnedSeen } from './record.js';
import { settingsOf } from './settings.js';
import type { Entry, Learning } from './types.js';

export interface LearnerSurroundings {
  host: string;
  tier: Tier;
  wallTime(ns: bigint): string;
  digits(ns: bigint): string;
  idOf(id: number): string;
}

/** What learnings of one kind have in common. */
interface Kin {
  netns: Learning['netns'];
  device: Learning['device'];
  /** By action, reason and detail. */
  verdicts: Map<string, Shared>;
}

interface Shared {
  verdict: Learning['verdict'];
  settings: Settings;
  unknown: string[];
}

/** A who-has longer ago than this is no matter any more: what comes now is not its answer. */
const recentNs = 5_000_000_000n;

/**
 * Makes learnings. Those that the kernel side tells alike share verdict, settings and the rest: they are the same
 * objects, as are claims of one frame, so whoever derives something of them may remember it by them.
 */
export class Learner {
  readonly #around: LearnerSurroundings;
  readonly #kin = new WeakMap<object, Kin>();
  readonly #claims = new WeakMap<ArpSeen, Learning['claim']>();
  readonly #entries = new WeakMap<EntrySeen, Entry>();

  constructor(around: LearnerSurroundings) {
    this.#around = around;
  }

  /**
   * @param exists the entry is known to exist
   * @param netns the name of its namespace
   */
  learn(seen: LearnedSeen, exists: boolean, netns: string | null): Learning {
    const { update, arp } = seen;
    const after = update?.after ?? null;
    const start = seen.startNs ?? seen.endNs;
    const kin = this.#kinOf(seen, netns);
    const { verdict, settings, unknown } = sharedOf(
      kin,
      seen,
      judgeLearning(seen, { exists: exists || null }),
    );
    return {
      schema: 'arpwhy.learning/1',
      id: this.#around.idOf(seen.id),
      host: this.#around.host,
      time: this.#around.wallTime(start),
      monotonicNs: this.#around.digits(start),
      tier: this.#around.tier,
      netns: kin.netns,
      device: kin.device,
      claim: this.#claimOf(seen),
      entry:
        update === null
          ? none
          : {
              met: seen.created ? null : { ...this.#entryOf(update.before), ageNs: update.ageNs },
              left: after && this.#entryOf(after),
            },
      moved:
        after && update && !seen.created && isValid(update.before.state) && after.mac !== update.before.mac
          ? { from: update.before.mac, to: after.mac }
          : null,
      verdict,
      asked:
        seen.asked && isAnswer(arp) && seen.endNs - seen.asked.ns < recentNs
          ? {
              id: this.#around.idOf(seen.asked.id),
              by: seen.asked.bySocket ? 'user-space' : 'kernel',
              roundTripNs: Number(start - seen.asked.ns),
            }
          : null,
      settings,
      unknown,
    };
  }

  #kinOf({ alike, netns, device }: LearnedSeen, name: string | null): Kin {
    let kin = this.#kin.get(alike);
    if (kin?.netns.name !== name) kin = undefined;
    if (!kin) {
      kin = {
        netns: { inode: netns.inode, name },
        device: { index: device.index, name: device.name },
        verdicts: new Map(),
      };
      this.#kin.set(alike, kin);
    }
    return kin;
  }

  #claimOf({ arp, cast }: LearnedSeen): Learning['claim'] {
    let claim = this.#claims.get(arp);
    if (claim?.cast !== cast) {
      claim = {
        operation: arp.operation === 2 ? 'reply' : 'request',
        ip: formatIp(arp.senderIp),
        mac: arp.senderMac,
        target: { ip: formatIp(arp.targetIp), mac: arp.targetMac },
        source: arp.source,
        destination: arp.destination,
        cast,
      };
      this.#claims.set(arp, claim);
    }
    return claim;
  }

  #entryOf(seen: EntrySeen): Entry {
    let entry = this.#entries.get(seen);
    if (!entry) {
      entry = entryOf(seen);
      this.#entries.set(seen, entry);
    }
    return entry;
  }
}

/** There was no entry, and there is none. */
const none: Learning['entry'] = { met: null, left: null };

/** What was its MAC before it failed may still stand there: it is none. */
export function entryOf({ state, mac }: EntrySeen): Entry {
  return {
    state: neighbourStateName(state),
    mac: !isValid(state) || mac === '00:00:00:00:00:00' ? null : mac,
  };
}

function sharedOf({ verdicts }: Kin, seen: LearnedSeen, judged: LearningVerdict): Shared {
  const { settings: consulted, ...verdict } = judged;
  const key = `${verdict.action} ${verdict.reason} ${verdict.detail} ${verdict.candidates}`;
  let shared = verdicts.get(key);
  if (!shared) {
    const unknown: string[] = [];
    if (verdict.reason === 'unknown') unknown.push('/verdict/reason');
    if (seen.update && !seen.update.after) unknown.push('/entry/left');
    shared = { verdict, settings: settingsOf(seen, consulted), unknown };
    // a detail may be an address
    if (verdicts.size >= mostVerdicts) verdicts.clear();
    verdicts.set(key, shared);
  }
  return shared;
}

const mostVerdicts = 64;
