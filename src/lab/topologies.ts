import { ArpwhyError } from '../errors.js';
import { ganeti } from './ganeti.js';
import { segments } from './segments.js';
import type { Topology } from './topology.js';

/** Every topology that the lab knows. */
export const topologies: Topology[] = [ganeti, segments];

/**
 * The topology of that name.
 * @throws {ArpwhyError} `usage` when there is none, naming those that there are.
 */
export function topology(name: string): Topology {
  const found = topologies.find((one) => one.name === name);
  if (found) return found;
  const known = topologies.map((one) => one.name).join(', ');
  throw new ArpwhyError('usage', `no lab topology is called ${JSON.stringify(name)}: known are ${known}`);
}
