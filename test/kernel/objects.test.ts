import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hooks } from '../../src/kernel/hooks.js';
import { nativeLibrary } from '../../src/kernel/library.js';
import { neighbourHooks, programOf } from '../../src/kernel/neighbour-tracer.js';

const prebuilt = fileURLToPath(new URL('../../bpf/prebuilt/', import.meta.url));

const ofDecisions = hooks.flatMap((hook) => hook.programs.map(({ program }) => program));

describe.each(readdirSync(prebuilt))('%s', (name) => {
  it('is an object that libbpf opens, with the programs of every hook', () => {
    const native = nativeLibrary();
    const error = Buffer.alloc(4);
    const handle = native.arpwhy_open(`${prebuilt}${name}`, error);
    expect(handle.address(), `errno ${error.readInt32LE()}`).not.toBe(0);
    const wanted: readonly string[] = name.startsWith('neighbour')
      ? neighbourHooks.map((hook) => programOf(hook.name))
      : ofDecisions;
    const lacking = wanted.filter((program) => native.arpwhy_leave_out(handle, program) < 0);
    native.arpwhy_close(handle);
    expect(lacking).toEqual([]);
  });
});

it('there is one for each architecture, and one that is the same for all', () => {
  expect(readdirSync(prebuilt).sort()).toEqual(['arpwhy.arm64.bpf.o', 'arpwhy.x64.bpf.o', 'neighbour.bpf.o']);
});
