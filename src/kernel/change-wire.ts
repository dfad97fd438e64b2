import { formatIp, formatPrefix } from '../decision/addresses.js';
import type {
  Actor,
  Cause,
  CauseKind,
  ChangeSeen,
  SeenDevice,
  SeenRoute,
  SeenWay,
} from '../decision/change-seen.js';
import type { Range, Rule } from '../decision/types.js';
import * as layout from './layout.js';

/**
 * Decodes drained records of changes (bpf/change-record.h), each added to `to` in its turn.
 * @throws {Error} at a record that is cut, or of another version
 */
export function decodeChanges(batch: Buffer, bytes: number, to: ChangeSeen[]): void {
  const view = new DataView(batch.buffer, batch.byteOffset, bytes);
  for (let at = 0; at < bytes; ) {
    const size = at + 4 > bytes ? 0 : view.getUint32(at + layout.change.size, true);
    const version = size < layout.change.bytes ? 0 : view.getUint16(at + layout.change.version, true);
    if (version !== layout.changeVersion || at + size > bytes)
      throw new Error(`a change record of ${size} bytes, version ${version}, at ${at}`);
    const seen = decodeOne(view, at);
    if (seen) to.push(seen);
    at += (size + 7) & ~7;
  }
}

function decodeOne(view: DataView, at: number): ChangeSeen | null {
  const { change, what } = layout;
  const body = at + change.body;
  const kind = view.getUint8(at + change.what);
  const link = kind === what.link ? decodeLink(view, body) : null;
  const cause = decodeCause(view, at, link?.carrier ?? false);
  const about = {
    ns: view.getBigUint64(at + change.ns, true),
    netns: view.getUint32(at + change.netns, true),
    cause,
    actor: decodeActor(view, at, cause),
  };
  switch (kind) {
    case what.routeAdded:
      return { ...about, what: 'route', change: 'added', ...decodeRoute(view, body) };
    case what.routeRemoved:
      return { ...about, what: 'route', change: 'removed', ...decodeRoute(view, body) };
    case what.routeReplaced:
      return { ...about, what: 'route', change: 'changed', ...decodeRoute(view, body) };
    case what.tableFlushed:
      return {
        ...about,
        what: 'flush',
        table: view.getUint32(body + layout.changeRoute.table, true),
        count: view.getUint32(body + layout.changeRoute.count, true),
      };
    case what.ruleAdded:
      return { ...about, what: 'rule', change: 'added', rule: decodeRule(view, body) };
    case what.ruleRemoved:
      return { ...about, what: 'rule', change: 'removed', rule: decodeRule(view, body) };
    case what.addressAdded:
      return { ...about, what: 'address', change: 'added', ...decodeAddress(view, body) };
    case what.addressRemoved:
      return { ...about, what: 'address', change: 'removed', ...decodeAddress(view, body) };
    default:
      return link && { ...about, what: 'link', ...link };
  }
}

const causes: Record<number, CauseKind> = {
  [layout.cause.message]: 'message',
  [layout.cause.linkUp]: 'link-up',
  [layout.cause.linkDown]: 'link-down',
  [layout.cause.linkRemoved]: 'link-removed',
  [layout.cause.carrier]: 'carrier-lost',
  [layout.cause.linkEnslaved]: 'link-enslaved',
  [layout.cause.addressAdded]: 'address-added',
  [layout.cause.addressRemoved]: 'address-removed',
};

function decodeCause(view: DataView, at: number, carrier: boolean): Cause | null {
  const { change } = layout;
  const kind = causes[view.getUint8(at + change.cause)];
  if (kind === undefined) return null;
  const index = view.getUint32(at + change.causeIfindex, true);
  return {
    kind: kind === 'carrier-lost' && carrier ? 'carrier-found' : kind,
    device: index === 0 ? null : { index, name: text(view, at + change.causeDevice) },
  };
}

/**
 * A carrier is looked after by a worker of the kernel, but now and then by a process that happens to ask for the
 * link's state: that one is not named.
 */
function decodeActor(view: DataView, at: number, cause: Cause | null): Actor {
  const { change } = layout;
  const name = text(view, at + change.name);
  if (view.getUint32(at + change.kernelThread, true) !== 0) return { process: null, kernelThread: name };
  if (cause?.kind === 'carrier-lost' || cause?.kind === 'carrier-found')
    return { process: null, kernelThread: null };
  const parent = view.getUint32(at + change.parent, true);
  return {
    process: {
      pid: view.getUint32(at + change.pid, true),
      name,
      parent: parent === 0 ? null : { pid: parent, name: text(view, at + change.parentName) },
    },
    kernelThread: null,
  };
}

function decodeRoute(view: DataView, at: number): { route: SeenRoute; ofFlush: boolean } {
  const { changeRoute } = layout;
  const route = {
    table: view.getUint32(at + changeRoute.table, true),
    prefix: { ip: view.getUint32(at + changeRoute.dst), length: view.getUint8(at + changeRoute.length) },
    type: view.getUint8(at + changeRoute.type),
    tos: view.getUint8(at + changeRoute.tos),
    way: decodeWay(view, at + changeRoute.way),
    was: decodeWay(view, at + changeRoute.was),
  };
  return { route, ofFlush: view.getUint32(at + changeRoute.count, true) !== 0 };
}

/** Null where nothing is there. */
function decodeWay(view: DataView, at: number): SeenWay | null {
  const { way } = layout;
  const known = view.getUint8(at + way.known) !== 0;
  const index = view.getUint32(at + way.ifindex, true);
  const told: SeenWay = {
    protocol: view.getUint8(at + way.protocol),
    metric: view.getUint32(at + way.metric, true),
    nexthops: known ? view.getUint8(at + way.nexthops) : 1,
    device: index === 0 ? null : { index, name: text(view, at + way.device) },
    gateway: view.getUint32(at + way.gateway),
    gatewayFamily: view.getUint8(at + way.gatewayFamily),
    object: view.getUint32(at + way.object, true),
  };
  const empty = told.device === null && told.protocol === 0 && told.metric === 0 && told.object === 0;
  return known || !empty ? told : null;
}

function decodeLink(view: DataView, at: number): { device: SeenDevice; up: boolean; carrier: boolean } {
  const { changeLink } = layout;
  return {
    device: {
      index: view.getUint32(at + changeLink.ifindex, true),
      name: text(view, at + changeLink.name),
    },
    up: (view.getUint32(at + changeLink.flags, true) & 1) !== 0,
    carrier: view.getUint8(at + changeLink.carrier) !== 0,
  };
}

function decodeAddress(view: DataView, at: number) {
  const { changeAddress } = layout;
  const ip = view.getUint32(at + changeAddress.ip);
  const peer = view.getUint32(at + changeAddress.peer);
  const index = view.getUint32(at + changeAddress.ifindex, true);
  return {
    address: {
      ip,
      ...(peer === ip ? {} : { peer }),
      prefixLength: view.getUint8(at + changeAddress.length),
      scope: view.getUint8(at + changeAddress.scope),
      device: index,
    },
    device: { index, name: text(view, at + changeAddress.device) },
  };
}

/** FR_ACT_* */
const actions: Record<number, Rule['action']> = {
  1: 'lookup',
  2: 'goto',
  3: 'nop',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};

function decodeRule(view: DataView, at: number): Rule {
  const { changeRule } = layout;
  const u8 = (offset: number) => view.getUint8(at + offset);
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const action = actions[u8(changeRule.action)] ?? 'nop';
  const device = (offset: number) => {
    const name = text(view, at + offset);
    return name === '' ? null : { name, index: null };
  };
  const prefix = (ip: number, length: number) =>
    u8(length) === 0 ? null : { ip: view.getUint32(at + ip), length: u8(length) };
  const ports = (offset: number): Range | null => {
    const [from, to] = [view.getUint16(at + offset, true), view.getUint16(at + offset + 2, true)];
    return from === 0 ? null : { from, to };
  };
  const uids = { from: u32(changeRule.uid), to: u32(changeRule.uid + 4) };
  const rule: Omit<Rule, 'selector'> = {
    priority: u32(changeRule.priority),
    invert: u8(changeRule.invert) !== 0,
    from: prefix(changeRule.src, changeRule.srcLength),
    to: prefix(changeRule.dst, changeRule.dstLength),
    tos: u8(changeRule.tos),
    mark: u32(changeRule.mark),
    markMask: u32(changeRule.markMask),
    iif: device(changeRule.iif),
    oif: device(changeRule.oif),
    l3mdev: u8(changeRule.l3mdev) !== 0,
    ipProtocol: u8(changeRule.ipProtocol),
    sports: ports(changeRule.sport),
    dports: ports(changeRule.dport),
    tunnel: u8(changeRule.tunnel) !== 0,
    uids: uids.from === 0 && uids.to === 0xffffffff ? null : uids,
    action,
    table: u32(changeRule.table),
    goto: action === 'goto' ? u32(changeRule.target) : null,
    suppressPrefixLength: view.getInt32(at + changeRule.suppressPrefixLength, true),
    suppressGroup: view.getInt32(at + changeRule.suppressGroup, true),
  };
  return { ...rule, selector: selectorOf(rule) };
}

/** As `ip rule` prints it. */
function selectorOf(rule: Omit<Rule, 'selector'>): string {
  const words: string[] = [];
  const range = (word: string, at: Range | null) => {
    if (at) words.push(word, at.from === at.to ? String(at.from) : `${at.from}-${at.to}`);
  };
  if (rule.invert) words.push('not');
  if (rule.from) words.push('from', prefixText(rule.from));
  if (rule.to) words.push('to', prefixText(rule.to));
  if (rule.tos !== 0) words.push('tos', `0x${rule.tos.toString(16)}`);
  if (rule.markMask !== 0) {
    const mask = rule.markMask === 0xffffffff ? '' : `/0x${rule.markMask.toString(16)}`;
    words.push('fwmark', `0x${rule.mark.toString(16)}${mask}`);
  }
  if (rule.iif) words.push('iif', rule.iif.name);
  if (rule.oif) words.push('oif', rule.oif.name);
  if (rule.l3mdev) words.push('l3mdev');
  if (rule.uids) words.push('uidrange', `${rule.uids.from}-${rule.uids.to}`);
  if (rule.ipProtocol !== 0) words.push('ipproto', String(rule.ipProtocol));
  range('sport', rule.sports);
  range('dport', rule.dports);
  if (rule.tunnel) words.push('tun_id');
  if (rule.suppressPrefixLength >= 0) words.push('suppress_prefixlength', String(rule.suppressPrefixLength));
  if (rule.suppressGroup >= 0) words.push('suppress_ifgroup', String(rule.suppressGroup));
  return words.join(' ');
}

function prefixText(prefix: { ip: number; length: number }): string {
  return prefix.length === 32 ? formatIp(prefix.ip) : formatPrefix(prefix);
}

function text(view: DataView, at: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, 16);
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? 16 : end)).toString('utf8');
}
