/** How many events a consumer may be behind before the producer is told to wait. */
const highWater = 512;

/** One producer, any number of consumers, each an async iterable of everything that came since it subscribed. */
export class Fanout<T> {
  readonly #consumers = new Set<Consumer<T>>();
  readonly #onRelief: () => void;
  #ended = false;

  /** @param onRelief called whenever it may no longer be {@link congested} */
  constructor(onRelief: () => void = () => {}) {
    this.#onRelief = onRelief;
  }

  push(event: T): void {
    for (const consumer of this.#consumers) consumer.push(event);
  }

  end(): void {
    this.#ended = true;
    for (const consumer of this.#consumers) consumer.end();
  }

  /** A consumer is so far behind that the producer had better stop until it has caught up. */
  get congested(): boolean {
    for (const consumer of this.#consumers) if (consumer.behind > highWater) return true;
    return false;
  }

  /** Events in batches, each all that came since the one before it was asked for; none is empty. */
  subscribe(): AsyncIterableIterator<T[]> {
    const consumer = new Consumer<T>(this.#onRelief, () => this.#consumers.delete(consumer));
    this.#consumers.add(consumer);
    if (this.#ended) consumer.end();
    return consumer;
  }
}

class Consumer<T> implements AsyncIterableIterator<T[]> {
  #events: T[] = [];
  #ended = false;
  /** Reads that wait: a consumer may ask for several batches at once. */
  #waiting: (() => void)[] = [];
  readonly #onRelief: () => void;
  readonly #leave: () => void;

  constructor(onRelief: () => void, leave: () => void) {
    this.#onRelief = onRelief;
    this.#leave = leave;
  }

  get behind(): number {
    return this.#events.length;
  }

  push(event: T): void {
    this.#events.push(event);
    if (this.#waiting.length > 0) this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<IteratorResult<T[]>> {
    for (;;) {
      if (this.#events.length > 0) {
        const value = this.#events;
        this.#events = [];
        if (value.length > highWater) this.#onRelief();
        return { value, done: false };
      }
      if (this.#ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async return(): Promise<IteratorResult<T[]>> {
    this.#leave();
    this.end();
    this.#events = [];
    this.#onRelief();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T[]> {
    return this;
  }
}
