import { formatIp } from './addresses.js';
import { addressText, type Change, type ChangeNames, linkText, routeText, ruleText } from './changes.js';
import type { Address, Link, Route, Rule } from './types.js';

/** Why the kernel changed something, as far as a hook saw it. */
export const causeKinds = [
  'message',
  'link-up',
  'link-down',
  'link-removed',
  'carrier-found',
  'carrier-lost',
  'link-enslaved',
  'address-added',
  'address-removed',
] as const;

export type CauseKind = (typeof causeKinds)[number];

export interface Cause {
  kind: CauseKind;
  /** Of a link or an address; null for others. */
  device: { index: number; name: string | null } | null;
}

export interface ProcessName {
  pid: number;
  name: string;
}

/** In whose context the kernel made a change. */
export interface Actor {
  /** Null where a thread of the kernel did it, or where the context says nothing about who wanted it. */
  process: (ProcessName & { parent: ProcessName | null }) | null;
  /** The thread of the kernel. */
  kernelThread: string | null;
}

/** A device, as a change names it; the name is '' where only its index was there. */
export interface SeenDevice {
  index: number;
  name: string;
}

/** Where a route leads, as its fib_info says. */
export interface SeenWay {
  protocol: number;
  metric: number;
  /** How many there are; the first one is here. */
  nexthops: number;
  device: SeenDevice | null;
  gateway: number;
  gatewayFamily: number;
  /** The id of a nexthop object; 0 when there is none. */
  object: number;
}

export interface SeenRoute {
  table: number;
  prefix: { ip: number; length: number };
  /** RTN_*; 0 when it is not known. */
  type: number;
  tos: number;
  /** Null when it is not known. */
  way: SeenWay | null;
  /** Of a route that took the place of another one. */
  was: SeenWay | null;
}

/** What one record of the kernel side says. Times are CLOCK_MONOTONIC. */
export type ChangeSeen = {
  ns: bigint;
  /** Inode of the namespace. */
  netns: number;
  cause: Cause | null;
  actor: Actor;
} & (
  | { what: 'route'; change: Change['change']; route: SeenRoute; ofFlush: boolean }
  | { what: 'flush'; table: number; count: number }
  | { what: 'rule'; change: 'added' | 'removed'; rule: Rule }
  | { what: 'link'; device: SeenDevice; up: boolean; carrier: boolean }
  | { what: 'address'; change: 'added' | 'removed'; address: Address; device: SeenDevice }
);

/** What is known of names and links where the change happened. */
export interface SeenNames extends ChangeNames {
  device(index: number): string | null;
}

/** A change of a route, a rule or an address as the contract has it. */
export function routeChange(change: Change['change'], route: SeenRoute, names: SeenNames): Change {
  const { table, way, was } = route;
  return {
    object: 'route',
    change,
    text: wayText(route, way, names),
    was: was === null ? null : wayText(route, was, names),
    device: way?.device && way.nexthops < 2 ? named(way.device, names) : null,
    table: { id: table, name: names.table(table) },
  };
}

export function ruleChange(change: Change['change'], rule: Rule, names: SeenNames): Change {
  const { text, table } = ruleText(rule, names);
  return {
    object: 'rule',
    change,
    text,
    was: null,
    device: null,
    table: table === null ? null : { id: table, name: names.table(table) },
  };
}

export function addressChange(change: Change['change'], address: Address, device: SeenDevice): Change {
  return {
    object: 'address',
    change,
    text: addressText(address, device.name),
    was: null,
    device: { index: device.index, name: device.name },
    table: null,
  };
}

/** @param was null where it is not known how it was */
export function linkChange(now: Link, was: Link | null, change: Change['change']): Change {
  return {
    object: 'link',
    change,
    text: linkText(now),
    was: was && linkText(was),
    device: { index: now.index, name: now.name },
    table: null,
  };
}

/** Routes of a flush that were not told one by one. */
export function flushedChange(table: number, count: number, names: SeenNames): Change {
  return {
    object: 'route',
    change: 'removed',
    text: count === 1 ? '1 route' : `${count} routes`,
    was: null,
    device: null,
    table: { id: table, name: names.table(table) },
  };
}

const causeWords: Record<CauseKind, (device: string) => string> = {
  message: () => 'rtnetlink asked for it',
  'link-up': (device) => `${device} went up`,
  'link-down': (device) => `${device} went down`,
  'link-removed': (device) => `${device} was removed`,
  'carrier-found': (device) => `${device} found its carrier`,
  'carrier-lost': (device) => `${device} lost its carrier`,
  'link-enslaved': (device) => `${device} got another master`,
  'address-added': (device) => `${device} got an address`,
  'address-removed': (device) => `${device} lost an address`,
};

/** "bond0.90 went down"; null where no hook saw why. */
export function causeText(cause: Cause | null): string | null {
  if (cause === null) return null;
  const { device } = cause;
  return causeWords[cause.kind](device ? (device.name ?? `device ${device.index}`) : 'a device');
}

/** "by ip (pid 814), started by ifdown (pid 810)"; null where nobody saw who. */
export function whoText({ evidence, process, kernelThread }: Actor & { evidence: string }): string | null {
  if (evidence !== 'observed') return null;
  if (kernelThread !== null) return `in ${kernelThread}, a thread of the kernel: no process did it`;
  if (process === null) return 'by the kernel, which looks after carriers itself';
  const { parent } = process;
  return `by ${process.name} (pid ${process.pid})${parent ? `, started by ${parent.name} (pid ${parent.pid})` : ''}`;
}

/** As {@link routeText} has it, and as much of it as is known. */
function wayText({ table, prefix, type, tos }: SeenRoute, way: SeenWay | null, names: SeenNames): string {
  const plain = type === 0 ? 1 : type;
  const route: Route = {
    table,
    prefix,
    type: plain,
    tos,
    protocol: way?.protocol ?? 0,
    metric: way?.metric ?? 0,
    nexthops: [],
    viaObject: false,
  };
  const words = [routeText(route, new Map(), names).replace(/ proto .*$/, '')];
  if (way === null) return words.join(' ');
  if (way.object !== 0) words.push(`nhid ${way.object}`);
  else if (way.device !== null) {
    if (way.nexthops > 1) words.push('nexthop');
    if (way.gatewayFamily === 2) words.push(`via ${formatIp(way.gateway)}`);
    if (way.gatewayFamily === 10) words.push('via inet6');
    words.push(`dev ${named(way.device, names).name ?? way.device.index}`);
    if (way.nexthops > 1) words.push(`and ${way.nexthops - 1} more`);
  }
  if (way.protocol !== 0) words.push(`proto ${names.protocol(way.protocol)}`);
  if (tos !== 0) words.push(`tos ${tos}`);
  if (way.metric !== 0) words.push(`metric ${way.metric}`);
  return words.join(' ');
}

function named({ index, name }: SeenDevice, names: SeenNames): { index: number; name: string | null } {
  return { index, name: name === '' ? names.device(index) : name };
}
