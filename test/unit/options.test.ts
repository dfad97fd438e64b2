import { expect, it } from 'vitest';
import { kindList } from '../../src/cli/options.js';

it('--kind given several times means all of them, each once', () => {
  const first = kindList('learning,decision', undefined);
  expect(kindList('solicitation,learning', first)).toEqual(['learning', 'decision', 'solicitation']);
});
