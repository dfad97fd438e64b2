import { readFileSync } from 'node:fs';

/** Half-open: a return address at `end` belongs to the next function. Both 0 when the symbol is not known. */
export interface SymbolRange {
  start: bigint;
  end: bigint;
}

const unknownSymbol: SymbolRange = { start: 0n, end: 0n };

/** The kernel's own symbols. Reading them takes some 20 ms, so they are read once, when first asked for. */
export class KernelSymbols {
  #text: string | null = null;
  #addresses: BigUint64Array | null = null;
  #names: string[] = [];
  #modules = '';

  /**
   * Where a function lies.
   * @param suffix what the compiler may have put behind its name
   */
  range(name: string, suffix = ''): SymbolRange {
    const text = this.#read();
    // a search for the end of the line: a regular expression takes its time over 5 MB
    const line = text.indexOf(` ${name}\n`);
    if (line < 0) return suffix === '' ? unknownSymbol : this.range(name + suffix);
    const at = text.lastIndexOf('\n', line) + 1;
    const start = BigInt(`0x${text.slice(at, text.indexOf(' ', at))}`);
    if (start === 0n) return unknownSymbol; // kptr_restrict hides addresses
    let next = text.indexOf('\n', line) + 1;
    while (next > 0 && next < text.length) {
      const end = BigInt(`0x${text.slice(next, text.indexOf(' ', next))}`);
      if (end > start) return { start, end };
      next = text.indexOf('\n', next) + 1;
    }
    return { start, end: start + 4096n };
  }

  /** The names are there, but every address reads 0. */
  get hidden(): boolean {
    const text = this.#read();
    return text !== '' && /^0+ /.test(text) && !/^0*[1-9a-f][0-9a-f]* [tTwW] /m.test(text);
  }

  /** The function that an address lies in; null when there is none. Modules that came meanwhile are known, too. */
  nameOf(address: bigint): string | null {
    const modules = readOrEmpty('/proc/modules').replace(/^(\S+).*$/gm, '$1');
    if (modules !== this.#modules) {
      this.#modules = modules;
      this.#text = null;
      this.#addresses = null;
    }
    const { addresses, names } = this.#table();
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((addresses[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : (names[low - 1] ?? null);
  }

  #read(): string {
    if (this.#text === null) {
      this.#text = readOrEmpty('/proc/kallsyms'); // empty on a kernel without CONFIG_KALLSYMS
    }
    return this.#text;
  }

  #table(): { addresses: BigUint64Array; names: string[] } {
    if (!this.#addresses) {
      const entries = this.#read()
        .split('\n')
        .filter((line) => /^[0-9a-f]+ [tTwW] /.test(line))
        .map((line) => {
          const [address = '0', , name = ''] = line.split(/[ \t]/);
          return { address: BigInt(`0x${address}`), name };
        })
        .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
      this.#addresses = BigUint64Array.from(entries, ({ address }) => address);
      this.#names = entries.map(({ name }) => name);
    }
    return { addresses: this.#addresses, names: this.#names };
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
