import { formatIp, formatPrefix } from './addresses.js';
import { routeTypeName } from './kernel-numbers.js';
import type { Address, Link, Nexthop, Route, Rule, Snapshot } from './types.js';

/** One thing of a namespace that is not as it was. */
export interface Change {
  object: 'link' | 'address' | 'rule' | 'route' | 'proxy-neighbour' | 'setting';
  change: 'added' | 'removed' | 'changed';
  /** As iproute2 would say it; of what was removed, as it was. */
  text: string;
  /** As it was before; null unless it was changed. */
  was: string | null;
  device: { index: number; name: string | null } | null;
  table: { id: number; name: string | null } | null;
}

/** Names as they were when the later snapshot was read. */
export interface ChangeNames {
  table(id: number): string | null;
  protocol(id: number): string;
}

interface Item {
  /** Two items of one identity are the same thing, before and after. */
  identity: string;
  text: string;
  device: number | null;
  table: number | null;
}

/**
 * What differs between two snapshots of one namespace: links first, for most of the rest follows from them, then
 * settings, addresses, rules and routes. Routes are left out where either snapshot could not hold them.
 */
export function changesBetween(before: Snapshot, after: Snapshot, names: ChangeNames): Change[] {
  const nameIn = (index: number) => after.links.get(index)?.name ?? before.links.get(index)?.name ?? null;
  const parts: [Change['object'], (snapshot: Snapshot) => Item[]][] = [
    ['link', ({ links }) => [...links.values()].map(linkItem)],
    ['setting', settingItems],
    ['address', ({ addresses, links }) => addresses.map((one) => addressItem(one, links))],
    ['rule', ({ rules }) => rules.map((rule) => ruleItem(rule, names))],
  ];
  if (before.complete && after.complete) {
    parts.push([
      'route',
      (one) => [...one.routes.values()].flat().map((route) => routeItem(route, one, names)),
    ]);
  }
  parts.push(['proxy-neighbour', proxyItems]);
  return parts.flatMap(([object, items]) =>
    differences(items(before), items(after))
      .filter(isChange)
      .map(({ change, item, was }) => ({
        object,
        change,
        text: item.text,
        was: was?.text ?? null,
        device: item.device === null ? null : { index: item.device, name: nameIn(item.device) },
        table: item.table === null ? null : { id: item.table, name: names.table(item.table) },
      })),
  );
}

/** A setting of a device that was renamed has another path, and is the same. */
function isChange({ item, was }: Difference): boolean {
  const value = (of: Item) => / = (.*)$/.exec(of.text)?.[1];
  return was === null || value(item) === undefined || value(item) !== value(was);
}

interface Difference {
  change: Change['change'];
  item: Item;
  was: Item | null;
}

/** Two of the same text are two things: they are taken off one by one. */
function differences(before: Item[], after: Item[]): Difference[] {
  const gone = new Map<string, Item[]>();
  const whole = (item: Item) => `${item.identity}\n${item.text}`;
  for (const item of before) {
    const list = gone.get(whole(item));
    if (list) list.push(item);
    else gone.set(whole(item), [item]);
  }
  const come = after.filter((item) => !gone.get(whole(item))?.pop());
  const left = new Map<string, Item[]>();
  for (const item of [...gone.values()].flat()) {
    const list = left.get(item.identity);
    if (list) list.push(item);
    else left.set(item.identity, [item]);
  }
  const found: Difference[] = come.map((item) => {
    const was = left.get(item.identity)?.shift() ?? null;
    return { change: was ? 'changed' : 'added', item, was };
  });
  for (const item of [...left.values()].flat()) found.unshift({ change: 'removed', item, was: null });
  return found;
}

function linkItem(link: Link): Item {
  return { identity: String(link.index), text: linkText(link), device: link.index, table: null };
}

/** "bond0.90, up, no carrier" */
export function linkText(link: Link): string {
  const state = [
    link.up === undefined ? null : link.up ? 'up' : 'down',
    link.up && link.carrier === false ? 'no carrier' : null,
    link.noarp ? 'noarp' : null,
    link.ignoreLinkdown ? 'ignore_routes_with_linkdown' : null,
    link.group === 0 ? null : `group ${link.group}`,
  ].filter((word) => word !== null);
  return [link.name, ...state].join(', ');
}

function settingItems({ settings = [], links }: Snapshot): Item[] {
  const indexes = new Map([...links.values()].map(({ name, index }) => [name, index]));
  return settings.flatMap(({ device, ...values }) =>
    Object.entries(values).map(([name, value]) => ({
      // a device that was made again has settings of its own
      identity: `${name} ${indexes.get(device) ?? device}`,
      text: `net/ipv4/conf/${device}/${name} = ${value}`,
      device: indexes.get(device) ?? null,
      table: null,
    })),
  );
}

function addressItem(address: Address, links: Snapshot['links']): Item {
  const { device, scope } = address;
  const text = addressText(address, links.get(device)?.name ?? String(device));
  // its device may have got another name
  const own = addressText(address, String(device));
  return { identity: `${own} ${scope}`, text, device, table: null };
}

/** "10.0.0.1/24 dev eth0" */
export function addressText({ ip, peer, prefixLength }: Address, device: string): string {
  const far = peer === undefined ? '' : ` peer ${formatIp(peer)}`;
  return `${formatIp(ip)}${far}/${prefixLength} dev ${device}`;
}

function ruleItem(rule: Rule, names: ChangeNames): Item {
  const { text, table } = ruleText(rule, names);
  return { identity: `${rule.priority} ${rule.selector || 'from all'}`, text, device: null, table };
}

/** "100: iif eth0 lookup office", and the table that it leads to. */
export function ruleText(rule: Rule, names: ChangeNames): { text: string; table: number | null } {
  const action = rule.action === 'lookup' ? `lookup ${names.table(rule.table) ?? rule.table}` : rule.action;
  const selector = rule.selector === '' ? 'from all' : rule.selector;
  const target = rule.action === 'goto' ? ` ${rule.goto}` : '';
  const text = `${rule.priority}: ${selector} ${action}${target}`;
  return { text, table: rule.action === 'lookup' ? rule.table : null };
}

function routeItem(route: Route, { links }: Snapshot, names: ChangeNames): Item {
  const [only, ...others] = route.nexthops;
  const device = only && others.length === 0 ? only.device : null;
  return {
    identity: `${route.table} ${formatPrefix(route.prefix)} ${route.tos} ${route.metric}`,
    text: routeText(route, links, names),
    device,
    table: route.table,
  };
}

/** "192.0.2.0/24 via 10.0.0.1 dev bond0 proto static metric 100" */
export function routeText(route: Route, links: Snapshot['links'], names: ChangeNames): string {
  const type = routeTypeName(route.type);
  const words = [type === 'unicast' ? '' : type, formatPrefix(route.prefix)];
  const several = route.nexthops.length > 1;
  for (const hop of route.nexthops) words.push(several ? 'nexthop' : '', hopText(hop, links));
  words.push(`proto ${names.protocol(route.protocol)}`);
  if (route.tos !== 0) words.push(`tos ${route.tos}`);
  if (route.metric !== 0) words.push(`metric ${route.metric}`);
  return words.filter((word) => word !== '').join(' ');
}

function hopText(hop: Nexthop, links: Snapshot['links']): string {
  const gateway = hop.gatewayFamily === 2 ? `via ${formatIp(hop.gateway)} ` : '';
  const state = hop.dead ? ' dead' : hop.linkdown ? ' linkdown' : '';
  const device = links.get(hop.device)?.name ?? `if${hop.device}`;
  return `${hop.gatewayFamily === 10 ? 'via inet6 ' : gateway}dev ${device}${state}`;
}

function proxyItems({ proxyNeighbours, links }: Snapshot): Item[] {
  return proxyNeighbours.map(({ ip, device }) => {
    const text = device === null ? formatIp(ip) : `${formatIp(ip)} dev ${links.get(device)?.name ?? device}`;
    // its device may have got another name
    return { identity: `${ip} ${device}`, text, device, table: null };
  });
}
