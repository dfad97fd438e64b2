import type { Row } from './row.js';
import { proxying } from './rows-proxying.js';

/** Every row, by theme. */
export const tables: Record<string, readonly Row[]> = { proxying };
