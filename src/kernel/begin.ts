import { type NativeLibrary, nativeLibrary } from './library.js';
import { readOrEmpty } from './symbols.js';

/**
 * Have the kernel's BTF and symbols read by threads of the native library, while this one goes on: who traces needs
 * both, and they take 100 ms. Whether they can be had, and the library too, is told when a trace is opened.
 */
export function beginReading(): void {
  try {
    nativeLibrary().arpwhy_begin();
  } catch {
    // the same again then, with its error
  }
}

/** Reads files; /proc/kallsyms the first time as {@link beginReading} had it read, where it did. */
export function readBegun(native: NativeLibrary): (path: string) => string {
  return (path) => (path === '/proc/kallsyms' && takeSymbols(native)) || readOrEmpty(path);
}

function takeSymbols(native: NativeLibrary): string | null {
  const bytes = native.arpwhy_symbols(null, 0);
  if (bytes <= 0) return null;
  const text = Buffer.allocUnsafeSlow(bytes);
  return native.arpwhy_symbols(text, bytes) === bytes ? text.toString('latin1') : null;
}
