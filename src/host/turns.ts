/** Lets so many pieces of work run at a time; the others wait in the order in which they came. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Work that is taken now need not wait. */
  get free(): boolean {
    return this.#running < this.#most;
  }

  /** Do a piece of work when its turn has come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // the place goes to the next one: nobody can take it in between
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
