/** Numbers of the kernel's uapi, and the names that iproute2 prints for them. */

/** RTN_*: rtnetlink.h */
export const routeType = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;

const routeTypeNames = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
];

export function routeTypeName(type: number): string {
  return routeTypeNames[type] ?? String(type);
}

/** Positive errnos that a lookup ends with. */
export const errno = { again: 11, acces: 13, inval: 22, netunreach: 101, hostunreach: 113 } as const;

/** What fib_props[] in net/ipv4/fib_semantics.c makes of a route's type: 0 for those that can be used. */
export function errorOfType(type: number): number {
  switch (type) {
    case routeType.blackhole:
      return errno.inval;
    case routeType.unreachable:
      return errno.hostunreach;
    case routeType.prohibit:
      return errno.acces;
    case routeType.throw:
      return errno.again;
    default:
      return 0;
  }
}

export const table = { default: 253, main: 254, local: 255 } as const;

export const loopbackIndex = 1;

/** NUD_*: neighbour.h */
const stateNames: [number, string][] = [
  [0x01, 'incomplete'],
  [0x02, 'reachable'],
  [0x04, 'stale'],
  [0x08, 'delay'],
  [0x10, 'probe'],
  [0x20, 'failed'],
  [0x40, 'noarp'],
  [0x80, 'permanent'],
];

export function neighbourStateName(state: number): string {
  return stateNames.find(([bit]) => state === bit)?.[1] ?? (state === 0 ? 'none' : String(state));
}
