import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it.for(['layout', 'neighbour-layout'])('%s.ts is what its C program prints', (name, { skip }) => {
  if (spawnSync('cc', ['--version']).error) {
    console.warn(`no cc: src/kernel/${name}.ts is not compared with its header`);
    skip();
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-layout-'));
  try {
    const program = join(directory, 'layout');
    execFileSync('cc', ['-o', program, join(root, `bpf/${name}.c`)]);
    const printed = execFileSync(program);
    expect(printed.toString()).toBe(readFileSync(join(root, `src/kernel/${name}.ts`), 'utf8'));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
