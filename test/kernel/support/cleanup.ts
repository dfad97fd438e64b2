/** Undoes what a test made, the last first, also when the test failed. Use one for each test. */
export class Cleanup {
  readonly #undo: (() => Promise<unknown> | unknown)[] = [];

  /** Remember how to undo something, and hand it through. */
  add<T>(made: T, undo: (made: T) => Promise<unknown> | unknown): T {
    this.#undo.push(() => undo(made));
    return made;
  }

  /** @throws {AggregateError} when something could not be undone; the rest is undone all the same */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'clean-up failed');
  }
}
