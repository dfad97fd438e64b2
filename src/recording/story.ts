import { routeText } from '../decision/changes.js';
import { subnetsOfDevice } from '../decision/subnets.js';
import { type Mark, suspicions, widePrefix } from '../decision/tally/marks.js';
import type { Decision, DecisionStep, Snapshot } from '../decision/types.js';
import type { ChangeEvent, EndEvent, StartEvent } from '../stream/events.js';
import type { States, TimedChange } from './episode.js';
import { Episodes } from './episodes.js';
import type { NamesEvent, SnapshotEvent } from './events-from-json.js';
import { type Gap, Gaps } from './gaps.js';
import { type Justification, justificationOf, triedSteps } from './justification.js';
import { Moves } from './moves.js';
import type { Entry } from './reader.js';
import { shareRoutes } from './share.js';
import { Skew } from './skew.js';
import { Timeline } from './timeline.js';

/** Decisions shown for each justification. */
export const mostSamples = 50;
const mostGroups = 500;
const mostSenders = 50_000;
const mostChanges = 300;
/** Routes and rules in the states that changes are tried on, but for what they share: some 50 MiB. */
const mostHeld = 200_000;
/** Lines of one table, in the state before and after a change. */
const mostLines = 60;

/** All decisions of one justification. */
export interface Group {
  justification: Justification;
  count: number;
  firstNs: bigint;
  lastNs: bigint;
  targets: Set<string>;
  /** Of these there were more than are held. */
  moreTargets: boolean;
  /** MACs that were claimed. */
  claimed: Set<string>;
  /** What was tried first, as the first decision of the group had it. */
  tried: DecisionStep[];
  samples: Decision[];
}

export interface Sender {
  ip: string;
  mac: string;
  count: number;
  answered: number;
  targets: Set<string>;
}

/** A change, and the rules and tables that it touched as they were before and after. */
export interface ToldChange {
  event: ChangeEvent;
  timeNs: bigint;
  states: StateDifference[];
}

/** A table, or the rules, line by line. */
export interface StateDifference {
  title: string;
  lines: { sign: ' ' | '-' | '+'; text: string }[];
  /** Lines that are not listed. */
  more: number;
}

/** Addresses told apart in a group, and in all of them together. */
const mostTargets = 65_536;
const mostAddresses = 500_000;
/** MACs that are listed for a group. */
const mostMacs = 2000;

/** What a recording tells, gathered in bounded memory: counts, samples, changes, and answers that moved. */
export class Story {
  readonly hosts = new Map<string, StartEvent>();
  readonly ends: EndEvent[] = [];
  readonly groups = new Map<string, Group>();
  readonly senders = new Map<string, Sender>();
  readonly changes: ToldChange[] = [];
  readonly episodes = new Episodes();
  readonly timeline = new Timeline();
  readonly skew = new Skew();
  /** Addresses that changed hands, where learnings were recorded. */
  readonly moves = new Moves();
  decisions = 0;
  deferred = 0;
  lost = 0;
  moreGroups = 0;
  moreChanges = 0;
  firstNs: bigint | null = null;
  lastNs: bigint | null = null;
  /** First and last state of each namespace, and whether the routes were in any of its states. */
  readonly states = new Map<string, { first: SnapshotEvent; last: SnapshotEvent; whole: boolean }>();
  readonly #gaps = new Gaps();
  #isFirstFile = true;
  /** Hosts of which two recordings hold the same time. */
  overlaps: readonly string[] = [];
  #addresses = 0;
  readonly #previous = new Map<string, Snapshot>();
  /** The last two states of each namespace that hold its routes. */
  readonly #whole = new Map<string, { before: Snapshot | null; after: Snapshot }>();
  /** The last two states of each namespace, until the change between them is told. */
  readonly #around = new Map<string, States>();
  /** Routes and rules in states that are held; and states that were too many to be. */
  #held = 0;
  unheld = 0;
  /** What hooks saw since the last state of a namespace, for the trials. */
  readonly #seen = new Map<string, TimedChange[]>();
  /** Changes that hooks saw since the last state of a namespace. */
  readonly #waiting = new Map<string, ToldChange[]>();
  readonly #names = new Map<string, NamesEvent>();

  take({ event, timeNs, trace }: Entry): void {
    switch (event.schema) {
      case 'arpwhy.recording/1':
        this.#gaps.head(event, timeNs);
        // the start of a trace stands in every file of it
        this.#isFirstFile = event.segment === 1;
        if (!this.#isFirstFile) this.#spread(event.host, timeNs);
        break;
      case 'arpwhy.close/1':
        this.#spread(event.host, timeNs);
        this.#gaps.close(event, timeNs);
        break;
      case 'arpwhy.start/1':
        this.hosts.set(event.host, event);
        this.skew.host(event);
        if (this.#isFirstFile) this.#spread(event.host, timeNs);
        break;
      case 'arpwhy.decision/1':
        this.#gaps.decision(event.host, trace, timeNs);
        this.#decision(event, timeNs);
        break;
      case 'arpwhy.learning/1':
        this.#spread(event.host, timeNs);
        this.moves.learning(event, timeNs);
        break;
      case 'arpwhy.change/1':
        this.#change(event, timeNs);
        break;
      case 'arpwhy.snapshot/1':
        this.#state(event);
        break;
      case 'arpwhy.names/1':
        this.#names.set(`${event.host} ${event.netns.inode}`, event);
        break;
      case 'arpwhy.lost/1':
        this.lost += event.count;
        break;
      case 'arpwhy.end/1':
        this.ends.push(event);
        this.#spread(event.host, timeNs);
        break;
    }
  }

  finish(): void {
    this.episodes.finish();
    this.overlaps = this.#gaps.finish();
  }

  /** What the files do not tell of, between them. */
  get gaps(): readonly Gap[] {
    return this.#gaps.all;
  }

  /** Not all that was asked is in it. */
  get isPartial(): boolean {
    return this.leftOut > 0 || this.gaps.length > 0 || this.lost > 0;
  }

  /** Requests that a filter, or a table that kept some, left out of the recording. */
  get leftOut(): number {
    return this.ends.reduce((sum, { accounts }) => sum + accounts.filtered, 0);
  }

  /** What a network engineer would want to know at once of an answer. */
  marks({ samples: [first] }: Group): Mark[] {
    if (!first) return [];
    const wide = widePrefix(first, ({ host, netns, device }) => {
      const state = this.states.get(`${host} ${netns.inode}`);
      return state ? subnetsOfDevice(state.first.snapshot, device.index) : null;
    });
    return [...suspicions(first), ...(wide ? [wide] : [])];
  }

  /** Groups, the largest first; answers before silence. */
  sorted(): Group[] {
    const rank = ({ justification }: Group) => (justification.action === 'replied' ? 0 : 1);
    return [...this.groups.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count);
  }

  /** When the recording of a host tells something last. */
  lastOf(host: string): bigint | null {
    return this.#lastOf.get(host) ?? this.lastNs;
  }
  readonly #lastOf = new Map<string, bigint>();

  #spread(host: string, timeNs: bigint): void {
    const last = this.#lastOf.get(host);
    if (last === undefined || timeNs > last) this.#lastOf.set(host, timeNs);
    if (this.firstNs === null || timeNs < this.firstNs) this.firstNs = timeNs;
    if (this.lastNs === null || timeNs > this.lastNs) this.lastNs = timeNs;
  }

  #decision(decision: Decision, timeNs: bigint): void {
    this.#spread(decision.host, timeNs);
    this.skew.decision(decision, timeNs);
    if (decision.verdict.action === 'deferred') {
      this.deferred++;
      return;
    }
    this.decisions++;
    this.moves.decision(decision, timeNs);
    const justification = justificationOf(decision);
    this.timeline.add(justification.key, timeNs);
    this.episodes.decision(decision, justification, timeNs);
    this.#group(justification, decision, timeNs);
    this.#sender(decision);
  }

  #group(justification: Justification, decision: Decision, timeNs: bigint): void {
    let group = this.groups.get(justification.key);
    if (!group) {
      if (this.groups.size >= mostGroups) {
        this.moreGroups++;
        return;
      }
      group = {
        justification,
        count: 0,
        firstNs: timeNs,
        lastNs: timeNs,
        targets: new Set(),
        moreTargets: false,
        claimed: new Set(),
        tried: triedSteps(decision),
        samples: [],
      };
      this.groups.set(justification.key, group);
    }
    group.count++;
    if (timeNs < group.firstNs) group.firstNs = timeNs;
    if (timeNs > group.lastNs) group.lastNs = timeNs;
    this.#target(group, decision.request.target.ip);
    addTo(group.claimed, decision.reply?.mac ?? null);
    if (group.samples.length < mostSamples) group.samples.push(decision);
  }

  #target(group: Group, ip: string | null): void {
    if (ip === null || group.targets.has(ip)) return;
    if (group.targets.size >= mostTargets || this.#addresses >= mostAddresses) {
      group.moreTargets = true;
      return;
    }
    this.#addresses++;
    group.targets.add(ip);
  }

  #sender({ request, verdict }: Decision): void {
    const { ip, mac } = request.sender;
    const key = `${ip} ${mac}`;
    let sender = this.senders.get(key);
    if (!sender) {
      if (this.senders.size >= mostSenders) return;
      sender = { ip: ip ?? '?', mac: mac ?? '?', count: 0, answered: 0, targets: new Set() };
      this.senders.set(key, sender);
    }
    sender.count++;
    if (verdict.action === 'replied') sender.answered++;
    if (sender.targets.size < 64) addTo(sender.targets, request.target.ip);
  }

  #state(event: SnapshotEvent): void {
    const key = `${event.host} ${event.netns.inode}`;
    const known = this.states.get(key);
    const { snapshot } = event;
    // what names devices alone is no state to compare with
    if (known && !snapshot.complete && snapshot.rules.length === 0) return;
    if (snapshot.complete) {
      const whole = this.#whole.get(key);
      this.#whole.set(key, { before: whole?.after ?? null, after: snapshot });
    }
    if (known) {
      this.#previous.set(key, known.last.snapshot);
      known.last = event;
      known.whole ||= event.snapshot.complete;
    } else this.states.set(key, { first: event, last: event, whole: event.snapshot.complete });
    const states = known && this.#statesBetween(this.#previous.get(key), event.snapshot);
    // of a state that nothing is told of the difference is nothing: only the next change may be it
    if (states) this.#around.set(key, states);
    else this.#around.delete(key);
    // what hooks saw after it was read is of the next one
    const isLater = ({ event: seen }: TimedChange) => BigInt(seen.monotonicNs) > BigInt(event.monotonicNs);
    const seen = this.#seen.get(key) ?? [];
    this.#seen.set(key, seen.filter(isLater));
    if (states) for (const timed of seen) if (!isLater(timed)) timed.states = states;
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    const before = this.#previous.get(key);
    const last = waiting.at(-1);
    if (!before || !last) return;
    const changes = waiting.flatMap((one) => one.event.changes);
    last.states = this.#differences({ ...last.event, changes }, before, event.snapshot, key);
  }

  /** The states around a change. What hooks saw waits for the next one, what was inferred came of the last. */
  #time(timed: TimedChange | null, key: string): void {
    if (!timed) return;
    const states = this.#around.get(key);
    if (timed.event.evidence === 'observed') {
      const seen = this.#seen.get(key) ?? [];
      this.#seen.set(key, seen);
      seen.push(timed);
    } else if (states && isOfState(timed.event)) {
      timed.states = states;
      this.#around.delete(key);
    }
  }

  #statesBetween(before: Snapshot | undefined, after: Snapshot): States | null {
    if (!before?.complete || !after.complete) return null;
    if (this.#held > mostHeld) {
      this.unheld++;
      return null;
    }
    this.#held += shareRoutes(before, after) + sizeOf(after);
    return { before, after };
  }

  #change(event: ChangeEvent, timeNs: bigint): void {
    this.#spread(event.host, timeNs);
    const key = `${event.host} ${event.netns.inode}`;
    this.#time(this.episodes.change(event, timeNs), key);
    if (this.changes.length >= mostChanges) {
      this.moreChanges++;
      return;
    }
    const before = this.#previous.get(key);
    const after = this.states.get(key)?.last.snapshot;
    const told: ToldChange = { event, timeNs, states: [] };
    this.changes.push(told);
    // the state that shows what hooks saw comes later, the one that led to what was inferred has come
    if (event.evidence === 'observed') this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), told]);
    else if (before && after) told.states = this.#differences(event, before, after, key);
  }

  /** The tables that a change touched, and the rules where it touched them. */
  #differences(
    { changes }: ChangeEvent,
    before: Snapshot,
    after: Snapshot,
    place: string,
  ): StateDifference[] {
    const known = this.#names.get(place);
    const names = {
      table: (id: number) => known?.tables.get(id) ?? null,
      protocol: (id: number) => known?.protocols.get(id) ?? String(id),
    };
    const states: StateDifference[] = [];
    if (changes.some(({ object }) => object === 'rule')) {
      const lines = ({ rules }: Snapshot) =>
        rules.map(
          (rule) =>
            `${rule.priority}: ${rule.selector || 'from all'} ${rule.action === 'lookup' ? `lookup ${names.table(rule.table) ?? rule.table}` : rule.action}`,
        );
      states.push(difference('rules', lines(before), lines(after)));
    }
    const tables = new Set(
      changes.flatMap(({ object, table }) => (object === 'route' && table ? [table.id] : [])),
    );
    // routes are compared between states that hold them
    const whole = after.complete ? this.#whole.get(place) : undefined;
    if (!whole?.before) return states;
    for (const id of [...tables].sort((a, b) => a - b).slice(0, 8)) {
      const lines = ({ routes, links }: Snapshot) =>
        (routes.get(id) ?? []).map((route) => routeText(route, links, names));
      states.push(difference(`table ${names.table(id) ?? id}`, lines(whole.before), lines(whole.after)));
    }
    return states;
  }
}

/** What a state takes beside routes that it shares. */
function sizeOf({ rules, routes, links, addresses, proxyNeighbours }: Snapshot): number {
  let size = rules.length + links.size + addresses.length + proxyNeighbours.length;
  for (const list of routes.values()) size += list.length / 10;
  return size;
}

/** What the kernel announced of links comes between states, and of proxy neighbours nothing tells when they came. */
function isOfState({ changes, more }: ChangeEvent): boolean {
  const isOther = ({ object, change }: ChangeEvent['changes'][number]) =>
    object === 'link' ? change !== 'changed' : object !== 'proxy-neighbour';
  return more > 0 || changes.some(isOther);
}

/** "47 addresses" */
export function addressesText({ targets, moreTargets }: Group): string {
  const { size } = targets;
  return `${moreTargets ? 'more than ' : ''}${size} ${size === 1 ? 'address' : 'addresses'}`;
}

function addTo(set: Set<string>, value: string | null): void {
  if (value !== null && set.size < mostMacs) set.add(value);
}

/** Lines in the order in which they were, what came behind them; each line is one of its kind. */
function difference(title: string, before: string[], after: string[]): StateDifference {
  const [was, is] = [new Set(before), new Set(after)];
  const lines: StateDifference['lines'] = [
    ...before.map((text) => ({ sign: is.has(text) ? (' ' as const) : ('-' as const), text })),
    ...after.filter((text) => !was.has(text)).map((text) => ({ sign: '+' as const, text })),
  ];
  const moved = lines.filter(({ sign }) => sign !== ' ');
  const same = lines.filter(({ sign }) => sign === ' ');
  const shown = lines.length <= mostLines ? lines : [...moved, ...same].slice(0, mostLines);
  return { title, lines: shown, more: lines.length - shown.length };
}
