import type { Route, Snapshot } from '../decision/types.js';

/**
 * Let a state share the routes that it has in common with the one before: most of them, and there may be many.
 * @returns how many it does not share
 */
export function shareRoutes(before: Snapshot, after: Snapshot): number {
  let own = 0;
  for (const [table, routes] of after.routes) {
    const known = new Map(before.routes.get(table)?.map((route) => [keyOf(route), route]));
    for (const [i, route] of routes.entries()) {
      const same = known.get(keyOf(route));
      if (same) routes[i] = same;
      else own++;
    }
  }
  return own;
}

function keyOf({ prefix, type, tos, protocol, metric, nexthops, viaObject }: Route): string {
  const hops = nexthops.map(
    ({ device, gateway, gatewayFamily, dead, linkdown }) =>
      `${device} ${gateway} ${gatewayFamily} ${dead} ${linkdown}`,
  );
  return `${prefix.ip}/${prefix.length} ${type} ${tos} ${protocol} ${metric} ${viaObject} ${hops}`;
}
