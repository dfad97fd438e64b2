import { isDeepStrictEqual } from 'node:util';
import type { Decision } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import type { Lab } from '../lab/lab.js';
import { whoHas } from '../lab/requests.js';
import type { Expectation, LabStep } from '../lab/topology.js';
import type { StreamEvent } from '../stream/events.js';
import type { LiveStream } from '../stream/live.js';

/** A deferred reply comes within 0.8 s; judging it takes a few milliseconds more. */
const patienceMs = 2000;
/** A frame may be lost on its way, and so may what a hook should have seen of it: hosts ask again too. */
const tries = 3;

/** What was expected of one request of a lab's step, and what the kernel decided. */
export interface Played {
  step: string;
  expected: Expectation;
  decision: Decision;
}

/** Plays the steps of a lab while its router is traced: applies a step, sends its requests, takes the decisions. */
export class Player {
  readonly #lab: Lab;
  readonly #stream: LiveStream;
  readonly #arrivals: Arrivals;

  constructor(lab: Lab, stream: LiveStream) {
    this.#lab = lab;
    this.#stream = stream;
    this.#arrivals = new Arrivals(stream.events());
  }

  /** Bring the lab into the state of a step, and wait until what is decided from now on can be proven. */
  async apply(name: string): Promise<LabStep> {
    const step = await this.#lab.step(name);
    await this.#stream.settled();
    return step;
  }

  /**
   * Send the requests of a step one by one, as the lab's hosts do.
   * @throws {ArpwhyError} `lab` when no decision comes
   */
  async *requests(step: LabStep): AsyncGenerator<Played> {
    for (const expected of step.expect) {
      yield { step: step.name, expected, decision: await this.#ask(expected) };
    }
  }

  async #ask(expected: Expectation): Promise<Decision> {
    for (let tried = 0; tried < tries; tried++) {
      const arrival = this.#arrivals.next(expected.target);
      await whoHas(this.#lab, expected.from, expected.target);
      const decision = await arrival;
      if (decision) return decision;
    }
    throw new ArpwhyError('lab', `no decision about ${expected.target} came, in ${tries} tries`);
  }
}

/** Whether a decision is what the lab's step expects, down to the route and the rule. */
export function asExpected({ expected, decision }: Played): boolean {
  const step = decision.because === null ? null : (decision.steps[decision.because] ?? null);
  const because = step && {
    prefix: step.route?.prefix,
    device: step.route?.device?.name,
    table: step.table?.id,
    rule: step.rule?.priority ?? null,
  };
  return (
    decision.verdict.action === expected.action &&
    decision.verdict.reason === expected.reason &&
    isDeepStrictEqual(because, expected.because)
  );
}

/** Hands out decisions to whoever waits for their target. */
class Arrivals {
  readonly #waiting = new Map<string, (decision: Decision) => void>();

  constructor(events: AsyncIterable<StreamEvent>) {
    void this.#read(events);
  }

  /** The next decision about this target; null when none comes in time. */
  next(target: string): Promise<Decision | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(target);
        resolve(null);
      }, patienceMs);
      this.#waiting.set(target, (decision) => {
        clearTimeout(timer);
        resolve(decision);
      });
    });
  }

  async #read(events: AsyncIterable<StreamEvent>): Promise<void> {
    for await (const event of events) {
      if (event.schema !== 'arpwhy.decision/1') continue;
      const target = event.request.target.ip ?? '';
      this.#waiting.get(target)?.(event);
      this.#waiting.delete(target);
    }
  }
}
