import type { Decision } from '../../decision/types.js';
import type { LinkNotice } from '../../host/link-monitor.js';
import type { ChangeEvent } from '../../stream/events.js';
import type { Evidence, State, StreamTap } from '../../stream/tap.js';

/** What happened to a namespace. */
export type Happening =
  | { kind: 'state'; ns: bigint; state: State }
  | { kind: 'link'; ns: bigint; netns: State['netns']; notice: LinkNotice; heldNs: bigint | null }
  | { kind: 'change'; ns: bigint; event: ChangeEvent };

/** So much is kept beside the newest state of each namespace. */
const mostHappenings = 500;

const evidence = Symbol('evidence');
type Kept = Decision & { [evidence]?: Evidence };

/**
 * Keeps what a recording of decisions needs, for as long as somebody keeps the decisions: it is tied to them, so that
 * of a storm nothing stays but what the table holds on to.
 */
export class KeepTap implements StreamTap {
  readonly congested = false;
  readonly #newest = new Map<number, Happening>();
  #happenings: Happening[] = [];

  /** What the decision was made from; null when it did not come by this way. */
  static evidenceOf(decision: Decision): Evidence | null {
    return (decision as Kept)[evidence] ?? null;
  }

  /** In the order in which they were told. */
  get happenings(): readonly Happening[] {
    return this.#happenings;
  }

  state(state: State): void {
    const happening = { kind: 'state' as const, ns: state.readNs, state };
    this.#newest.set(state.netns.inode, happening);
    this.#add(happening);
  }

  link(netns: State['netns'], notice: LinkNotice, heldNs: bigint | null): void {
    this.#add({ kind: 'link', ns: notice.ns, netns, notice, heldNs });
  }

  change(event: ChangeEvent): void {
    this.#add({ kind: 'change', ns: BigInt(event.monotonicNs), event });
  }

  decision(decision: Kept, of: Evidence): void {
    decision[evidence] = of;
  }

  // who keeps decisions hears of these in the stream
  start(): void {}
  lost(): void {}
  end(): void {}

  #add(happening: Happening): void {
    this.#happenings.push(happening);
    if (this.#happenings.length < 2 * mostHappenings) return;
    const newest = new Set(this.#newest.values());
    const from = this.#happenings.length - mostHappenings;
    this.#happenings = this.#happenings.filter((one, i) => i >= from || newest.has(one));
  }
}
