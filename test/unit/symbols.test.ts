import { expect, it } from 'vitest';
import { KernelSymbols } from '../../src/kernel/symbols.js';

const kernel = 'ffffffff81000000 T _text\nffffffff81000100 T arp_rcv\n';
const nft = 'ffffffffc0008100 t nft_do_chain\t[nf_tables]\n';
const modules = (bridge: string) =>
  `nf_tables 4096 2 nft_x, Live 0xffffffffc0008000\nbridge 8192 0 - ${bridge} 0xffffffffc0000000\n`;

/** Symbols of a host whose files read as given, one after the other; the last stays. */
function symbolsOf(files: Record<string, string[]>): KernelSymbols {
  return new KernelSymbols((path) => {
    const [text = '', ...later] = files[path] ?? [];
    if (later.length > 0) files[path] = later;
    return text;
  });
}

const inNft = 0xffffffffc0008123n;

it('reads again what was read while a module was loading: the kernel numbers symbols anew then', () => {
  const symbols = symbolsOf({
    '/proc/kallsyms': [kernel, kernel + nft],
    '/proc/modules': [modules('Loading'), modules('Live')],
  });
  expect(symbols.nameOf(inNft)).toBe('nft_do_chain');
});

it('reads once more before it says that there is no name', () => {
  const symbols = symbolsOf({ '/proc/kallsyms': [kernel, kernel + nft], '/proc/modules': [modules('Live')] });
  expect(symbols.nameOf(0xffffffff81000110n)).toBe('arp_rcv');
  expect(symbols.nameOf(inNft)).toBe('nft_do_chain');
});

it('takes no name from a reading that lost symbols while every module was live: two readings have to agree', () => {
  const torn = `${kernel}ffffffffc0008000 t nft_before\t[nf_tables]\n`;
  const symbols = symbolsOf({
    '/proc/kallsyms': [torn, torn + nft],
    '/proc/modules': [modules('Live')],
  });
  expect(symbols.nameOf(inNft)).toBe('nft_do_chain');
});

it('programs that come and go beside the modules are no reason to read again', () => {
  const bpf = (name: string) => `ffffffffc0a00000 t bpf_prog_${name}\t[bpf]\n`;
  const readings = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => kernel + nft + bpf(name));
  const files = { '/proc/kallsyms': readings, '/proc/modules': [modules('Live')] };
  expect(symbolsOf(files).nameOf(inNft)).toBe('nft_do_chain');
  expect(files['/proc/kallsyms']).toHaveLength(4);
});

it('knows a module that came meanwhile', () => {
  const symbols = symbolsOf({
    '/proc/kallsyms': [kernel, kernel + nft],
    '/proc/modules': ['', '', modules('Live')],
  });
  expect(symbols.nameOf(0xffffffff81000110n)).toBe('arp_rcv');
  expect(symbols.nameOf(inNft)).toBe('nft_do_chain');
});

it('does not wait for modules that never hold still', () => {
  const restless = Array.from({ length: 40 }, (_, i) => modules(i % 2 ? 'Live' : 'Loading'));
  const symbols = symbolsOf({ '/proc/kallsyms': [kernel], '/proc/modules': restless });
  expect(symbols.nameOf(inNft)).toBeNull();
});
