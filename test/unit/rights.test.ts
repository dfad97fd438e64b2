import { describe, expect, it } from 'vitest';
import { missingRights } from '../../src/kernel/rights.js';

const status = (effective: string) =>
  `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nSeccomp:\t0\n`;
const host = '         0          0 4294967295\n';

describe('missingRights', () => {
  it.each([
    ['all of root', '000001ffffffffff'],
    ['CAP_SYS_ADMIN alone', '0000000000200000'],
    ['CAP_BPF and CAP_PERFMON', '000000c000000000'],
  ])('misses nothing with %s', (_what, effective) => {
    expect(missingRights(status(effective), host)).toBeNull();
  });

  it.each([
    ['none', '0000000000000000'],
    ['CAP_BPF alone', '0000008000000000'],
    ['CAP_PERFMON alone', '0000004000000000'],
    ['what a container has', '00000000a80425fb'],
  ])('names the capabilities with %s', (_what, effective) => {
    expect(missingRights(status(effective), host)).toMatch(
      /lacks CAP_SYS_ADMIN \(or CAP_BPF and CAP_PERFMON\)/,
    );
  });

  it('knows the root of a user namespace, whatever it holds there', () => {
    expect(missingRights(status('000001ffffffffff'), '0 1000 1\n')).toMatch(/root of a user namespace only/);
  });

  it('leaves it to the kernel where /proc does not tell', () => {
    expect(missingRights('', '')).toBeNull();
  });
});
