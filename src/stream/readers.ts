import { AlikeDecision } from '../decision/alike-decision.js';
import type { StartEvent, StreamEvent } from './events.js';

/** What a reader of a live stream holds: it may leave at any time, read or not. */
export type Batches = AsyncIterableIterator<StreamEvent[]> &
  Required<Pick<AsyncIterator<StreamEvent[]>, 'return'>>;

/** The start event, then all that comes; who leaves at any time is waited for no longer. */
export function behind(start: StartEvent, batches: AsyncIterableIterator<StreamEvent[]>): Batches {
  let begun = false;
  return {
    async next() {
      if (begun) return batches.next();
      begun = true;
      return { value: [start], done: false };
    },
    async return() {
      begun = true;
      return (await batches.return?.()) ?? { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** With all fields as own properties, as anybody would expect of an object. */
export function oneByOne(batches: Batches): AsyncIterableIterator<StreamEvent> {
  let events: StreamEvent[] = [];
  let at = 0;
  return {
    async next() {
      while (at >= events.length) {
        const { value, done } = await batches.next();
        if (done) return { value: undefined, done: true };
        events = value;
        at = 0;
      }
      const event = events[at++] as StreamEvent;
      return { value: event instanceof AlikeDecision ? event.toJSON() : event, done: false };
    },
    async return() {
      events = [];
      await batches.return();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
