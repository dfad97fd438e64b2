import { expect, it } from 'vitest';
import { errnoName } from '../../src/kernel/native-words.js';

it.each([
  [-1, 'EPERM'],
  [-2, 'ENOENT'],
  [-524, 'ENOTSUPP'],
  [0, '0'],
])('%d is %s', (status, name) => {
  expect(errnoName(status)).toBe(name);
});
