import type { Pass, Request } from './types.js';

/** What the kernel side can hold: of more than that, the oldest ended long ago and the record of it was lost. */
const mostWaiting = 16384;

/**
 * Joins the two passes of a deferred request, and numbers requests. A request is whole when its last pass ended;
 * a pass that was deferred waits here for the second one.
 */
export class Joiner {
  readonly #prefix: string;
  readonly #waiting = new Map<number, Request>();
  #count = 0;

  /** @param trace what makes the ids of this trace its own, such as "7f3a" */
  constructor(trace: string) {
    this.#prefix = trace;
  }

  /** The request that this pass completes; null when the pass was deferred and the request has to wait. */
  add(pass: Pass): Request | null {
    if (pass.ending.closed === 'deferred') {
      this.#waiting.set(pass.id, { id: this.#nextId(), first: null, pass });
      if (this.#waiting.size > mostWaiting) this.#waiting.delete(this.#waiting.keys().next().value as number);
      return null;
    }
    const waiting = pass.first === null ? undefined : this.#waiting.get(pass.first);
    if (!waiting) return { id: this.#nextId(), first: null, pass };
    this.#waiting.delete(waiting.pass.id);
    return { id: waiting.id, first: waiting.pass, pass };
  }

  /** Requests whose second pass has not come, oldest first. */
  waiting(): Request[] {
    return [...this.#waiting.values()];
  }

  /** The waiting request of a pass that was just added. */
  waitingFor(pass: Pass): Request | null {
    return this.#waiting.get(pass.id) ?? null;
  }

  #nextId(): string {
    return `${this.#prefix}-${++this.#count}`;
  }
}
