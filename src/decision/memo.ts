/** What bears memories: an object that is made for it, and shared by all that they hold for. */
export type Bearer = Record<symbol, unknown>;

/**
 * What was worked out of something, kept with it and gone with it. A WeakMap does the same; with the many thousand
 * contents of a flood every access to one, and every collection of garbage, takes several times as long.
 */
export class Memo<T> {
  readonly #slot = Symbol('memo');

  get(bearer: Bearer): T | undefined {
    return bearer[this.#slot] as T | undefined;
  }

  set(bearer: Bearer, value: T): void {
    bearer[this.#slot] = value;
  }
}
