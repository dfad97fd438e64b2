import type { Change } from '../decision/changes.js';
import type { Settings } from '../decision/types.js';
import type { ChangeEvent } from '../stream/events.js';
import type { Justification } from './justification.js';

/** A setting that two decisions were made with, each with another value. */
export interface SettingMoved {
  name: string;
  scope: 'all' | 'dev' | 'out';
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
  /** As the decisions themselves show them; null where these were not compared. */
  settings: readonly SettingMoved[] | null;
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

const settingsOf: Record<string, string[]> = {
  'proxy-arp': ['proxy_arp', 'forwarding'],
  'proxy-arp-off': ['proxy_arp'],
  'forwarding-off': ['forwarding'],
  'source-invalid': ['rp_filter'],
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

function weightOfOne(change: Change, { was, now, targets, settings }: Sides): number {
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
      return both.some((side) => isItsSetting(change, side)) && !heldStill(change, settings)
        ? weights.setting
        : weights.none;
    case 'link':
      return both.some(
        ({ out, device }) => change.device?.name === out || change.device?.name === device.name,
      )
        ? weights.near
        : weights.none;
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
  return [text, was ?? ''].some(
    (one) => one.startsWith(`${priority}: `) && (!selector || one.includes(` ${selector} `)),
  );
}

function isItsSetting({ text }: Change, { reason, device }: Justification): boolean {
  return (settingsOf[reason] ?? []).some((name) =>
    ['all', device.name].some((scope) => text.startsWith(`net/ipv4/conf/${scope}/${name} `)),
  );
}

/** The decisions were compared, and this setting was the same in both. */
function heldStill({ text }: Change, settings: readonly SettingMoved[] | null): boolean {
  return settings !== null && !settings.some(({ path }) => text.startsWith(`${path} `));
}

/** What two decisions were made with, where both name it and it is not the same. */
export function settingsMoved(was: Settings, now: Settings, { device, out }: Justification): SettingMoved[] {
  if (was === now) return [];
  const moved: SettingMoved[] = [];
  for (const [name, after] of Object.entries(now)) {
    const before = was[name];
    if (!before) continue;
    for (const scope of ['all', 'dev', 'out'] as const) {
      const [one, other] = [before[scope], after[scope]];
      if (one === undefined || other === undefined || one === other) continue;
      const of =
        scope === 'all' ? 'all' : scope === 'dev' ? (device.name ?? `if${device.index}`) : (out ?? '?');
      moved.push({ name, scope, path: `net/ipv4/conf/${of}/${name}`, was: one, now: other });
    }
  }
  return moved;
}
