import { formatIp, formatPrefix, parseIp, parsePrefix } from '../decision/addresses.js';
import type { FibMatch, Nexthop, Prefix, Proof, Purpose, Route, Rule, Snapshot } from '../decision/types.js';
import { Shape } from './shape.js';

/** A snapshot as JSON: what {@link Snapshot} holds, with addresses and prefixes as text. */
export interface SnapshotJson {
  complete: boolean;
  rules: (Omit<Rule, 'from' | 'to'> & { from: string | null; to: string | null })[];
  routes: (Omit<Route, 'prefix' | 'nexthops'> & {
    prefix: string;
    nexthops: (Omit<Nexthop, 'gateway'> & { gateway: string | null })[];
  })[];
  links: {
    index: number;
    name: string;
    group: number;
    ignoreLinkdown: boolean;
    up?: boolean;
    carrier?: boolean;
    noarp?: boolean;
  }[];
  addresses: { ip: string; peer?: string; prefixLength: number; scope: number; device: number }[];
  proxyNeighbours: { ip: string; device: number | null }[];
  settings?: { device: string; forwarding: number; proxy_arp: number; rp_filter: number }[];
}

export function snapshotToJson(snapshot: Snapshot): SnapshotJson {
  const text = (prefix: Prefix | null) => (prefix ? formatPrefix(prefix) : null);
  return {
    complete: snapshot.complete,
    rules: snapshot.rules.map((rule) => ({ ...rule, from: text(rule.from), to: text(rule.to) })),
    routes: [...snapshot.routes.values()].flat().map((route) => ({
      ...route,
      prefix: formatPrefix(route.prefix),
      nexthops: route.nexthops.map((hop) => ({
        ...hop,
        gateway: hop.gatewayFamily === 2 ? formatIp(hop.gateway) : null,
      })),
    })),
    links: [...snapshot.links.values()],
    addresses: snapshot.addresses.map(({ ip, peer, ...rest }) => ({
      ip: formatIp(ip),
      ...(peer === undefined ? {} : { peer: formatIp(peer) }),
      ...rest,
    })),
    proxyNeighbours: snapshot.proxyNeighbours.map(({ ip, device }) => ({ ip: formatIp(ip), device })),
    ...(snapshot.settings ? { settings: snapshot.settings } : {}),
  };
}

const ruleActions = ['lookup', 'goto', 'nop', 'unreachable', 'prohibit', 'blackhole'] as const;

/** @throws {ShapeError} when a field is not what it should be: the recording may be anybody's */
export function snapshotFromJson(value: unknown): Snapshot {
  const json = Shape.object(value);
  const routes = new Map<number, Route[]>();
  for (const route of json.list('routes').map(routeFrom)) {
    const table = routes.get(route.table);
    if (table) table.push(route);
    else routes.set(route.table, [route]);
  }
  const links = json.list('links').map((link) => ({
    index: link.number('index'),
    name: link.text('name'),
    group: link.number('group'),
    ignoreLinkdown: link.flag('ignoreLinkdown'),
    ...(link.has('up') ? { up: link.flag('up') } : {}),
    ...(link.has('carrier') ? { carrier: link.flag('carrier') } : {}),
    ...(link.has('noarp') ? { noarp: link.flag('noarp') } : {}),
  }));
  return {
    complete: json.flag('complete'),
    rules: json.list('rules').map(ruleFrom),
    routes,
    links: new Map(links.map((link) => [link.index, link])),
    addresses: json.list('addresses').map((address) => ({
      ip: address.parsed('ip', parseIp),
      ...(address.has('peer') ? { peer: address.parsed('peer', parseIp) } : {}),
      prefixLength: address.number('prefixLength'),
      scope: address.number('scope'),
      device: address.number('device'),
    })),
    proxyNeighbours: json.list('proxyNeighbours').map((proxy) => ({
      ip: proxy.parsed('ip', parseIp),
      device: proxy.numberOrNull('device'),
    })),
    ...(json.has('settings')
      ? {
          settings: json.list('settings').map((one) => ({
            device: one.text('device'),
            forwarding: one.number('forwarding'),
            proxy_arp: one.number('proxy_arp'),
            rp_filter: one.number('rp_filter'),
          })),
        }
      : {}),
  };
}

function routeFrom(route: Shape): Route {
  return {
    table: route.number('table'),
    prefix: route.parsed('prefix', parsePrefix),
    type: route.number('type'),
    tos: route.number('tos'),
    protocol: route.number('protocol'),
    metric: route.number('metric'),
    nexthops: route.list('nexthops').map((hop) => ({
      device: hop.number('device'),
      gateway: hop.isNull('gateway') ? 0 : hop.parsed('gateway', parseIp),
      gatewayFamily: hop.number('gatewayFamily'),
      dead: hop.flag('dead'),
      linkdown: hop.flag('linkdown'),
    })),
    viaObject: route.flag('viaObject'),
  };
}

function ruleFrom(rule: Shape): Rule {
  const prefix = (name: string) => (rule.isNull(name) ? null : rule.parsed(name, parsePrefix));
  const range = (name: string) => {
    const one = rule.objectOrNull(name);
    return one && { from: one.number('from'), to: one.number('to') };
  };
  const device = (name: string) => {
    const one = rule.objectOrNull(name);
    return one && { name: one.text('name'), index: one.numberOrNull('index') };
  };
  return {
    priority: rule.number('priority'),
    selector: rule.text('selector'),
    invert: rule.flag('invert'),
    from: prefix('from'),
    to: prefix('to'),
    tos: rule.number('tos'),
    mark: rule.number('mark'),
    markMask: rule.number('markMask'),
    iif: device('iif'),
    oif: device('oif'),
    l3mdev: rule.flag('l3mdev'),
    ipProtocol: rule.number('ipProtocol'),
    sports: range('sports'),
    dports: range('dports'),
    tunnel: rule.flag('tunnel'),
    uids: range('uids'),
    action: rule.oneOf('action', ruleActions),
    table: rule.number('table'),
    goto: rule.numberOrNull('goto'),
    suppressPrefixLength: rule.number('suppressPrefixLength'),
    suppressGroup: rule.number('suppressGroup'),
  };
}

/** Answers of `ip route get fibmatch`, by purpose. */
export function matchesToJson(matches: Proof['matches']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(matches).map(([purpose, match]) => [
      purpose,
      {
        ...match,
        prefix: formatPrefix(match.prefix),
        gateway: match.gateway === null ? null : formatIp(match.gateway),
      },
    ]),
  );
}

/** @throws {ShapeError} as {@link snapshotFromJson} does */
export function matchesFromJson(value: unknown): Proof['matches'] {
  const json = Shape.object(value);
  const matches: Partial<Record<Purpose, FibMatch>> = {};
  for (const purpose of ['target', 'source'] as const) {
    const match = json.has(purpose) ? json.objectOrNull(purpose) : null;
    if (!match) continue;
    matches[purpose] = {
      table: match.number('table'),
      prefix: match.parsed('prefix', parsePrefix),
      type: match.number('type'),
      protocol: match.number('protocol'),
      metric: match.number('metric'),
      device: match.numberOrNull('device'),
      gateway: match.isNull('gateway') ? null : match.parsed('gateway', parseIp),
    };
  }
  return matches;
}
