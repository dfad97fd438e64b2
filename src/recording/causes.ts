import type { Change } from '../decision/changes.js';
import { effectiveOf } from '../decision/effective.js';
import type { Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { Justification } from './justification.js';

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
  /** A setting that its gates read. */
  setting: 3,
  /** What decided before is gone, or what decides now came. */
  exact: 4,
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
  return Math.max(
    more > 0 ? weights.more : weights.none,
    ...changes.map((change) => weightOfOne(change, sides)),
  );
}

function weightOfOne(change: Change, sides: Sides): number {
  const { was, now, targets } = sides;
  const both = was ? [was, now] : [now];
  switch (change.object) {
    case 'route': {
      const of = both.filter((side) => isItsRoute(change, side, targets));
      // what is gone decided before, what came decides now; the other way round it is part of the story
      const whose = { removed: was, added: now, changed: of[0] }[change.change];
      if (of.length === 0) return weights.none;
      return of.some((side) => side === whose) ? weights.exact : weights.near;
    }
    case 'rule':
      return both.some((side) => isItsRule(change, side)) ? weights.exact : weights.none;
    case 'setting':
      return isItsSetting(change, sides) ? weights.setting : weights.none;
    case 'link': {
      const name = change.device?.name ?? null;
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
      const asked = both.some(({ reason }) => reason === 'proxy-neighbour' || reason === 'proxy-arp-off');
      return asked && targets.has(ip) ? weights.exact : weights.none;
    }
  }
}

function isItsRoute(
  { text, was, table }: Change,
  side: Justification,
  targets: ReadonlySet<string>,
): boolean {
  if (side.table === null || table?.id !== side.table.id) return false;
  if (side.prefix === null) return true;
  return [text, was ?? ''].some((one) => {
    const words = one.split(' ');
    if (side.hostRoute) return words.some((word) => word.endsWith('/32') && targets.has(word.slice(0, -3)));
    return words.includes(side.prefix as string) && goesTheSameWay(words, side);
  });
}

/** Of several routes of one prefix the one that was used. Of several nexthops each may be. */
function goesTheSameWay(words: readonly string[], { out, gateway }: Justification): boolean {
  if (words.includes('nexthop')) return true;
  const behind = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? null : (words[at + 1] ?? null);
  };
  const [dev, via] = [behind('dev'), behind('via')];
  return (
    (dev === null || out === null || dev === out) && (via === null || gateway === null || via === gateway)
  );
}

function isItsRule({ text, was }: Change, { rule }: Justification): boolean {
  if (rule === null) return false;
  const { priority, selector } = rule;
  return [text, was ?? ''].some((one) => one.startsWith(`${priority}: ${selector || 'from all'} `));
}

/** Whether it is read on the way to either verdict, and its change makes a difference beside the other scope. */
function isItsSetting({ text, was: before }: Change, { was, now, settings }: Sides): boolean {
  const [, scope = '', name = '', value = ''] = /^net\/ipv4\/conf\/(\S+)\/(\w+) = (-?\d+)$/.exec(text) ?? [];
  if (!namesOf(was, now).has(name) || (scope !== 'all' && scope !== now.device.name)) return false;
  const [one, other] = [settings?.was[name], settings?.now[name]];
  if (one && other) return !isAlike(name, one, other);
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
    if (now.out !== null && was?.out === now.out) add(now.out, one.out, other.out);
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
  return new Set([...((was && settingsOf[was.reason]) ?? []), ...(settingsOf[now.reason] ?? [])]);
}
