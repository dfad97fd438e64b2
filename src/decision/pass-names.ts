import type { Link, NameTables, Pass } from './types.js';

/** Devices by the links of that time; the device of the pass by the record. */
export function passNames(
  names: Omit<NameTables, 'device'>,
  links: ReadonlyMap<number, Link> | null,
  pass: Pass,
): NameTables {
  return {
    table: (id) => names.table(id),
    protocol: (id) => names.protocol(id),
    device: (index) => (index === pass.device.index ? pass.device.name : (links?.get(index)?.name ?? null)),
  };
}
