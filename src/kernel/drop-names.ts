import type { DropNames } from './body.js';
import type { NativeLibrary } from './library.js';
import type { KernelSymbols } from './symbols.js';

/** Names places and reasons of drops as the running kernel does, each looked up once. */
export function dropNames(native: NativeLibrary, symbols: KernelSymbols): DropNames {
  const text = Buffer.alloc(128);
  const known = new Map<string, string>();
  return {
    where(location, reason) {
      const key = `${location}/${reason}`;
      let where = known.get(key);
      if (where === undefined) {
        const length = native.arpwhy_enum_name('skb_drop_reason', reason, text, text.length);
        const name =
          length > 0 ? text.toString('latin1', 0, length).replace('SKB_DROP_REASON_', '') : `${reason}`;
        where = symbols.nameOf(location) ?? 'unknown function';
        // before 5.17 drops have none
        if (name !== '0') where += ` (${name})`;
        known.set(key, where);
      }
      return where;
    },
  };
}
