import { formatIp } from '../decision/addresses.js';
import { stepsOfWalk } from '../decision/decide.js';
import type { DecisionFilter } from '../decision/filter.js';
import { neighbourStateName } from '../decision/kernel-numbers.js';
import {
  causeOfChange,
  causeOfQuestion,
  causeOfRemoval,
  isNoArp,
  isRepeatedBelow,
} from '../decision/neighbour/causes.js';
import { passesNeighbour } from '../decision/neighbour/filter.js';
import { judgeLearning } from '../decision/neighbour/learning.js';
import {
  type AdminSeen,
  type AskedSeen,
  type EntrySeen,
  type ForPacketSeen,
  isValid,
  type LearnedSeen,
  type NeighbourSeen,
  nud,
  type RemovedSeen,
  type TimerSeen,
} from '../decision/neighbour/record.js';
import type {
  Entry,
  Kind,
  Learning,
  NeighbourChange,
  NeighbourEventTold,
  Solicitation,
} from '../decision/neighbour/types.js';
import type { Lookup, Pass, Proof, Settings, Tier } from '../decision/types.js';
import { RouteNow } from '../host/route-now.js';
import type { NeighbourTracer } from '../kernel/neighbour-tracer.js';
import type { Namespaces } from './namespaces.js';
import { walkOf } from './walk.js';

export interface NeighbourSurroundings {
  tracer: NeighbourTracer;
  namespaces: Namespaces;
  kinds: ReadonlySet<Kind>;
  filter: DecisionFilter;
  host: string;
  /** The name of the trace, which begins every id. */
  trace: string;
  tier: Tier;
  wallTime(ns: bigint): string;
  digits(ns: bigint): string;
  emit(event: NeighbourEventTold): void;
}

/** An answer to a question from user space is waited for so long, and one to the kernel's own. */
const patienceOfUsersMs = 1000;
const patienceMs = 5000;
/** An entry that is set to failed by hand leaves the table right afterwards: told as one thing. */
const removalMs = 100;
/** A who-has longer ago than this is no matter any more: what comes now is not its answer. */
const recentNs = 5_000_000_000n;
/** Entries and questions remembered. */
const mostEntries = 65536;

/** A who-has that has not ended. */
interface Open {
  key: string;
  asked: AskedSeen;
  sent: Solicitation['sent'];
  /** Of the records of `sent`. */
  ids: number[];
  lastNs: bigint;
  packet: ForPacketSeen | null;
  /** performance.now() */
  until: number;
}

/** One that ended, and waits for the proof of its lookups. */
interface Ended {
  open: Open;
  end: Solicitation['end'];
  now: Solicitation['now'];
  /** The tables are being asked, or were. */
  asking: boolean;
  asked: boolean;
  until: number;
}

/**
 * Makes learnings, solicitations and neighbour events of what the kernel side saw: joins who-has and answer, keeps the
 * last known state of entries, and proves lookups as those of decisions are proven.
 */
export class Neighbours {
  readonly #around: NeighbourSurroundings;
  readonly #entries = new Map<string, EntrySeen>();
  /** Cookies of namespaces by inode: an inode is given again, and what was known of it is another's then. */
  readonly #cookies = new Map<number, bigint>();
  readonly #open = new Map<string, Open>();
  readonly #byId = new Map<number, Open>();
  readonly #ended: Ended[] = [];
  /** Set to failed by hand: the entry as it was, until it leaves the table or does not. */
  readonly #failing = new Map<string, { seen: AdminSeen; until: number }>();
  readonly #routeNow = new RouteNow();
  /** Events told, and those that the filters took out. */
  delivered = 0;
  filtered = 0;

  constructor(around: NeighbourSurroundings) {
    this.#around = around;
  }

  /** Take what the ring holds. Returns whether there may be more. */
  drain(): boolean {
    const { seen, more } = this.#around.tracer.drain();
    for (const one of seen) this.#take(one);
    return more;
  }

  /** A request changed its sender's entry: that is told by its decision, and ends what was asked for it. */
  pass(pass: Pass): void {
    const last = pass.neighbours.at(-1);
    if (!last?.after || last.errno !== 0) return;
    const key = `${pass.netns.inode}/${pass.device.index}/${pass.frame.senderIp}`;
    this.#remember(key, last.after);
    const open = this.#open.get(key);
    if (open && isValid(last.after.state)) this.#end(open, { outcome: 'answered', mac: last.after.mac });
  }

  /** Tell what has been waited for long enough. Returns whether anything still waits for a proof. */
  tick(now: number): boolean {
    for (const open of [...this.#open.values()]) {
      if (now >= open.until) this.#end(open, { outcome: 'unanswered' });
    }
    for (const [key, { seen, until }] of this.#failing) {
      if (now < until) continue;
      this.#failing.delete(key);
      this.#tellChange(seen, seen.before, seen.entry, causeOfChange(seen.task));
    }
    for (const one of this.#ended.splice(0)) {
      if (!this.#tellEnded(one, now)) this.#ended.push(one);
    }
    return this.#ended.length > 0;
  }

  /** The trace is over: tell what is left. */
  finish(): void {
    for (const open of [...this.#open.values()]) this.#end(open, { outcome: 'pending' });
    this.tick(Number.POSITIVE_INFINITY);
    this.#routeNow.close();
  }

  #take(seen: NeighbourSeen): void {
    this.#notice(seen.netns);
    if (seen.kind === 'learned') this.#learned(seen);
    else if (seen.kind === 'asked') this.#asked(seen);
    else if (seen.kind === 'for-packet') this.#forPacket(seen);
    else if (seen.kind === 'timer') this.#timer(seen);
    else if (seen.kind === 'admin') this.#admin(seen);
    else this.#removed(seen);
  }

  #notice({ inode, cookie }: NeighbourSeen['netns']): void {
    const known = this.#cookies.get(inode);
    if (known === cookie) return;
    this.#cookies.set(inode, cookie);
    if (known === undefined) return;
    const prefix = `${inode}/`;
    for (const [key, open] of this.#open) if (key.startsWith(prefix)) this.#end(open, { outcome: 'removed' });
    for (const map of [this.#entries, this.#failing]) {
      for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key);
    }
  }

  #learned(seen: LearnedSeen): void {
    const key = keyOf(seen);
    const known = this.#entries.get(key);
    const { settings: consulted, ...verdict } = judgeLearning(seen, {
      exists: known === undefined ? null : true,
    });
    const { update, arp } = seen;
    const after = update?.after ?? null;
    if (after) this.#remember(key, after);
    const start = seen.startNs ?? seen.endNs;
    const asked = seen.asked && seen.endNs - seen.asked.ns < recentNs ? seen.asked : null;
    const unknown: string[] = [];
    if (verdict.reason === 'unknown') unknown.push('/verdict/reason');
    if (update && !after) unknown.push('/entry/left');
    const moved =
      after && update && !seen.created && isValid(update.before.state) && after.mac !== update.before.mac
        ? { from: update.before.mac, to: after.mac }
        : null;
    const event: Learning = {
      schema: 'arpwhy.learning/1',
      ...this.#told(seen, start),
      claim: {
        operation: arp.operation === 2 ? 'reply' : 'request',
        ip: formatIp(arp.senderIp),
        mac: arp.senderMac,
        target: { ip: formatIp(arp.targetIp), mac: arp.targetMac },
        source: arp.source,
        destination: arp.destination,
        cast: seen.cast,
      },
      entry: {
        met: update && !seen.created ? { ...entryOf(update.before), ageNs: update.ageNs } : null,
        left: after ? entryOf(after) : null,
      },
      moved,
      verdict,
      asked: asked && {
        id: this.#idOf(asked.id),
        by: asked.bySocket ? 'user-space' : 'kernel',
        roundTripNs: Number(start - asked.ns),
      },
      settings: settingsOf(seen, consulted),
      unknown,
    };
    if (this.#around.kinds.has('learning')) this.#emit(event);
    const taken = after !== null && isValid(after.state) && verdict.action !== 'ignored';
    const open = this.#open.get(key);
    if (open && taken) {
      const waited = update ? Math.max(update.waited, update.queued) : null;
      this.#end(open, {
        outcome: 'answered',
        mac: after.mac,
        learning: event.id,
        roundTripNs: Number(start - open.lastNs),
        waited,
        lost: update && waited !== null ? waited - update.queued : null,
      });
    }
    const byUser = this.#open.get(`${key}/user`);
    if (byUser && arp.operation === 2) {
      this.#end(byUser, {
        outcome: 'answered',
        mac: arp.senderMac,
        learning: event.id,
        roundTripNs: Number(start - byUser.lastNs),
      });
    }
  }

  #asked(seen: AskedSeen): void {
    if (isRepeatedBelow(seen)) return;
    const cause = causeOfQuestion(seen, null);
    const key = seen.bySocket ? `${keyOf(seen)}/user` : keyOf(seen);
    const former = this.#open.get(key);
    const sent = { monotonicNs: this.#around.digits(seen.endNs), cast: castOf(seen) };
    const patience = seen.bySocket ? patienceOfUsersMs : patienceMs;
    if (former && cause.code === 'timer') {
      former.sent.push(sent);
      former.ids.push(seen.id);
      former.lastNs = seen.endNs;
      former.until = performance.now() + patience;
      this.#byId.set(seen.id, former);
      return;
    }
    if (former) this.#end(former, { outcome: 'unanswered' });
    const until = performance.now() + patience;
    const open: Open = {
      key,
      asked: seen,
      sent: [sent],
      ids: [seen.id],
      lastNs: seen.endNs,
      packet: null,
      until,
    };
    this.#open.set(key, open);
    this.#byId.set(seen.id, open);
  }

  #forPacket(seen: ForPacketSeen): void {
    const open = this.#byId.get(seen.asked);
    if (!open || open.packet || open.asked.id !== seen.asked) return;
    open.packet = seen;
    const namespace = this.#around.namespaces.of(seen);
    namespace.lastRequest = performance.now();
    const walk = walkOf(seen);
    if (walk) namespace.prepare(walk.pass, performance.now());
  }

  #timer(seen: TimerSeen): void {
    const key = keyOf(seen);
    const known = this.#entries.get(key) ?? null;
    const { entry } = seen;
    this.#remember(key, entry);
    const open = this.#open.get(key);
    if (open && entry.state === nud.failed) {
      this.#end(open, { outcome: 'failed', waited: seen.waited, lost: seen.waited });
    } else if (open && (entry.state & (nud.reachable | nud.stale)) !== 0) {
      this.#end(open, { outcome: 'answered', mac: entry.mac });
    }
    if (isNoArp(entry.state) || known?.state === entry.state) return;
    // its own first state is no change
    if (entry.state === nud.incomplete || (known === null && entry.state === nud.reachable)) return;
    this.#tellChange(seen, known ?? undefined, entry, { code: 'timer', detail: null, process: null });
  }

  #admin(seen: AdminSeen): void {
    const key = keyOf(seen);
    if (seen.err !== 0) return;
    if (seen.entry.state === nud.failed) {
      this.#failing.set(key, { seen, until: performance.now() + removalMs });
      return;
    }
    this.#remember(key, seen.entry);
    const open = this.#open.get(key);
    if (open && isValid(seen.entry.state)) this.#end(open, { outcome: 'answered', mac: seen.entry.mac });
    const was = seen.before.state === nud.none ? null : seen.before;
    this.#tellChange(seen, was, seen.entry, causeOfChange(seen.task));
  }

  #removed(seen: RemovedSeen): void {
    const key = keyOf(seen);
    const failing = this.#failing.get(key);
    this.#failing.delete(key);
    this.#entries.delete(key);
    const open = this.#open.get(key);
    if (open) this.#end(open, { outcome: 'removed' });
    if (isNoArp(seen.entry.state)) return;
    this.#tellChange(seen, failing?.seen.before ?? seen.entry, null, causeOfRemoval(seen.task));
  }

  /** @param was undefined: it was not seen */
  #tellChange(
    seen: NeighbourSeen,
    was: EntrySeen | null | undefined,
    is: EntrySeen | null,
    cause: NeighbourChange['cause'],
  ): void {
    if (!this.#around.kinds.has('neighbour')) return;
    const unknown = was === undefined ? ['/entry/was'] : [];
    if (cause.code === 'unknown') unknown.push('/cause/code');
    this.#emit({
      schema: 'arpwhy.neighbour/1',
      ...this.#told(seen, seen.endNs),
      entry: { ip: formatIp(seen.ip), was: was ? entryOf(was) : null, is: is && entryOf(is) },
      cause,
      unknown,
    });
  }

  #end(open: Open, end: Partial<Solicitation['end']> & Pick<Solicitation['end'], 'outcome'>): void {
    this.#open.delete(open.key);
    for (const id of open.ids) this.#byId.delete(id);
    if (!this.#around.kinds.has('solicitation')) return;
    const whole = { mac: null, learning: null, roundTripNs: null, waited: null, lost: null, ...end };
    this.#ended.push({
      open,
      end: whole,
      now: null,
      asking: false,
      asked: false,
      until: performance.now() + patienceOfUsersMs,
    });
  }

  /** False while its lookups wait for their proof, or the table is being asked. */
  #tellEnded(ended: Ended, now: number): boolean {
    const { open, end } = ended;
    const { asked, packet } = open;
    const namespace = this.#around.namespaces.of(asked);
    const walk = packet && walkOf(packet);
    const chosen = walk?.series.lookups.at(-1) ?? null;
    const unknown: string[] = [];
    let steps: Solicitation['steps'] = [];
    let proof: Proof | null = null;
    if (walk && chosen && leadsTo(chosen, asked)) {
      const cover = namespace.history.covers(walk.pass);
      const patient = now < ended.until && !namespace.unreachable;
      if (cover.state === 'wait' && patient) return false;
      proof = cover.state === 'held' ? namespace.proofFor(walk.pass, cover.generation) : null;
      if (cover.state === 'held' && !proof && patient && namespace.expects(cover.generation)) {
        namespace.prepare(walk.pass, now);
        return false;
      }
      // a rule for a user cannot be followed: who sent the packet is not in its flow
      const usable = proof?.snapshot.rules.some(({ uids }) => uids !== null) ? null : proof;
      steps = stepsOfWalk(walk.series, walk.pass, usable, namespace.namesAt(walk.pass, proof), unknown);
    }
    const because = steps.length > 0 ? steps.length - 1 : null;
    if (because === null && !ended.asked && !ended.asking && now < ended.until && namespace.place) {
      ended.asking = true;
      void this.#routeNow.ask(namespace.place, formatIp(packet?.packet.target ?? asked.ip)).then((text) => {
        ended.asking = false;
        const time = this.#around.wallTime(process.hrtime.bigint());
        if (text !== null) ended.now = { text, time };
        ended.asked = true;
      });
      return false;
    }
    if (ended.asking && now < ended.until) return false;
    const { arp } = asked;
    const from = packet?.packet.iif ?? 0;
    const links = namespace.namesAt(walk?.pass ?? walkPass(asked), proof);
    this.#emit({
      schema: 'arpwhy.solicitation/1',
      ...this.#told(asked, asked.endNs),
      request: {
        target: { ip: formatIp(arp.targetIp) },
        sender: { ip: formatIp(arp.senderIp), mac: arp.senderMac },
        destination: arp.destination,
        cast: castOf(asked),
      },
      cause: causeOfQuestion(asked, packet?.packet ?? null),
      packet: packet && {
        source: formatIp(packet.packet.source),
        target: formatIp(packet.packet.target),
        protocol: packet.packet.protocol,
        from: from === 0 ? null : { index: from, name: links.device(from) },
      },
      steps,
      because,
      now: ended.now,
      sent: open.sent,
      end,
      settings: settingsOf(asked, ['arp_announce']),
      unknown,
    });
    return true;
  }

  #told(
    seen: NeighbourSeen,
    ns: bigint,
  ): Pick<Learning, 'id' | 'host' | 'time' | 'monotonicNs' | 'tier' | 'netns' | 'device'> {
    const { host, tier, namespaces } = this.#around;
    return {
      id: this.#idOf(seen.id),
      host,
      time: this.#around.wallTime(ns),
      monotonicNs: this.#around.digits(ns),
      tier,
      netns: { inode: seen.netns.inode, name: namespaces.of(seen).name },
      device: { index: seen.device.index, name: seen.device.name },
    };
  }

  #idOf(id: number): string {
    return `${this.#around.trace}-n${id}`;
  }

  #emit(event: NeighbourEventTold): void {
    if (!passesNeighbour(event, this.#around.filter)) {
      this.filtered++;
      return;
    }
    this.delivered++;
    this.#around.emit(event);
  }

  #remember(key: string, entry: EntrySeen): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > mostEntries) this.#entries.delete([...this.#entries.keys()][0] as string);
  }
}

function keyOf({ netns, device, ip }: NeighbourSeen): string {
  return `${netns.inode}/${device.index}/${ip}`;
}

function walkPass({ netns, device, endNs }: AskedSeen): Pass {
  return { netns, device, startNs: endNs, endNs } as unknown as Pass;
}

/** Whether a lookup's nexthop is what was asked for, on the device on which it was. */
function leadsTo({ device, gateway, gatewayFamily, daddr, errno, info }: Lookup, asked: AskedSeen): boolean {
  if (errno !== 0) return false;
  // which of several nexthops is used is chosen later
  if (info && info.nexthops > 1) return true;
  return device === asked.device.index && (gatewayFamily === 2 ? gateway : daddr) === asked.ip;
}

function castOf({ arp }: AskedSeen): 'broadcast' | 'unicast' {
  return arp.destination === 'ff:ff:ff:ff:ff:ff' ? 'broadcast' : 'unicast';
}

function entryOf({ state, mac }: EntrySeen): Entry {
  return { state: neighbourStateName(state), mac: mac === '00:00:00:00:00:00' ? null : mac };
}

function settingsOf({ settings }: NeighbourSeen, names: readonly string[]): Settings {
  if (!settings) return {};
  return Object.fromEntries(
    names.map((name) => [
      name,
      { all: settings.all[name as 'arp_accept'], dev: settings.dev[name as 'arp_accept'] },
    ]),
  );
}
