import type { Decision, Prefix } from '../../decision/types.js';
import { DeviceSubnets } from '../../host/subnets.js';
import type { EndEvent, StartEvent, StreamEvent } from '../../stream/events.js';
import type { LiveStream } from '../../stream/live.js';

/** Events that came by one moment of the source's clock. */
export interface Moment {
  now: number;
  events: readonly StreamEvent[];
}

/** Where the events of a table come from. */
export interface TopSource {
  readonly start: StartEvent;
  /** What they are read from; null when they are live. */
  readonly recording: string | null;
  /** Everything from this call on. A recording that is wound back comes to its end, and is to be read again. */
  moments(): AsyncIterable<Moment>;
  /** Requests seen so far, told of or not. */
  seen(): number;
  /** Milliseconds of the clock that decisions are counted with. */
  now(): number;
  /** The time of day that it is there. */
  wallMs(): number;
  /** How long ago a decision was made that is told just now, or a trace began. */
  behindMs(moment: Pick<Decision, 'monotonicNs'>): number;
  /** The subnets of the device that it came in on; null when they are not known. */
  subnets(decision: Decision): readonly Prefix[] | null;
  /** Winds a recording; null for what is live. */
  readonly player: Player | null;
  /** End it: moments() comes to its end. */
  stop(why: EndEvent['why']): void;
}

/** What can be done with time that is over. */
export interface Player {
  /** "PLAYING 4x", "PAUSED", "END" */
  state(): string;
  toggle(): void;
  /** Go on elsewhere, so many milliseconds from here. */
  seek(ms: number): void;
  /** Faster or slower by a factor. */
  accelerate(factor: number): void;
  /** It has been wound back, and is to be read again from its beginning. */
  readonly rewound: boolean;
}

export function liveSource(stream: LiveStream): TopSource {
  const subnets = new DeviceSubnets();
  const now = () => performance.now();
  async function* moments(batches: AsyncIterable<StreamEvent[]>): AsyncGenerator<Moment> {
    for await (const events of batches) yield { now: now(), events };
  }
  return {
    start: stream.start,
    recording: null,
    // a generator's body runs when it is first read: what came until then would be missed
    moments: () => moments(stream.batches()),
    seen: () => stream.seen(),
    now,
    wallMs: () => Date.now(),
    behindMs: ({ monotonicNs }) => (Number(process.hrtime.bigint()) - Number(monotonicNs)) / 1e6,
    subnets: ({ netns, device }) => subnets.of(netns.inode, device.index),
    player: null,
    stop: (why) => void stream.stop(why),
  };
}
