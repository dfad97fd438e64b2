import type { Decision } from '../../decision/types.js';
import type { EndEvent, StartEvent, StreamEvent } from '../../stream/events.js';
import type { LiveStream } from '../../stream/live.js';

/** Where the events of a table come from. */
export interface TopSource {
  readonly start: StartEvent;
  /** Everything from this call on, in batches. */
  batches(): AsyncIterable<StreamEvent[]>;
  /** Requests seen so far, told of or not. */
  seen(): number;
  /** Milliseconds of the clock that decisions are counted with. */
  now(): number;
  /** How long ago a decision was made that is told just now. */
  behindMs(decision: Decision): number;
  /** End it: batches() comes to its end. */
  stop(why: EndEvent['why']): void;
}

export function liveSource(stream: LiveStream): TopSource {
  return {
    start: stream.start,
    batches: () => stream.batches(),
    seen: () => stream.seen(),
    now: () => performance.now(),
    behindMs: ({ monotonicNs }) => (Number(process.hrtime.bigint()) - Number(monotonicNs)) / 1e6,
    stop: (why) => void stream.stop(why),
  };
}
