import { readdirSync, readFileSync } from 'node:fs';
import type { NameTables } from '../decision/types.js';

/**
 * Names for numbers as iproute2 would print them in one namespace: `ip netns exec` mounts /etc/netns/NAME over
 * /etc, so a namespace may have tables of its own.
 */
export class IprouteNames implements NameTables {
  readonly #tables: Map<number, string>;
  readonly #protocols: Map<number, string>;
  readonly #devices: (index: number) => string | null;

  constructor(netnsName: string | null, devices: (index: number) => string | null) {
    const etc = netnsName === null ? null : `/etc/netns/${netnsName}/iproute2`;
    this.#tables = readNames('rt_tables', etc, [
      [255, 'local'],
      [254, 'main'],
      [253, 'default'],
    ]);
    this.#protocols = readNames('rt_protos', etc, [
      [0, 'unspec'],
      [1, 'redirect'],
      [2, 'kernel'],
      [3, 'boot'],
      [4, 'static'],
    ]);
    this.#devices = devices;
  }

  /** Everything, to be kept in a recording. */
  all(): { tables: ReadonlyMap<number, string>; protocols: ReadonlyMap<number, string> } {
    return { tables: this.#tables, protocols: this.#protocols };
  }

  table(id: number): string | null {
    return this.#tables.get(id) ?? null;
  }

  protocol(id: number): string {
    return this.#protocols.get(id) ?? String(id);
  }

  device(index: number): string | null {
    return this.#devices(index);
  }
}

/** Later files win, as in iproute2: the shipped one, /etc's, then the namespace's own instead of /etc's. */
function readNames(file: string, netnsEtc: string | null, builtIn: [number, string][]): Map<number, string> {
  const names = new Map(builtIn);
  readInto(names, `/usr/share/iproute2/${file}`);
  if (netnsEtc === null || !readInto(names, `${netnsEtc}/${file}`)) readInto(names, `/etc/iproute2/${file}`);
  for (const directory of [`/etc/iproute2/${file}.d`, netnsEtc === null ? null : `${netnsEtc}/${file}.d`]) {
    if (directory === null) continue;
    for (const entry of listed(directory)) {
      if (entry.endsWith('.conf')) readInto(names, `${directory}/${entry}`);
    }
  }
  return names;
}

function readInto(names: Map<number, string>, path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  for (const line of text.split('\n')) {
    const [number = '', name] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (name && /^(0x[0-9a-f]+|\d+)$/i.test(number)) names.set(Number(number), name);
  }
  return true;
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
