import type { DropNames } from './body.js';
import type { NativeLibrary } from './library.js';
import type { KernelSymbols } from './symbols.js';

/**
 * A place without a name is looked up again after so long, for the symbols may have moved while they were read; and
 * after four times as long each time, for to read them holds everything up.
 */
const retryMs = 1000;

/** Names places and reasons of drops as the running kernel does, each looked up once. */
export function dropNames(native: NativeLibrary, symbols: KernelSymbols): DropNames {
  const text = Buffer.alloc(128);
  const known = new Map<string, { where: string; until: number; restMs: number }>();
  return {
    where(location, reason) {
      const key = `${location}/${reason}`;
      let found = known.get(key);
      if (!found || found.until < performance.now()) {
        const length = native.arpwhy_enum_name('skb_drop_reason', reason, text, text.length);
        const name =
          length > 0 ? text.toString('latin1', 0, length).replace('SKB_DROP_REASON_', '') : `${reason}`;
        const symbol = symbols.nameOf(location);
        let where = symbol ?? 'unknown function';
        // before 5.17 drops have none
        if (name !== '0') where += ` (${name})`;
        const restMs = found ? 4 * found.restMs : retryMs;
        const until = symbol === null ? performance.now() + restMs : Number.POSITIVE_INFINITY;
        found = { where, until, restMs };
        known.set(key, found);
      }
      return found.where;
    },
  };
}
