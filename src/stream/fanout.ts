/** How many events a consumer may be behind before the producer is told to wait. */
const highWater = 16384;

/** One producer, any number of consumers, each an async iterable of everything that came since it subscribed. */
export class Fanout<T> {
  readonly #consumers = new Set<Consumer<T>>();
  #ended = false;

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

  subscribe(): AsyncIterable<T> {
    const consumer = new Consumer<T>(() => this.#consumers.delete(consumer));
    this.#consumers.add(consumer);
    if (this.#ended) consumer.end();
    return consumer;
  }
}

class Consumer<T> implements AsyncIterable<T>, AsyncIterator<T> {
  #events: T[] = [];
  #next = 0;
  #ended = false;
  /** Reads that wait: a consumer may ask for several events at once. */
  #waiting: (() => void)[] = [];
  readonly #leave: () => void;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  get behind(): number {
    return this.#events.length - this.#next;
  }

  push(event: T): void {
    this.#events.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.#next < this.#events.length) {
        const value = this.#events[this.#next++] as T;
        if (this.#next === this.#events.length) {
          this.#events = [];
          this.#next = 0;
        }
        return { value, done: false };
      }
      if (this.#ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async return(): Promise<IteratorResult<T>> {
    this.#leave();
    this.end();
    this.#events = [];
    this.#next = 0;
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this;
  }
}
