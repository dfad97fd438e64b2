import { parseIp } from '../addresses.js';
import { addressesOf } from '../alike-decision.js';
import { Groups } from '../groups.js';
import type { Decision, Ipv4 } from '../types.js';
import { AddressTable, Budget } from './address-table.js';
import { type Claim, Row, type Segment } from './row.js';

export interface TallyLimits {
  rows?: number;
  /** Addresses that are kept apart in one row, of targets and of senders. */
  addressesPerRow?: number;
  /** In all rows together. */
  addresses?: number;
}

/** A rate is taken over so many ticks. */
const rateTicks = 5;
const rateMs = 6000;
/** With more rows on a device than this, it is not looked up who decided otherwise before. */
const mostSegmentRows = 256;
/** Of one row, so many others are remembered that decided otherwise. */
const mostTurned = 8;
/** Addresses whose MAC is remembered, and addresses answered, to notice who else has them. */
const mostOwners = 65_536;
/** Rivals that a row remembers. */
const mostRivals = 1024;

/** Silence that depends on the target alone: about the same target another sender is told the same. */
const ofTarget = new Set(
  'no-route unreachable prohibited blackholed forwarding-off proxy-arp-off same-device medium-id'.split(' '),
);

/**
 * What a host answers for, and what it stays silent about: decisions counted by group, each once. Memory is bounded
 * by the limits and not by requests; what is beyond them is counted in rows that stand for several.
 */
export class Tally {
  readonly totals = { replied: 0, silent: 0, dropped: 0, unknown: 0, all: 0 };
  readonly #limits: Required<TallyLimits>;
  readonly #budget: Budget;
  readonly #groups: Groups<Row>;
  readonly #rows = new Set<Row>();
  /** What had no room any more, by action and reason. */
  readonly #rest = new Map<string, Row>();
  readonly #segments = new Map<string, Segment>();
  readonly #answered = new Map<Ipv4, { claim: Claim; askerMac: string }>();
  /** When the last ticks were; #history[i] of a row belongs to #ticks[i]. */
  readonly #ticks: number[] = [];
  readonly #totalHistory: number[] = [];
  #owners = 0;
  #serial = 0;
  #now = 0;

  constructor(limits: TallyLimits = {}) {
    this.#limits = { rows: 2048, addressesPerRow: 16_384, addresses: 400_000, ...limits };
    this.#budget = new Budget(this.#limits.addresses);
    this.#groups = new Groups((first) => this.#makeRow(first));
  }

  /** In no order. */
  *rows(): Generator<Row> {
    yield* this.#rows;
    yield* this.#rest.values();
  }

  /** Whether some rows of its kind went up in another one: then a row that is new may have been there before. */
  hasRestFor({ first }: Row): boolean {
    return this.#rest.has(restKey(first));
  }

  /**
   * Count a decision. A deferral is none: the request is decided later.
   * @param now milliseconds, never less than before
   */
  add(decision: Decision, now: number): void {
    const { action, reason } = decision.verdict;
    if (action === 'deferred') return;
    this.#now = now;
    this.totals.all++;
    this.totals[action]++;
    if (reason === 'unknown') this.totals.unknown++;
    const row = this.#groups.of(decision);
    row.take(decision, now);
    const { target, sender } = addressesOf(decision, parseIp);
    if (target !== null && row.targets.add(target, sender ?? 0, now))
      this.#newTarget(row, target, sender, decision);
    if (sender !== null && row.senders.add(sender, target ?? 0, now)) this.#newSender(row, sender, decision);
  }

  /** To be called about once a second: rates are counted from tick to tick. */
  tick(now: number): void {
    this.#ticks.push(now);
    this.#totalHistory.push(this.totals.all);
    for (const row of this.rows()) row.history.push(row.count);
    if (this.#ticks.length <= rateTicks) return;
    this.#ticks.shift();
    this.#totalHistory.shift();
    for (const row of this.rows()) row.history.shift();
  }

  /** Requests a second, over the last ticks. */
  rate(row: Row, now: number): number {
    return this.#rateOf(row.count, row.history, now);
  }

  totalRate(now: number): number {
    return this.#rateOf(this.totals.all, this.#totalHistory, now);
  }

  #rateOf(count: number, history: readonly number[], now: number): number {
    // where nothing came for a while there were no ticks: what is older is not of now
    const recent = this.#ticks.findIndex((tick) => now - tick <= rateMs);
    const from = recent < 0 ? this.#ticks.length - 1 : recent;
    const since = this.#ticks[from];
    if (since === undefined) return 0;
    return (count - (history[from] ?? 0)) / Math.max(1, (now - since) / 1000);
  }

  #makeRow(first: Decision): Row {
    if (this.#rows.size >= this.#limits.rows) this.#makeRoom();
    const row = this.#rowIn(this.#segmentOf(first), first);
    this.#rows.add(row);
    row.segment.rows.add(row);
    return row;
  }

  #rowIn(segment: Segment, first: Decision): Row {
    const table = () => new AddressTable(this.#limits.addressesPerRow, this.#budget);
    return new Row(first, segment, this.#now, {
      serial: this.#serial++,
      targets: table(),
      senders: table(),
      ticks: this.#ticks.length,
    });
  }

  #segmentOf(decision: Decision): Segment {
    const key = segmentKey(decision);
    let segment = this.#segments.get(key);
    if (!segment) {
      segment = newSegment(this.#now);
      this.#segments.set(key, segment);
    }
    return segment;
  }

  /** Of the rows that matter least, a quarter goes up in rows that stand for several. */
  #makeRoom(): void {
    const rows = [...this.#rows].sort((a, b) => importance(a) - importance(b) || a.lastMs - b.lastMs);
    for (const row of rows.slice(0, Math.ceil(rows.length / 4))) {
      this.#rows.delete(row);
      this.#groups.delete(row);
      this.#leaveSegment(row);
      row.claim.row = null;
      row.targets.release();
      row.senders.release();
      const key = restKey(row.first);
      const rest = this.#rest.get(key) ?? this.#rowIn(newSegment(this.#now), row.first);
      this.#rest.set(key, rest);
      rest.takeAll(row);
    }
  }

  #leaveSegment(row: Row): void {
    const { segment } = row;
    segment.rows.delete(row);
    if (segment.rows.size > 0) return;
    this.#owners -= segment.owners.size;
    this.#segments.delete(segmentKey(row.first));
  }

  #newTarget(row: Row, target: Ipv4, sender: Ipv4 | null, decision: Decision): void {
    if (sender !== null) this.#lookForTurn(row, target, sender);
    const mac = decision.reply?.mac;
    if (mac === undefined) return;
    const owner = row.segment.owners.get(target);
    if (owner !== undefined && owner !== mac) this.#rival(row, target, owner);
    const askerMac = decision.request.sender.mac;
    if (askerMac === null) return;
    const earlier = this.#answered.get(target);
    if (!earlier) {
      if (this.#answered.size < mostOwners) this.#answered.set(target, { claim: row.claim, askerMac });
      return;
    }
    // only who hears both answers makes them rivals: the same addresses may be in use on networks that never meet
    const { claim } = earlier;
    if (earlier.askerMac !== askerMac || claim.mac === null || claim.mac === mac) return;
    this.#rival(row, target, claim.mac);
    if (claim.row) this.#rival(claim.row, target, mac);
  }

  #newSender(row: Row, sender: Ipv4, decision: Decision): void {
    const { mac } = decision.request.sender;
    const { owners, rows } = row.segment;
    if (sender === 0 || mac === null || owners.has(sender) || this.#owners >= mostOwners) return;
    owners.set(sender, mac);
    this.#owners++;
    if (rows.size > mostSegmentRows) return;
    for (const other of rows) {
      const claimed = other.first.reply?.mac;
      if (claimed !== undefined && claimed !== mac && other.targets.has(sender))
        this.#rival(other, sender, mac);
    }
  }

  #rival(row: Row, ip: Ipv4, mac: string): void {
    if (row.rivals.size < mostRivals) row.rivals.set(ip, mac);
  }

  /** Was the same sender told otherwise about this target before? */
  #lookForTurn(row: Row, target: Ipv4, sender: Ipv4): void {
    const { rows } = row.segment;
    if (rows.size > mostSegmentRows) return;
    for (const other of rows) {
      if (!opposite(row.first, other.first) || isCure(row, other)) continue;
      if (other.targets.get(target)?.peer !== sender) continue;
      const known = row.turned.get(other.first);
      if (known !== undefined || row.turned.size < mostTurned) row.turned.set(other.first, (known ?? 0) + 1);
      return;
    }
  }
}

function newSegment(firstMs: number): Segment {
  return { firstMs, rows: new Set(), owners: new Map() };
}

function segmentKey({ host, netns, device }: Decision): string {
  return `${host} ${netns.inode} ${device.index}`;
}

function restKey({ verdict }: Decision): string {
  return `${verdict.action} ${verdict.reason}`;
}

/** One answered, and the other stayed silent for a reason that has nothing to do with who asked. */
function opposite(a: Decision, b: Decision): boolean {
  const answered = (one: Decision) => one.verdict.action === 'replied' && one.verdict.reason !== 'unknown';
  return (answered(a) && ofTarget.has(b.verdict.reason)) || (answered(b) && ofTarget.has(a.verdict.reason));
}

/** Silence about what was answered for a doubtful reason is how it should be. */
function isCure(row: Row, before: Row): boolean {
  return row.first.verdict.action === 'silent' && (before.turned.size > 0 || before.suspicions.length > 0);
}

/** What has to stay when there is no room for all: answers, and of them those that something is wrong with. */
function importance(row: Row): number {
  if (row.first.verdict.action === 'silent' && row.first.verdict.reason !== 'unknown') return 0;
  return row.rivals.size > 0 || row.turned.size > 0 || row.suspicions.length > 0 ? 2 : 1;
}
