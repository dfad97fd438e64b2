import { contains } from './addresses.js';
import { errno, errorOfType, table } from './kernel-numbers.js';
import type { FibMatch, Lookup, Nexthop, Proof, Purpose, Route, Snapshot } from './types.js';

/** What fib_table_lookup would find in a snapshot. `route` is also set for one that rejects (throw among them). */
export interface Prediction {
  errno: number;
  route: Route | null;
  nexthop: Nexthop | null;
}

/** Agrees with no lookup. */
const undecided: Prediction = { errno: -1, route: null, nexthop: null };
/** Refutes none either. */
const uncertain: Prediction = { errno: -1, route: null, nexthop: null };

/**
 * Look an address up as fib_table_lookup (net/ipv4/fib_trie.c) does: the longest prefix first, within it the
 * aliases in their order, skipping what has another tos or no live nexthop.
 * @param merged no rule was ever added: the local table lies in the main table's trie
 * @param trusting also what may be gone unnoticed is taken to be there
 */
export function predict(
  snapshot: Snapshot,
  id: number,
  lookup: Pick<Lookup, 'daddr' | 'dscp' | 'oif'>,
  merged: boolean,
  trusting = false,
): Prediction {
  let passedOver: Route | null = null;
  for (const route of covering(snapshot, id, lookup.daddr, merged)) {
    // no counter tells of the end of a route that stands behind another of its prefix (fib_table_delete): it may be gone
    const certain = trusting || passedOver === null || !samePrefix(passedOver, route);
    passedOver = route;
    if (route.tos !== 0 && route.tos !== (lookup.dscp & 0x1c)) continue;
    const error = errorOfType(route.type);
    if (error !== 0) return certain ? { errno: error, route, nexthop: null } : uncertain;
    for (const nexthop of route.nexthops) {
      if (!isLive(nexthop, snapshot)) continue;
      if (lookup.oif !== 0 && lookup.oif !== nexthop.device) continue;
      return certain ? { errno: 0, route, nexthop } : uncertain;
    }
    // A nexthop object that yields none may be a blackhole, and the kernel goes on behind the whole leaf
    if (route.viaObject) return undecided;
  }
  return { errno: errno.again, route: null, nexthop: null };
}

/** Whether fib_table_lookup takes a nexthop at all: one of a link without a carrier, unless that is told to be passed over. */
export function isLive({ dead, linkdown, device }: Nexthop, { links }: Snapshot): boolean {
  return !dead && !(linkdown && links.get(device)?.ignoreLinkdown);
}

function samePrefix({ prefix: a }: Route, { prefix: b }: Route): boolean {
  return a.length === b.length && a.ip === b.ip;
}

/** Whether a lookup came out as predicted, in everything that it showed. */
export function agrees(prediction: Prediction, lookup: Lookup): boolean {
  if (prediction.errno !== lookup.errno) return false;
  if (lookup.errno !== 0) return true;
  const { route, nexthop } = prediction;
  if (!route || !nexthop) return false;
  if (nexthop.device !== lookup.device) return false;
  if (nexthop.gatewayFamily !== lookup.gatewayFamily) return false;
  if (lookup.gatewayFamily === 2 && nexthop.gateway !== lookup.gateway) return false;
  if (!lookup.info) return route.viaObject;
  return (
    !route.viaObject &&
    route.type === lookup.info.type &&
    route.protocol === lookup.info.protocol &&
    route.metric === lookup.info.metric &&
    Math.min(route.nexthops.length, 255) === lookup.info.nexthops
  );
}

/**
 * The route that one observed lookup met.
 * @returns `route` null for a lookup that met none; undefined when the proof does not explain the lookup;
 * 'unseen' when it cannot say (a table too large to dump, and no answer for it; a route that may be gone unnoticed)
 */
export function routeOf(
  proof: Proof,
  purpose: Purpose,
  lookup: Lookup,
  merged: boolean,
): { route: Route | null } | 'unseen' | undefined {
  if (proof.snapshot.complete) {
    const prediction = predict(proof.snapshot, lookup.table, lookup, merged);
    if (prediction === uncertain) return 'unseen';
    return agrees(prediction, lookup) ? { route: prediction.route } : undefined;
  }
  if (lookup.errno !== 0) return 'unseen';
  const match = proof.matches[purpose];
  if (!match || !sameTable(match.table, lookup.table, merged)) return 'unseen';
  return answers(match, lookup) ? { route: routeFrom(match, lookup) } : undefined;
}

function sameTable(a: number, b: number, merged: boolean): boolean {
  const main = (id: number) => (merged && id === table.local ? table.main : id);
  return main(a) === main(b);
}

function answers(match: FibMatch, lookup: Lookup): boolean {
  if (lookup.info) {
    if (match.type !== lookup.info.type || match.protocol !== lookup.info.protocol) return false;
    if (match.metric !== lookup.info.metric) return false;
  }
  if (lookup.info && lookup.info.nexthops > 1) return true;
  if (match.device !== null && match.device !== lookup.device) return false;
  return (match.gateway ?? 0) === (lookup.gatewayFamily === 2 ? lookup.gateway : 0);
}

/** Then the lookup showed one of them, and the answer has no device of its own. */
function severalNexthops(match: FibMatch, lookup: Lookup): boolean {
  return lookup.info ? lookup.info.nexthops > 1 : match.device === null;
}

function routeFrom(match: FibMatch, lookup: Lookup): Route {
  return {
    table: match.table,
    prefix: match.prefix,
    type: match.type,
    tos: 0,
    protocol: match.protocol,
    metric: match.metric,
    nexthops: severalNexthops(match, lookup)
      ? []
      : [
          {
            device: lookup.device,
            gateway: lookup.gateway,
            gatewayFamily: lookup.gatewayFamily,
            dead: false,
            linkdown: false,
          },
        ],
    viaObject: lookup.info === null,
  };
}

function covering(snapshot: Snapshot, id: number, ip: number, merged: boolean): Route[] {
  // fib_insert_alias sorts a prefix's aliases by table, the local one first
  const tables = merged && (id === table.main || id === table.local) ? [table.local, table.main] : [id];
  return tables
    .flatMap((one) => snapshot.routes.get(one) ?? [])
    .filter((route) => contains(route.prefix, ip))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}
