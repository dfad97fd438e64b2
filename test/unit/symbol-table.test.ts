import { expect, it } from 'vitest';
import { SymbolTable } from '../../src/kernel/symbol-table.js';

const kallsyms = `ffffffff81000000 T _text
ffffffff81000200 t arp_process
ffffffff81000100 T arp_rcv
ffffffff81000180 d not_a_function
ffffffffc0000100 t br_init\t[bridge]
ffffffffc0001000 t cleanup_module\t[bridge]
ffffffffc0008100 t nft_do_chain\t[nf_tables]
`;
const modules = `bridge 8192 0 - Live 0xffffffffc0000000
nf_tables 4096 2 nft_x,nft_y, Live 0xffffffffc0008000
late 4096 0 - Live 0xffffffffc0004000
hidden 4096 0 - Live 0x0000000000000000
`;

it.each([
  [0xffffffff810002abn, 'arp_process'],
  [0xffffffff81000100n, 'arp_rcv'],
  [0xffffffff81000190n, 'arp_rcv'],
  [0xffffffffc0000200n, 'br_init'],
  [0xffffffffc0008123n, 'nft_do_chain'],
  // before the first function; before the first of its module; of a module that came later; of none
  [0x1000n, null],
  [0xffffffffc0008010n, null],
  [0xffffffffc0004010n, null],
  [0xffffffffc0009000n, null],
])('%x lies in %s', (address, name) => {
  expect(new SymbolTable(kallsyms, modules).nameOf(address)).toBe(name);
});

it('since 6.4 a size counts data that lies elsewhere: the module that begins nearest before an address has it', () => {
  const sized = 'nf_tables 4096 0 - Live 0xffffffffc0008000\nbridge 65536 0 - Live 0xffffffffc0000000\n';
  const table = new SymbolTable(kallsyms, sized);
  expect(table.nameOf(0xffffffffc0008123n)).toBe('nft_do_chain');
  expect(table.nameOf(0xffffffffc0001004n)).toBe('cleanup_module');
});

it('a symbol of code that a module began with, and let go, does not hide what lies there now', () => {
  const stale = `${kallsyms}ffffffffc0008110 t br_nf_core_init\t[bridge]\n`;
  expect(new SymbolTable(stale, modules).nameOf(0xffffffffc0008123n)).toBe('nft_do_chain');
});

it('does not take what no module owns for the function before it', () => {
  const jitted = `${kallsyms}ffffffffc0020000 t bpf_prog_6deef7357e7b4530\t[bpf]\n`;
  expect(new SymbolTable(jitted, modules).nameOf(0xffffffffc0020010n)).toBe(null);
});
