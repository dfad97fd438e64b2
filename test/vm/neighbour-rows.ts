import type { Row } from '../kernel/neighbours/row.js';
import { learningRows } from '../kernel/neighbours/rows-learning.js';
import { otherRows } from '../kernel/neighbours/rows-others.js';

/** What a host learns and asks, as rows. */
export const neighbourRows: readonly Row[] = [...learningRows, ...otherRows];

/** Beside those of decisions. */
export function neighbourName({ name }: Row): string {
  return `neighbours: ${name}`;
}
