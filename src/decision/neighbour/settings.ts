import type { Settings } from '../types.js';
import type { EntrySetting, NeighbourSeen } from './record.js';

/** The values of some settings as an event has them; none where the device has no IPv4. */
export function settingsOf({ settings }: NeighbourSeen, names: readonly EntrySetting[]): Settings {
  if (!settings) return {};
  return Object.fromEntries(
    names.map((name) => [name, { all: settings.all[name], dev: settings.dev[name] }]),
  );
}
