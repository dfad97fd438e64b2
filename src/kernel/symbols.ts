import { closeSync, openSync, readSync } from 'node:fs';
import { SymbolTable } from './symbol-table.js';

/** Half-open: a return address at `end` belongs to the next function. Both 0 when the symbol is not known. */
export interface SymbolRange {
  start: bigint;
  end: bigint;
}

/** A host that loads modules all the time never holds still. */
const mostReadings = 4;

/** /proc/kallsyms with some modules takes 12 MB. */
const roomBytes = 1 << 24;

const unknownSymbol: SymbolRange = { start: 0n, end: 0n };

/** The kernel's own symbols. Reading them takes some 100 ms, so they are read once, when first asked for. */
export class KernelSymbols {
  #text: string | null = null;
  #table: SymbolTable | null = null;
  #modules = '';
  readonly #readFile: (path: string) => string;

  /** @param readFile a file's text, empty where there is none */
  constructor(readFile: (path: string) => string = readOrEmpty) {
    this.#readFile = readFile;
  }

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

  /** Let the text go, which takes 10 MB: it is read again when it is asked for. */
  forget(): void {
    this.#text = null;
  }

  /** The names are there, but every address reads 0. */
  get hidden(): boolean {
    const text = this.#read();
    return text !== '' && /^0+ /.test(text) && !/^0*[1-9a-f][0-9a-f]* [tTwW] /m.test(text);
  }

  /** The function that an address lies in; null when there is none. Modules that came meanwhile are known, too. */
  nameOf(address: bigint): string | null {
    if (!this.#table || this.#modulesNow().states !== this.#modules) this.#table = this.#makeTable();
    // a table that was read while a module came may lack others' symbols
    return this.#table.nameOf(address) ?? this.#makeTable().nameOf(address);
  }

  /**
   * The kernel numbers symbols anew when a module comes, goes, or is done with its start: a reading in between lacks
   * some, and another function of the same module would be taken for the one that is missing. That a module is done
   * with its start no state tells, so two readings have to say the same.
   */
  #makeTable(): SymbolTable {
    let earlier: string | null = null;
    for (let left = mostReadings; ; left--) {
      const before = this.#modulesNow();
      const text = this.#readFile('/proc/kallsyms');
      const after = this.#modulesNow();
      const ofModules = symbolsOfModules(text);
      const still = before.states === after.states && ofModules === earlier;
      earlier = ofModules;
      if (!still && left > 1) continue;
      this.#modules = after.states;
      this.#table = new SymbolTable(text, after.text);
      return this.#table;
    }
  }

  /** The modules as the kernel lists them; `states`, their names and whether they are loading, live or going. */
  #modulesNow(): { text: string; states: string } {
    const text = this.#readFile('/proc/modules');
    return { text, states: text.replace(/^(\S+) \S+ \S+ \S+ (\S+).*$/gm, '$1 $2') };
  }

  #read(): string {
    if (this.#text === null) {
      this.#text = this.#readFile('/proc/kallsyms'); // empty on a kernel without CONFIG_KALLSYMS
    }
    return this.#text;
  }
}

/** Without those of BPF programs and the like, which stand behind them and come and go all the time. */
function symbolsOfModules(kallsyms: string): string {
  const from = kallsyms.indexOf('\t[');
  if (from < 0) return '';
  const others = ['\t[bpf]', '\t[__builtin__']
    .map((owner) => kallsyms.indexOf(owner))
    .filter((at) => at >= 0);
  const to = kallsyms.lastIndexOf('\n', Math.min(kallsyms.length, ...others));
  return kallsyms.slice(kallsyms.lastIndexOf('\n', from) + 1, to + 1);
}

/** Files as they are read now. A file of /proc does not say how long it is: there is room for the longest from the start, of which only what is used is taken. */
export function readOrEmpty(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    let room = Buffer.allocUnsafeSlow(roomBytes);
    let used = 0;
    for (;;) {
      const bytes = readSync(fd, room, used, room.length - used, null);
      if (bytes === 0) return room.toString('latin1', 0, used);
      used += bytes;
      if (used === room.length) room = Buffer.concat([room], 2 * room.length);
    }
  } catch {
    return '';
  } finally {
    closeSync(fd);
  }
}
