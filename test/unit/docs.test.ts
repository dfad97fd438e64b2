import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { verdictsPage } from '../../src/view/reasons.js';

it('docs/verdicts.md is what the table of reasons makes (make docs)', () => {
  const page = readFileSync(new URL('../../docs/verdicts.md', import.meta.url), 'utf8');
  expect(page).toBe(verdictsPage());
});
