import type { NeighbourEventTold } from '../decision/neighbour/types.js';
import type { Decision, Link, Proof, Request, Snapshot } from '../decision/types.js';
import type { LinkNotice } from '../host/link-monitor.js';
import type { IprouteNames } from '../host/names.js';
import type { ChangeEvent, EndEvent, LostEvent, StartEvent } from './events.js';

/** What a decision was made from. The passes of the request bear their wire records. */
export interface Evidence {
  request: Request;
  proof: Proof | null;
  names: IprouteNames;
  /** The links that named devices; null where no snapshot could. */
  links: ReadonlyMap<number, Link> | null;
}

/** A snapshot as it was read, with the stretch of time in which the namespace came to be like that. */
export interface State {
  netns: { inode: number; name: string | null };
  snapshot: Snapshot;
  names: IprouteNames;
  /** When it was read: CLOCK_MONOTONIC. */
  readNs: bigint;
  /** The state before it was last seen at `afterNs`, and this one first at `beforeNs`; null for the first one. */
  moved: { afterNs: bigint; beforeNs: bigint } | null;
}

/** Who hears of the states of namespaces. */
export interface StateTap {
  state(state: State): void;
  /**
   * The kernel announced a link; null where hooks tell of links. `heldNs` is when the state that was told last was
   * last seen to hold, null when that is not known.
   */
  link: ((netns: State['netns'], notice: LinkNotice, heldNs: bigint | null) => void) | null;
}

/**
 * A recording's way into a live stream: called in the stream's order, while it runs. With a tap, passes keep their
 * wire records, and every namespace's state is read at the start and after each change, whether requests wait or not.
 */
export interface StreamTap {
  /** It is so far behind that the producer had better stop until it has caught up. */
  readonly congested: boolean;
  start(start: StartEvent): void;
  state(state: State): void;
  /** The kernel announced a link of a namespace: see {@link StateTap}. */
  link(netns: State['netns'], notice: LinkNotice, heldNs: bigint | null): void;
  /** Just before the decision is handed out. */
  decision(decision: Decision, evidence: Evidence): void;
  /** What hooks saw change; a state that shows it comes later. */
  change(event: ChangeEvent): void;
  /** What the host learned or asked, just before it is handed out. */
  neighbour?(event: NeighbourEventTold): void;
  lost(event: LostEvent): void;
  end(event: EndEvent): void;
}

/** Two taps as one: each hears everything, in the same order. */
export function bothTaps(one: StreamTap, other: StreamTap): StreamTap {
  return {
    get congested() {
      return one.congested || other.congested;
    },
    start: (start) => each((tap) => tap.start(start)),
    state: (state) => each((tap) => tap.state(state)),
    link: (netns, notice, heldNs) => each((tap) => tap.link(netns, notice, heldNs)),
    decision: (decision, evidence) => each((tap) => tap.decision(decision, evidence)),
    change: (event) => each((tap) => tap.change(event)),
    neighbour: (event) => each((tap) => tap.neighbour?.(event)),
    lost: (event) => each((tap) => tap.lost(event)),
    end: (event) => each((tap) => tap.end(event)),
  };

  function each(tell: (tap: StreamTap) => void): void {
    tell(one);
    tell(other);
  }
}
