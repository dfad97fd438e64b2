import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('layout.ts is what bpf/layout.c prints', (context) => {
  if (spawnSync('cc', ['--version']).error) {
    console.warn('no cc: src/kernel/layout.ts is not compared with bpf/record.h');
    context.skip();
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-layout-'));
  try {
    const program = join(directory, 'layout');
    execFileSync('cc', ['-o', program, join(root, 'bpf/layout.c')]);
    const printed = execFileSync(program);
    expect(printed.toString()).toBe(readFileSync(join(root, 'src/kernel/layout.ts'), 'utf8'));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
