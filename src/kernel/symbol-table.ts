/** Functions of the kernel and its modules by address, as /proc/kallsyms and /proc/modules have them. */
export class SymbolTable {
  readonly #addresses: BigUint64Array;
  readonly #names: string[] = [];
  /** Of each function, the module that it is of; '' for the kernel itself. */
  readonly #owners: string[] = [];
  readonly #modules: Module[];

  constructor(kallsyms: string, modules: string) {
    this.#modules = modules
      .split('\n')
      .flatMap(readModule)
      .sort((a, b) => (a.start < b.start ? -1 : 1));
    const listed = new Set(this.#modules.map(({ name }) => name));
    const entries = kallsyms
      .split('\n')
      .filter((line) => /^[0-9a-f]+ [tTwW] /.test(line))
      .map((line) => {
        const [address = '0', , name = '', owner = ''] = line.split(/[ \t]/);
        return { address: BigInt(`0x${address}`), name, owner: owner.slice(1, -1) };
      })
      // the code that a module begins with is let go, and may be another's by now; some kernels still list it
      .filter(({ address, owner }) => !listed.has(owner) || [owner, ''].includes(this.#moduleAt(address)))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#addresses = BigUint64Array.from(entries, ({ address }) => address);
    for (const { name, owner } of entries) {
      this.#names.push(name);
      this.#owners.push(owner);
    }
  }

  /**
   * The function that an address lies in. Null when there is none, and where the nearest one before it is of another
   * module than the address: its own is not in the table then, and the nearest would be a wrong name.
   */
  nameOf(address: bigint): string | null {
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#addresses[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    return this.#owners[low - 1] === this.#moduleAt(address) ? (this.#names[low - 1] ?? null) : null;
  }

  /** The module that an address lies in; '' for none. */
  #moduleAt(address: bigint): string {
    const below = this.#modules.findLast(({ start }) => start <= address);
    return below && address < below.end ? below.name : '';
  }
}

/** Since 6.4 it starts with its code, but the size counts data that lies elsewhere: the next module may begin before the end. */
interface Module {
  name: string;
  start: bigint;
  end: bigint;
}

/** "nf_tables 385024 0 - Live 0xffffffffc0a5e000" */
function readModule(line: string): Module[] {
  const [, name = '', size = '0', address = '0'] = /^(\S+) (\d+) .* 0x([0-9a-f]+)/.exec(line) ?? [];
  const start = BigInt(`0x${address}`);
  return start === 0n ? [] : [{ name, start, end: start + BigInt(size) }];
}
