import { contains, parseIp, parsePrefix } from '../decision/addresses.js';
import type { Change } from '../decision/changes.js';
import { effectiveOf } from '../decision/effective.js';
import type { Prefix, Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { States, TimedChange } from './episode.js';
import type { Justification } from './justification.js';
import { hearsRoutes, type Trials, type Tried } from './trial.js';

/** A setting that two decisions were made with, each with another value. */
export interface SettingMoved {
  /** "net/ipv4/conf/bond0.90/proxy_arp" */
  path: string;
  was: number;
  now: number;
}

/** What decided before a change, and after it. */
export interface Sides {
  /** Null where it was not seen. */
  was: Justification | null;
  now: Justification;
  /** Addresses that moved. */
  targets: ReadonlySet<string>;
  /** Who asked for them. */
  senders: ReadonlySet<string>;
  /** One of them, to try again on the states around a change; null where it is not known who asked. */
  tried: Tried | null;
  /** What the gates of the two decisions read; null where it was not seen. */
  settings: { was: Settings; now: Settings } | null;
}

/** What a change may be to a decision that moved. */
const weights = {
  none: 0,
  /** There is more in it than is known. */
  more: 1,
  /** A link or address of a device that it went by. */
  near: 2,
  /** A rule that is asked before, and may take such a request. */
  mayTake: 3,
  /** A setting that its gates read. */
  setting: 4,
  /** What decided before is gone, or what decides now came. */
  exact: 5,
  /** The states around it show that it led from the one to the other. */
  shown: 6,
};

/** Settings by which a request comes to a verdict of this reason, and not to another one. */
const settingsOf: Record<string, string[]> = {
  'proxy-arp': ['proxy_arp', 'proxy_arp_pvlan', 'forwarding', 'medium_id'],
  'proxy-arp-pvlan': ['proxy_arp_pvlan', 'forwarding'],
  'proxy-arp-off': ['proxy_arp'],
  'same-device': ['proxy_arp_pvlan'],
  'forwarding-off': ['forwarding'],
  'medium-id': ['medium_id'],
  'arp-ignore': ['arp_ignore'],
  'arp-filter': ['arp_filter'],
  'local-address': ['arp_ignore', 'arp_filter'],
  'local-route': ['arp_ignore', 'arp_filter'],
  'source-invalid': ['rp_filter', 'accept_local', 'src_valid_mark', 'route_localnet'],
  'gratuitous-dropped': ['drop_gratuitous_arp'],
};
/** Reasons that addresses of the asking device have a say in. */
const ofAddresses = new Set(['arp-ignore', 'arp-filter', 'source-invalid']);

/**
 * How well a change fits a decision that moved: 0 where it does not touch what decided before, or decides now; more
 * for what is closer to it.
 */
export function weightOf({ changes, more }: ChangeEvent, sides: Sides): number {
  return Math.max(more > 0 ? weights.more : weights.none, ...changes.map((one) => weightOfOne(one, sides)));
}

/** Each with how well it fits, and each of its parts. */
export function weigh(changes: readonly TimedChange[], sides: Sides, trials: Trials): Weighed[] {
  const led = sides.tried && trials.causes(changes, sides, sides.tried);
  const bests = bestsOf(changes, led, sides);
  const flips = settingsThatFlip(changes, sides);
  const hears = hearsRoutes(sides.now) && (!sides.was || hearsRoutes(sides.was));
  return changes.map((change) => {
    const { event, states } = change;
    const weights = new Map(event.changes.map((one) => [one, weightOfOne(one, sides)]));
    for (const one of event.changes) {
      const flip = flips.get(one);
      if (flip !== undefined) weights.set(one, flip ? explains : 0);
    }
    const known = { ...change, weight: leastOf(event, weights), weights };
    if (!led || !states) return known;
    const alone = led.get(event);
    const hasPart = event.more > 0 || event.changes.some((one) => isByLookups(one, sides));
    if (alone === undefined || !hasPart) return hears ? withoutLookups(known, sides) : known;
    return { ...known, weight: alone ? shown : amongOthers(known, bests, sides) };
  });
}

/** What is cut off of an event may be anything. */
function leastOf({ more }: ChangeEvent, parts: ReadonlyMap<Change, number>): number {
  return Math.max(more > 0 ? weights.more : weights.none, ...parts.values());
}

/** The same, where it left the lookups as they were. */
export function withoutLookups(change: Weighed, sides: Sides): Weighed {
  const parts = new Map(change.weights);
  for (const one of parts.keys()) if (isByLookups(one, sides)) parts.set(one, 0);
  return { ...change, weight: leastOf(change.event, parts), weights: parts };
}

/** One of several changes between two states, which together moved it: those that fit best, and else any of them. */
function amongOthers(change: Weighed, bests: ReadonlyMap<States, number>, sides: Sides): number {
  const own = weightByLookups(change.event, sides);
  if (own >= explains) return own;
  if (own >= (bests.get(change.states as States) ?? 0)) return weights.mayTake;
  // it may be a setting, all the same
  return withoutLookups(change, sides).weight;
}

/** The best of those that together led from one state to another. */
function bestsOf(
  changes: readonly TimedChange[],
  led: ReadonlyMap<ChangeEvent, boolean> | null,
  sides: Sides,
): Map<States, number> {
  const bests = new Map<States, number>();
  for (const { event, states } of changes) {
    if (!states || led?.get(event) !== false) continue;
    bests.set(states, Math.max(bests.get(states) ?? 0, weightByLookups(event, sides)));
  }
  return bests;
}

function weightByLookups({ changes }: ChangeEvent, sides: Sides): number {
  return Math.max(
    0,
    ...changes.filter((one) => isByLookups(one, sides)).map((one) => weightOfOne(one, sides)),
  );
}

export type Weighed = TimedChange & { weight: number; weights: Map<Change, number> };

/** What has a say in a verdict by the lookups alone. */
function isByLookups({ object }: Change, { was, now }: Sides): boolean {
  // validation also asks whether the device has an address at all
  if (object === 'address') return !ofAddresses.has(now.reason) && !(was && ofAddresses.has(was.reason));
  return object === 'route' || object === 'rule' || object === 'link';
}

/** Less than this explains nothing by itself; less than that does not touch what decided. */
export const explains = weights.setting;
export const fits = weights.near;
export const { shown, mayTake } = weights;

/** The same of one of the changes of an event. */
function weightOfOne(change: Change, sides: Sides): number {
  const { was, now, targets } = sides;
  const both = was ? [was, now] : [now];
  const byRoutes = both.every(hearsRoutes);
  switch (change.object) {
    case 'route':
      return byRoutes ? weightOfRoute(change, sides) : weights.none;
    case 'rule':
      return byRoutes ? weightOfRule(change, sides) : weights.none;
    case 'setting':
      return isItsSetting(change, sides) ? weights.setting : weights.none;
    case 'link': {
      const name = change.device?.name ?? null;
      const silenced = both.some(({ reason }) => reason === 'device-noarp') && name === now.device.name;
      if (silenced && isNoarp(change.text) !== isNoarp(change.was ?? '')) return weights.exact;
      const goesByIt = both.some(({ out, device }) => name === out || name === device.name);
      return name !== null && goesByIt ? weights.near : weights.none;
    }
    case 'address': {
      const [ip = ''] = change.text.split(/[ /]/);
      if (both.some(({ reason }) => reason === 'local-address') && targets.has(ip)) return weights.exact;
      return both.some(({ reason, device }) => ofAddresses.has(reason) && change.device?.name === device.name)
        ? weights.near
        : weights.none;
    }
    case 'proxy-neighbour': {
      const [ip = ''] = change.text.split(' ');
      const elsewhere = change.device !== null && change.device.name !== now.device.name;
      // it answers once it came, and no longer once it is gone
      const side = change.change === 'added' ? now : was;
      const answers = side?.reason === 'proxy-neighbour';
      return answers && !elsewhere && targets.has(ip) ? weights.exact : weights.none;
    }
  }
}

const isNoarp = (text: string) => text.split(', ').includes('noarp');

/** What is gone decided before, what came decides now; the other way round it is part of the story. */
function weightOfRoute(change: Change, sides: Sides): number {
  const { was, now, senders } = sides;
  if (was?.reason === 'source-invalid' || now.reason === 'source-invalid') {
    const own = textsOf(change).filter((text) => covers(text, senders));
    // a default route covers every sender: mostly another one comes before it
    if (own.some((text) => prefixIn(text)?.length !== 0)) return weights.exact;
    if (own.length > 0) return weights.near;
  }
  // by the same host route as before no wider one was asked
  const widerCounts = !(was?.hostRoute && now.hostRoute);
  const placed = was && placeOf(change, was, sides);
  const ofWas = placed === 'wider' && !widerCounts ? null : placed;
  const ofNow = placeOf(change, now, sides);
  if (!ofWas && !ofNow) return weights.none;
  if (ofWas === 'narrower' && !ofNow && !leadsOn(change, now)) return weights.none;
  const moves = {
    // a narrower one comes before what decided, or gives way to what decides
    removed: ofWas === 'its' || ofNow === 'narrower',
    added: ofNow === 'its' || ofWas === 'narrower',
    changed: ofWas !== 'wider' || ofNow !== null,
  }[change.change];
  return moves ? weights.exact : weights.near;
}

/** A route that takes the address over decides itself, but for one that sends it on to the next table. */
function leadsOn({ text, table }: Change, now: Justification): boolean {
  return table?.id === now.table?.id || text.startsWith('throw ');
}

/**
 * Whether a change is of the route that was used; or of another one of its table that covers an address: a narrower one
 * comes before it, and a wider one that goes is missed once a host route has gone.
 */
function placeOf(
  change: Change,
  side: Justification,
  { targets }: Sides,
): 'its' | 'narrower' | 'wider' | null {
  if (side.table === null || change.table?.id !== side.table.id) return null;
  const texts = textsOf(change);
  if (side.hostRoute) {
    if (texts.some((text) => isHostRouteOf(text, targets))) return 'its';
    return change.change === 'removed' && texts.some((text) => covers(text, targets)) ? 'wider' : null;
  }
  if (side.prefix === null) {
    const isIts = (text: string) => covers(text, targets) && goesItsWay(text.split(' '), side);
    return texts.some(isIts) ? 'its' : null;
  }
  if (texts.some((text) => isItsRoute(text, side))) return 'its';
  const { length } = parsePrefix(side.prefix) ?? { length: 32 };
  const isNarrower = (text: string) => (prefixIn(text)?.length ?? 0) > length && covers(text, targets);
  return texts.some(isNarrower) ? 'narrower' : null;
}

function textsOf({ text, was }: Change): string[] {
  return was === null ? [text] : [text, was];
}

function isHostRouteOf(text: string, targets: ReadonlySet<string>): boolean {
  return text.split(' ').some((word) => word.endsWith('/32') && targets.has(word.slice(0, -3)));
}

function prefixIn(text: string): Prefix | null {
  let prefix = prefixes.get(text);
  if (prefix === undefined) {
    const word = text.split(' ').find((one) => /^[\d.]+\/\d+$/.test(one));
    prefix = word === undefined ? null : parsePrefix(word);
    if (prefixes.size >= mostPrefixes) prefixes.clear();
    prefixes.set(text, prefix);
  }
  return prefix;
}

/** The same changes are weighed for many addresses. */
const prefixes = new Map<string, Prefix | null>();
const mostPrefixes = 20_000;

/** Whether a route or rule with this prefix takes one of the addresses; of very many the first are looked at. */
function covers(text: string, addresses: ReadonlySet<string>): boolean {
  const prefix = prefixIn(text);
  return prefix !== null && isWithin(prefix, addresses);
}

function isWithin(prefix: Prefix, addresses: ReadonlySet<string>): boolean {
  let left = mostLookedAt;
  for (const address of addresses) {
    const ip = parseIp(address);
    if (ip !== null && contains(prefix, ip)) return true;
    if (--left === 0) break; // what is not seen to fit is told as a guess, and no more
  }
  return false;
}

const mostLookedAt = 20_000;

/** Of several routes of one prefix the one that was used. Of several nexthops each may be. */
function isItsRoute(text: string, side: Justification): boolean {
  const words = text.split(' ');
  return words.includes(side.prefix as string) && goesItsWay(words, side);
}

function goesItsWay(words: readonly string[], { out, gateway, metric }: Justification): boolean {
  const behind = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? null : (words[at + 1] ?? null);
  };
  const own = behind('metric');
  if (metric !== null && own !== null && Number(own) !== metric) return false;
  if (words.includes('nexthop')) return true;
  const [dev, via] = [behind('dev'), behind('via')];
  return (
    (dev === null || out === null || dev === out) && (via === null || gateway === null || via === gateway)
  );
}

/** The rule that led to either lookup; or one that is asked before it, and may take such a request. */
function weightOfRule(change: Change, { was, now, targets, senders }: Sides): number {
  const both = was ? [was, now] : [now];
  const texts = textsOf(change);
  const isIts = (side: Justification | null) =>
    side !== null &&
    side.rule !== null &&
    texts.some((text) => text.startsWith(`${side.rule?.priority}: ${side.rule?.selector || 'from all'} `));
  const moves = {
    removed: isIts(was) && !isIts(now),
    added: isIts(now) && !isIts(was),
    changed: isIts(was) || isIts(now),
  }[change.change];
  if (moves) return weights.exact;
  // validation asks the other way round
  const validates = both.some(({ reason }) => reason === 'source-invalid');
  const last = Math.max(...both.map(({ rule }) => rule?.priority ?? -1));
  const mayTake = (text: string) => {
    const [, priority = '', selector = ''] = /^(\d+): (.*)$/.exec(text) ?? [];
    if (last >= 0 && Number(priority) > last) return false;
    if (selector.startsWith('not ')) return true;
    const behind = (word: string) => new RegExp(`(?:^| )${word} (\\S+)`).exec(selector)?.[1] ?? null;
    // a lookup of ARP has none of these
    if (['oif', 'ipproto', 'sport', 'dport', 'uidrange', 'tun_id'].some((word) => behind(word) !== null))
      return false;
    const [iif, from, to] = [behind('iif'), behind('from'), behind('to')];
    const takes = (text: string | null, addresses: ReadonlySet<string>) => {
      const prefix = text === null || text === 'all' ? null : parsePrefix(text);
      return prefix === null || isWithin(prefix, addresses);
    };
    const asked = takes(from, senders) && takes(to, targets);
    if (validates && takes(from, targets) && takes(to, senders)) return true;
    return (iif === null || iif === now.device.name) && asked;
  };
  return texts.some(mayTake) ? weights.mayTake : weights.none;
}

/**
 * Changes of settings that two decisions were made with, played from the values of the first one on: those that brought
 * what the kernel reads of it to what it was in the second one, and those that did not. Of a setting whose changes do
 * not lead from the one to the other nothing is told.
 */
function settingsThatFlip(changes: readonly TimedChange[], sides: Sides): Map<Change, boolean> {
  const told = new Map<Change, boolean>();
  const { was, now, settings } = sides;
  if (!settings || settings.was === settings.now) return told;
  for (const name of namesOf(was, now)) {
    const [one, other] = [settings.was[name], settings.now[name]];
    if (name === 'medium_id' || one?.all === undefined || one.dev === undefined || !other) continue;
    const read = (values: { all: number; dev: number }) => effectiveOf(name, values.all, values.dev);
    const values = { all: one.all, dev: one.dev };
    const own: Change[] = [];
    let last: Change | null = null;
    for (const change of changes.flatMap(({ event }) => event.changes)) {
      const [, scope = '', of = '', value = ''] = settingPattern.exec(change.text) ?? [];
      if (of !== name || (scope !== 'all' && scope !== now.device.name)) continue;
      const before = read(values);
      values[scope === 'all' ? 'all' : 'dev'] = Number(value);
      own.push(change);
      if (read(values) !== before) last = change;
    }
    if (values.all !== other.all || values.dev !== other.dev || own.length === 0) continue;
    for (const change of own) told.set(change, change === last && !isAlike(name, one, other));
  }
  return told;
}

const settingPattern = /^net\/ipv4\/conf\/(\S+)\/(\w+) = (-?\d+)$/;

/** Whether it is read on the way to either verdict, and its change makes a difference beside the other scope. */
function isItsSetting({ text, was: before }: Change, { was, now, settings }: Sides): boolean {
  const [, scope = '', name = '', value = ''] = settingPattern.exec(text) ?? [];
  const read = scope === 'all' || scope === now.device.name || name === 'medium_id';
  if (!namesOf(was, now).has(name) || !read) return false;
  const [one, other] = [settings?.was[name], settings?.now[name]];
  if (one && other) {
    if (isAlike(name, one, other)) return false;
    const own = scope === 'all' ? 'all' : scope === now.device.name ? 'dev' : 'out';
    const from = / = (-?\d+)$/.exec(before ?? '')?.[1];
    // it stayed, or another value came of another change
    if (one[own] === other[own]) return false;
    return String(other[own]) === value || (from !== undefined && String(one[own]) === from);
  }
  const known = one ?? other;
  const former = / = (-?\d+)$/.exec(before ?? '')?.[1];
  if (!known || former === undefined) return true;
  // of some settings some kernels read the device's alone
  if (scope === 'all' && known.all === undefined) return false;
  const beside = scope === 'all' ? known.dev : known.all;
  const with_ = (own: string) =>
    scope === 'all'
      ? effectiveOf(name, Number(own), beside ?? 0)
      : effectiveOf(name, beside ?? 0, Number(own));
  return with_(former) !== with_(value);
}

/** Settings that two decisions were made with, where both name them, they are not the same, and matter to the verdict. */
export function settingsMoved({ was, now, settings }: Sides): SettingMoved[] {
  const moved: SettingMoved[] = [];
  if (!settings || settings.was === settings.now) return moved;
  const device = now.device.name ?? `if${now.device.index}`;
  for (const name of namesOf(was, now)) {
    const [one, other] = [settings.was[name], settings.now[name]];
    if (!one || !other || isAlike(name, one, other)) continue;
    const add = (scope: string, before: number | undefined, after: number | undefined) => {
      if (before === undefined || after === undefined || before === after) return;
      moved.push({ path: `net/ipv4/conf/${scope}/${name}`, was: before, now: after });
    };
    add('all', one.all, other.all);
    add(device, one.dev, other.dev);
    // of another out device it is another setting
    if (was?.way === now.way) add(now.out ?? 'the out device', one.out, other.out);
  }
  return moved;
}

/** Whether the kernel reads the same out of both. */
function isAlike(name: string, one: Settings[string], other: Settings[string]): boolean {
  // of the out device it reads, too
  if (name === 'medium_id') return one.dev === other.dev && one.out === other.out;
  return effectiveOf(name, one.all ?? 0, one.dev ?? 0) === effectiveOf(name, other.all ?? 0, other.dev ?? 0);
}

function namesOf(was: Justification | null, now: Justification): Set<string> {
  // a gate that closes before the lookups, or did, reads its own settings alone
  if (!hearsRoutes(now)) return new Set(settingsOf[now.reason]);
  if (was && !hearsRoutes(was)) return new Set(settingsOf[was.reason]);
  return new Set([...((was && settingsOf[was.reason]) ?? []), ...(settingsOf[now.reason] ?? [])]);
}
