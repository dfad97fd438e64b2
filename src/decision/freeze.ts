/** Freeze what the fields of an object hold, all the way down: it is shared with others. */
export function freezeParts<T extends object>(of: T): T {
  for (const part of Object.values(of)) {
    if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) Object.freeze(freezeParts(part));
  }
  return of;
}
