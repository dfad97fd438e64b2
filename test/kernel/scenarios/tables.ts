import type { Row } from './row.js';
import { framesAndDrops } from './rows-frames-and-drops.js';
import { localGates } from './rows-local-gates.js';
import { proxying } from './rows-proxying.js';
import { routesAndRules } from './rows-routes-and-rules.js';
import { sourceAndProbes } from './rows-source-and-probes.js';
import { stackedDevices } from './rows-stacked-devices.js';

/** Every row, by theme. */
export const tables: Record<string, readonly Row[]> = {
  proxying,
  'local gates': localGates,
  'routes and rules': routesAndRules,
  'source and probes': sourceAndProbes,
  'frames and drops': framesAndDrops,
  'stacked devices': stackedDevices,
};
