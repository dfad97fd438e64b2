import type { Decision } from '../../../src/decision/types.js';
import type { ChangeEvent, StreamEvent } from '../../../src/stream/events.js';
import { type LiveOptions, LiveStream } from '../../../src/stream/live.js';
import type { Row } from './row.js';
import type { World } from './world.js';

/** A trace whose decisions are kept. */
export class Watch {
  readonly stream: LiveStream;
  readonly decisions: Decision[] = [];
  readonly changes: ChangeEvent[] = [];
  /** What ended the reading of events too early: without them no row can pass. */
  failed: unknown = null;

  readonly #validate: (event: StreamEvent) => void;

  /** @param validate what holds each event against the contract */
  constructor(options: LiveOptions, validate: (event: StreamEvent) => void) {
    this.#validate = validate;
    this.stream = LiveStream.open(options);
    this.#collect().catch((error: unknown) => {
      this.failed = error;
    });
  }

  async stop(): Promise<void> {
    this.#validate(await this.stream.stop('closed'));
  }

  async #collect(): Promise<void> {
    for await (const event of this.stream.events()) {
      this.#validate(event);
      if (event.schema === 'arpwhy.decision/1') this.decisions.push(event);
      else if (event.schema === 'arpwhy.change/1') this.changes.push(event);
    }
  }
}

/**
 * Send what the row sends; return what each of the traces saw its router decide.
 * @param deadlineMs how long decisions may take after the traffic
 */
export async function play(
  world: World,
  row: Row,
  watches: readonly Watch[],
  deadlineMs = 5000,
): Promise<Decision[][]> {
  const settled = () => Promise.all(watches.map(({ stream }) => stream.settled(2000, world.router)));
  await settled();
  const seenBefore = watches.map(({ stream }) => stream.seen());
  const alongside: Promise<void>[] = [];
  for (const traffic of row.traffic ?? [{}]) {
    if (traffic.alongside) alongside.push(world.send(traffic));
    else await world.send(traffic);
  }
  await Promise.all(alongside);
  await world.lines(row.afterwards ?? []);
  const ofRouter = () =>
    watches.map(({ decisions }) => decisions.filter(({ netns }) => netns.name === world.router));
  const deadline = Date.now() + deadlineMs;
  while (ofRouter().some((all) => all.length < row.expect.length) && Date.now() < deadline) await settled();
  for (const [i, { failed, stream }] of watches.entries()) {
    if (failed) throw failed;
    // Nothing else appears: all that the kernel has opened by now has been told.
    if (stream.seen() === seenBefore[i] && row.expect.length > 0)
      throw new Error('the kernel side saw no request at all');
  }
  await settled();
  await settled();
  return ofRouter();
}
