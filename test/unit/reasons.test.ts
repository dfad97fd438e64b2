import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { reason, reasons } from '../../src/decision/reasons.js';

const contract = {
  replied: 'local-address local-route proxy-arp proxy-arp-pvlan proxy-neighbour',
  silent:
    'no-route unreachable prohibited blackholed forwarding-off proxy-arp-off same-device medium-id arp-ignore ' +
    'arp-filter source-invalid target-invalid gratuitous-dropped probe-not-proxied self-probe ' +
    'neighbour-table-full not-for-us device-noarp ipv4-disabled malformed',
  dropped: 'proxy-queue-full proxy-queue-purged filtered-in filtered-out',
  deferred: 'proxy-delay',
};

describe('the table of reasons', () => {
  const codes = reasons.map(({ code }) => code);

  it('has each code once, in kebab-case', () => {
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.filter((code) => !/^[a-z]+[0-9]*(-[a-z0-9]+)*$/.test(code))).toEqual([]);
  });

  it.each(Object.entries(contract))('holds the contract of %s', (action, list) => {
    for (const code of list.split(' ')) expect(reason(code)).toMatchObject({ code, action });
  });

  it('says something in every row', () => {
    for (const { sentence, check, change } of reasons) expect([sentence, check, change]).not.toContain('');
  });

  it('has a row for every code that a verdict can name', () => {
    const folder = fileURLToPath(new URL('../../src/decision/verdict/', import.meta.url));
    const files = readdirSync(folder).filter((name) => name !== 'source.ts' && name !== 'local-gates.ts');
    const source = files.map((name) => readFileSync(folder + name, 'utf8')).join('');
    const purposes = ['own-address', 'rp-filter'];
    const named = [...source.matchAll(/verdict\(\s*'[a-z]+',\s*'([a-z-]+)'/g)].map(
      ([, code]) => code as string,
    );
    const quoted = [...source.matchAll(/'([a-z0-9]+(?:-[a-z0-9]+)+)'/g)].map(([, code]) => code as string);
    const places = ['proxy-queue'];
    const known = [...codes, ...purposes, ...places];
    expect(named.length).toBeGreaterThan(20);
    const words = ['no-dst', 'kernel-numbers', 'local-gates'];
    known.push(...words);
    expect([...named, ...quoted].filter((code) => !known.includes(code))).toEqual([]);
  });
});
