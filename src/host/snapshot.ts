import { release } from 'node:os';
import { parseIp, parsePrefix } from '../decision/addresses.js';
import { errorOfType, routeType, table } from '../decision/kernel-numbers.js';
import { isBefore } from '../decision/kernel-release.js';
import type {
  Address,
  DeviceSettings,
  Link,
  Nexthop,
  Prefix,
  Range,
  Route,
  Rule,
  Snapshot,
} from '../decision/types.js';
import { ipBatch } from './ip.js';
import type { NetnsPlace } from './netns.js';

/** The dump of routes that we still take whole: some 10,000 routes. Parsing it holds the event loop that long. */
const mostBytes = 1 << 20;

type Json = Record<string, unknown>;

/**
 * Read rules, routes, links and addresses of a namespace. It says nothing about when that was true: the caller
 * compares generations from before and after.
 * @param withRoutes false leaves the routes out: the tables are known to be too large
 * @returns null when the namespace is gone, or `ip` printed something that we do not understand
 */
export async function takeSnapshot(place: NetnsPlace, withRoutes: boolean): Promise<Snapshot | null> {
  const commands = ['link show', 'address show', 'netconf show', 'rule show', 'neigh show proxy'];
  if (withRoutes) commands.push('route show table all');
  const batch = await ipBatch(place, commands, mostBytes);
  if (!batch || batch.answers.length < commands.length - 1) return null;
  const [links, addresses, netconf, rules, proxies, routes] = batch.answers as Json[][];
  if (!links || !addresses || !netconf || !rules || !proxies) return null;
  const linkMap = readLinks(links, netconf);
  const indexes = new Map([...linkMap.values()].map(({ name, index }) => [name, index]));
  // names that are no text look alike here
  if (indexes.size < linkMap.size) return null;
  try {
    return {
      links: linkMap,
      addresses: addresses.flatMap(readAddresses),
      rules: rules.map((rule) => readRule(rule, indexes)),
      proxyNeighbours: proxies.map((proxy) => ({
        ip: need(parseIp(String(proxy.dst))),
        device: proxy.dev === undefined ? null : need(indexes.get(String(proxy.dev))),
      })),
      settings: readSettings(netconf),
      complete: withRoutes && batch.whole && routes !== undefined,
      routes: byTable((batch.whole ? (routes ?? []) : []).map((route) => readRoute(route, indexes))),
    };
  } catch (error) {
    if (error instanceof Misread) return null;
    throw error;
  }
}

/** `ip` printed what this code does not know: a snapshot with a guess in it would be worse than none. */
class Misread extends Error {}

function need<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Misread();
  return value;
}

function readLinks(links: Json[], netconf: Json[]): Map<number, Link> {
  const ignoring = (name: string) =>
    netconf.some((conf) => conf.interface === name && conf.ignore_routes_with_linkdown === true);
  // before 5.11 it is there and does nothing
  const all = ignoring('all') && !isBefore(release(), 5, 11);
  return new Map(
    links.map((link) => {
      const name = String(link.ifname);
      const index = Number(link.ifindex);
      const flags = (link.flags ?? []) as string[];
      return [
        index,
        {
          index,
          name,
          group: groupOf(link.group),
          ignoreLinkdown: all || ignoring(name),
          up: flags.includes('UP'),
          carrier: flags.includes('LOWER_UP'),
          ...(flags.includes('NOARP') ? { noarp: true } : {}),
        },
      ];
    }),
  );
}

const filterModes: Record<string, number> = { off: 0, strict: 1, loose: 2 };

/** `default` is what new devices begin with: no gate reads it. */
function readSettings(netconf: Json[]): DeviceSettings[] {
  return netconf
    .filter((conf) => conf.interface !== undefined && conf.interface !== 'default')
    .map((conf) => ({
      device: String(conf.interface),
      forwarding: Number(conf.forwarding === true),
      proxy_arp: Number(conf.proxy_neigh === true),
      rp_filter: filterModes[String(conf.rp_filter)] ?? 0,
    }));
}

/** -N prints numbers, but for the default group. */
function groupOf(group: unknown): number {
  return group === undefined || group === 'default' ? 0 : Number(group);
}

function readAddresses(link: Json): Address[] {
  const device = Number(link.ifindex);
  const infos = (link.addr_info ?? []) as Json[];
  return infos.map((info) => ({
    ip: need(parseIp(String(info.local))),
    prefixLength: Number(info.prefixlen),
    scope: scopeOf(info.scope),
    device,
    // of a point-to-point address the subnet is the peer's
    ...(info.address === undefined ? {} : { peer: need(parseIp(String(info.address))) }),
  }));
}

const scopes: Record<string, number> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

function scopeOf(scope: unknown): number {
  const known = scopes[String(scope)];
  const number = known ?? Number(scope);
  if (!Number.isInteger(number)) throw new Misread();
  return number;
}

/** The fields of a rule that `ip -N -j rule` is known to print. One more, and we do not know what the rule means. */
const ruleFields = new Set(
  (
    'priority not src srclen dst dstlen tos dscp fwmark fwmask iif iif_detached oif oif_detached l3mdev ' +
    'uid_start uid_end ipproto sport sport_start sport_end dport dport_start dport_end tun_id table ' +
    'suppress_prefixlen suppress_ifgroup flow_to flow_from goto unresolved nop action protocol'
  ).split(' '),
);

const ruleActions: Record<string, Rule['action']> = {
  '6': 'blackhole',
  '7': 'unreachable',
  '8': 'prohibit',
  blackhole: 'blackhole',
  unreachable: 'unreachable',
  prohibit: 'prohibit',
};

function readRule(json: Json, indexes: Map<string, number>): Rule {
  for (const field of Object.keys(json)) if (!ruleFields.has(field)) throw new Misread();
  const device = (name: unknown, detached: boolean) =>
    name === undefined
      ? null
      : { name: String(name), index: detached ? null : (indexes.get(String(name)) ?? null) };
  const fields = {
    priority: Number(json.priority),
    invert: 'not' in json,
    from: prefixOf(json.src, json.srclen),
    to: prefixOf(json.dst, json.dstlen),
    tos: json.tos === undefined ? 0 : numberOf(json.tos),
    mark: json.fwmark === undefined ? 0 : numberOf(json.fwmark),
    markMask: json.fwmark === undefined ? 0 : json.fwmask === undefined ? 0xffffffff : numberOf(json.fwmask),
    iif: device(json.iif, 'iif_detached' in json),
    oif: device(json.oif, 'oif_detached' in json),
    l3mdev: 'l3mdev' in json,
    uids: json.uid_start === undefined ? null : { from: Number(json.uid_start), to: Number(json.uid_end) },
    ipProtocol: json.ipproto === undefined ? 0 : numberOf(String(json.ipproto).replace('ipproto-', '')),
    sports: ports(json, 'sport'),
    dports: ports(json, 'dport'),
    tunnel: 'tun_id' in json,
    action: actionOf(json),
    table: json.table === undefined ? 0 : numberOf(json.table),
    goto: json.goto === undefined ? null : Number(json.goto),
    suppressPrefixLength: json.suppress_prefixlen === undefined ? -1 : Number(json.suppress_prefixlen),
    suppressGroup: json.suppress_ifgroup === undefined ? -1 : groupOf(json.suppress_ifgroup),
  };
  // selectors that this evaluator does not know
  if ('dscp' in json || Number.isNaN(fields.suppressGroup)) throw new Misread();
  return { ...fields, selector: selectorOf(json) };
}

function actionOf(json: Json): Rule['action'] {
  if ('goto' in json) return 'goto';
  if ('nop' in json) return 'nop';
  if (json.action === undefined) return 'lookup';
  return need(ruleActions[String(json.action)]);
}

function prefixOf(ip: unknown, length: unknown): Prefix | null {
  // 0.0.0.0 by itself is the one address
  if (ip === undefined || ip === 'all' || ip === 'default') {
    if (length !== undefined && length !== 0) return { ip: 0, length: Number(length) };
    return null;
  }
  return { ip: need(parseIp(String(ip))), length: length === undefined ? 32 : Number(length) };
}

function numberOf(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new Misread();
  return number;
}

function ports(json: Json, name: 'sport' | 'dport'): Range | null {
  if (json[name] !== undefined) return { from: Number(json[name]), to: Number(json[name]) };
  const from = json[`${name}_start`];
  return from === undefined ? null : { from: Number(from), to: Number(json[`${name}_end`]) };
}

/** The rule as `ip rule` prints it, without what every rule has. */
function selectorOf(json: Json): string {
  const words: string[] = [];
  const add = (word: string, value: unknown, extra = '') => {
    if (value !== undefined) words.push(word, `${String(value)}${extra}`);
  };
  if ('not' in json) words.push('not');
  if (json.src !== 'all') add('from', json.src, json.srclen === undefined ? '' : `/${json.srclen}`);
  if (json.dst !== 'all') add('to', json.dst, json.dstlen === undefined ? '' : `/${json.dstlen}`);
  add('tos', json.tos);
  add('fwmark', json.fwmark, json.fwmask === undefined ? '' : `/${json.fwmask}`);
  add('iif', json.iif, 'iif_detached' in json ? ' [detached]' : '');
  add('oif', json.oif, 'oif_detached' in json ? ' [detached]' : '');
  if ('l3mdev' in json) words.push('l3mdev');
  if (json.uid_start !== undefined) words.push('uidrange', `${json.uid_start}-${json.uid_end}`);
  add('ipproto', json.ipproto);
  for (const port of ['sport', 'dport']) {
    add(port, json[port]);
    if (json[`${port}_start`] !== undefined)
      words.push(port, `${json[`${port}_start`]}-${json[`${port}_end`]}`);
  }
  add('tun_id', json.tun_id);
  add('suppress_prefixlength', json.suppress_prefixlen);
  add('suppress_ifgroup', json.suppress_ifgroup);
  return words.join(' ');
}

/** One route of `ip -N -j route`, which leaves out what is usual: unicast, main, boot, scope global. */
export function readRoute(json: Json, indexes: Map<string, number>): Route {
  const type = json.type === undefined ? routeType.unicast : numberOf(json.type);
  const nexthops = ((json.nexthops as Json[] | undefined) ?? (json.dev === undefined ? [] : [json])).map(
    (hop) => readNexthop(hop, indexes),
  );
  return {
    table: json.table === undefined ? table.main : numberOf(json.table),
    prefix: need(parsePrefix(String(json.dst))),
    type,
    tos: json.tos === undefined ? 0 : numberOf(json.tos),
    protocol: json.protocol === undefined ? 3 : numberOf(json.protocol),
    metric: json.metric === undefined ? 0 : Number(json.metric),
    nexthops: errorOfType(type) === 0 ? nexthops : [],
    viaObject: json.nhid !== undefined,
  };
}

function readNexthop(json: Json, indexes: Map<string, number>): Nexthop {
  const flags = (json.flags ?? []) as string[];
  const via = json.via as { family?: string; host?: string } | undefined;
  const gateway = json.gateway === undefined ? null : parseIp(String(json.gateway));
  return {
    device: need(indexes.get(String(json.dev))),
    gateway: gateway ?? 0,
    gatewayFamily: via ? 10 : json.gateway === undefined ? 0 : gateway === null ? 10 : 2,
    dead: flags.includes('dead'),
    linkdown: flags.includes('linkdown'),
  };
}

function byTable(routes: Route[]): Map<number, Route[]> {
  const tables = new Map<number, Route[]>();
  for (const route of routes) {
    const known = tables.get(route.table);
    if (known) known.push(route);
    else tables.set(route.table, [route]);
  }
  return tables;
}
