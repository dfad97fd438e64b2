import { release } from 'node:os';
import { isBefore } from '../../../src/decision/kernel-release.js';
import type { Row } from './row.js';
import { framesAndDrops } from './rows-frames-and-drops.js';
import { localGates } from './rows-local-gates.js';
import { proxying } from './rows-proxying.js';
import { routesAndRules } from './rows-routes-and-rules.js';
import { sourceAndProbes } from './rows-source-and-probes.js';
import { stackedDevices } from './rows-stacked-devices.js';

/** Every row, by theme, as this kernel is to decide it. */
export const tables: Record<string, readonly Row[]> = {
  proxying: proxying.map(here),
  'local gates': localGates.map(here),
  'routes and rules': routesAndRules.map(here),
  'source and probes': sourceAndProbes.map(here),
  'frames and drops': framesAndDrops.map(here),
  'stacked devices': stackedDevices.map(here),
};

function here(row: Row): Row {
  const { before } = row;
  return before && isBefore(release(), ...before.kernel) ? { ...row, expect: before.expect } : row;
}
