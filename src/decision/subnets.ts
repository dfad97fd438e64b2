import { mask } from './addresses.js';
import type { Prefix, Snapshot } from './types.js';

/** The subnets that the addresses of a device lie in, as a state has them. Of a point-to-point address it is that of its far end. */
export function subnetsOfDevice({ addresses }: Pick<Snapshot, 'addresses'>, index: number): Prefix[] {
  return addresses
    .filter(({ device }) => device === index)
    .map(({ ip, peer, prefixLength: length }) => ({ ip: ((peer ?? ip) & mask(length)) >>> 0, length }));
}
