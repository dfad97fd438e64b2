import { Folder } from '../decision/fold.js';
import { isNeighbourEvent } from '../decision/neighbour/types.js';
import type { Decision } from '../decision/types.js';
import type { ChangeEvent, EndEvent, StreamEvent } from '../stream/events.js';
import { withFolded } from '../stream/folded.js';
import { Chunk } from '../view/chunk.js';
import { EventJson } from '../view/json.js';
import type { LineView } from '../view/line.js';
import type { Output } from './output.js';

/** Events in, text out. */
export interface Teller {
  /** '' for an event that is not told, or not now. */
  event(event: StreamEvent): string;
  /** The same, into what is written next. */
  append?(event: StreamEvent, to: Chunk): void;
  /** Whether such a decision is only counted, to be told with the rest: it is not folded then. */
  onlyCounts(decision: Decision): boolean;
  /** What was only counted: asked for now and then, and at the end. */
  rest(): string;
}

/** One JSON object a line. */
export function jsonTeller(): Teller {
  const json = new EventJson();
  return {
    event: (event) => `${json.of(event)}\n`,
    append: (event, to) => json.line(event, to),
    onlyCounts: () => false,
    rest: () => '',
  };
}

/** Decisions as text for people. What is lost and how it ended is told elsewhere. */
export class TextTeller implements Teller {
  readonly #view: LineView;
  readonly #silentOnes: boolean;
  /** By reason. */
  readonly #silent = new Map<string, number>();
  #silentTime = '';
  /** Who changed routes by messages, and what of it was not shown. */
  readonly #busy = new Map<string, { shownNs: bigint; count: number; last: ChangeEvent }>();

  /** @param silentOnes tell silent decisions one by one, not as a count */
  constructor(view: LineView, silentOnes: boolean) {
    this.#view = view;
    this.#silentOnes = silentOnes;
  }

  event(event: StreamEvent): string {
    if (event.schema === 'arpwhy.fold/1') return this.#view.fold(event);
    if (event.schema === 'arpwhy.change/1') return this.#change(event);
    if (isNeighbourEvent(event)) return this.#view.neighbour(event);
    if (event.schema !== 'arpwhy.decision/1') return '';
    if (!this.onlyCounts(event)) return this.#view.decision(event);
    const { reason } = event.verdict;
    this.#silent.set(reason, (this.#silent.get(reason) ?? 0) + 1);
    this.#silentTime = event.time;
    return '';
  }

  /** A routing daemon may change routes all the time: of each one a change a second is shown, the others are counted. */
  #change(event: ChangeEvent): string {
    const who = event.cause?.kind === 'message' ? event.process : null;
    if (!who) return this.#view.change(event);
    const key = `${event.netns.inode} ${who.name} ${who.pid}`;
    const ns = BigInt(event.monotonicNs);
    const busy = this.#busy.get(key);
    if (busy && ns - busy.shownNs < restNs) {
      busy.count += event.changes.length + event.more;
      busy.last = event;
      return '';
    }
    if (busy) busy.shownNs = ns;
    else if (this.#busy.size < mostBusy) this.#busy.set(key, { shownNs: ns, count: 0, last: event });
    return this.#view.change(event);
  }

  onlyCounts({ verdict }: Decision): boolean {
    return !this.#silentOnes && verdict.action === 'silent' && verdict.reason !== 'unknown';
  }

  rest(): string {
    let text = '';
    for (const [key, busy] of this.#busy) {
      if (busy.count > 0) text += this.#view.moreChanges(busy.last, busy.count);
      else this.#busy.delete(key);
      busy.count = 0;
    }
    if (this.#silent.size === 0) return text;
    text += this.#view.silent(this.#silentTime, this.#silent);
    this.#silent.clear();
    return text;
  }
}

/** Of one process's changes so many nanoseconds lie between two that are shown. */
const restNs = 1_000_000_000n;
const mostBusy = 1000;
/** Counts of decisions that are not told one by one are told this often. */
const restMs = 5000;
/** So much text is written at a time: memory for more would be mapped anew each time, and the event loop held up. */
const mostAtOnce = 1 << 16;
/** Windows of folding are looked after this often. */
const foldMs = 250;

/**
 * Write events as they come, batch by batch; what is folded or only counted in between, by the clock.
 * @param notice sees each event before it is told or folded
 * @returns the end event as it was told; null when the stream had none
 */
export async function tell(
  batches: AsyncIterable<StreamEvent[]>,
  teller: Teller,
  output: Output,
  { fold, notice }: { fold: boolean; notice?: (event: StreamEvent) => void },
): Promise<EndEvent | null> {
  const folder = fold ? new Folder() : null;
  const folds = (list: StreamEvent[]) => list.map((event) => teller.event(event)).join('');
  const timers = [setInterval(() => void output.write(teller.rest()), restMs)];
  if (folder) timers.push(setInterval(() => void output.write(folds(folder.due(performance.now()))), foldMs));
  const chunk = new Chunk();
  const append = (event: StreamEvent) => {
    if (teller.append) teller.append(event, chunk);
    else chunk.text(teller.event(event));
  };
  let end: EndEvent | null = null;
  try {
    for await (const batch of batches) {
      const now = performance.now();
      for (const event of batch) {
        notice?.(event);
        if (event.schema === 'arpwhy.decision/1') {
          const folded = folder && !teller.onlyCounts(event) && !folder.add(event, now);
          if (!folded) append(event);
        } else if (event.schema === 'arpwhy.end/1') {
          end = folder ? withFolded(event, folder.folded) : event;
          chunk.text(`${folds(folder?.rest() ?? [])}${teller.rest()}`);
          append(end);
        } else {
          append(event);
        }
        if (chunk.length >= mostAtOnce) await output.writeBytes(chunk.take());
      }
      await output.writeBytes(chunk.take());
    }
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
  return end;
}
