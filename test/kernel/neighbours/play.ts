import { isNeighbourEvent, type NeighbourEventTold } from '../../../src/decision/neighbour/types.js';
import { LiveStream } from '../../../src/stream/live.js';
import { validateEvent } from '../../schema.js';
import type { World } from '../scenarios/world.js';
import { brief } from './brief.js';
import type { Row } from './row.js';
import { steps } from './steps.js';

/** A trace whose events of neighbours are kept, each held against the contract. */
export class NeighbourWatch {
  readonly stream: LiveStream;
  readonly #patienceMs: number;
  readonly #events: NeighbourEventTold[] = [];
  #failed: unknown = null;

  /** @param patienceMs a row's events are waited for so long: the kernel gives up asking within a second in them */
  constructor(patienceMs = 5000) {
    this.#patienceMs = patienceMs;
    this.stream = LiveStream.open({ kinds: ['learning', 'solicitation', 'neighbour'], patienceMs });
    this.#collect().catch((error: unknown) => {
      this.#failed = error;
    });
  }

  /** Take the steps of a row, and return what was told of the router, briefly: nothing else appeared. */
  async play(world: World, row: Row): Promise<{ texts: string[]; events: NeighbourEventTold[] }> {
    await this.stream.settled();
    // what the setup asked for may be told later
    const from = process.hrtime.bigint();
    await steps(world, row.steps);
    const kinds = (row.kinds ?? ['learning']).map((kind) => `arpwhy.${kind}/1`);
    const told = () =>
      this.#events.filter(
        ({ schema, netns, monotonicNs }) =>
          kinds.includes(schema) && netns.name === world.router && BigInt(monotonicNs) >= from,
      );
    const deadline = Date.now() + this.#patienceMs + (row.slowMs ?? 0);
    while (told().length < row.expect.length && Date.now() < deadline) await this.stream.settled(100);
    await this.stream.settled();
    await this.stream.settled();
    if (this.#failed) throw this.#failed;
    return { texts: told().map(brief), events: told() };
  }

  /** @throws {Error} when records were lost, or the end is not valid */
  async stop(): Promise<void> {
    const end = await this.stream.stop('closed');
    validateEvent(end);
    if (end.neighbours?.lost !== 0) throw new Error(`lost ${end.neighbours?.lost} records`);
  }

  async #collect(): Promise<void> {
    for await (const event of this.stream.events()) {
      validateEvent(event);
      if (isNeighbourEvent(event)) this.#events.push(event);
    }
  }
}

/** What differs from the expectation, in words; empty when nothing does. */
export function unlike(texts: readonly string[], expected: Row['expect']): string[] {
  const wrong = expected.flatMap((one, i) => {
    const text = texts[i] ?? 'nothing';
    return (typeof one === 'string' ? text === one : one.test(text)) ? [] : [`told ${text}, expected ${one}`];
  });
  return [...wrong, ...texts.slice(expected.length).map((text) => `told ${text}, expected nothing more`)];
}
