import { isDeepStrictEqual } from 'node:util';
import type { Solicitation } from '../decision/neighbour/types.js';
import type { Decision } from '../decision/types.js';
import { ArpwhyError } from '../errors.js';
import type { Lab } from '../lab/lab.js';
import { sendPacket, whoHas } from '../lab/requests.js';
import type { Expectation, LabStep, QuestionExpectation } from '../lab/topology.js';
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

/** What was expected of the router's own question, and what it asked. */
export interface PlayedQuestion {
  step: string;
  expected: QuestionExpectation;
  solicitation: Solicitation;
}

/** Three tries of the kernel, a second apart, and what it takes to tell of them. */
const questionMs = 6000;

/** Plays the steps of a lab while its router is traced: applies a step, sends its requests, takes the decisions. */
export class Player {
  readonly #lab: Lab;
  readonly #stream: LiveStream;
  readonly #arrivals: Arrivals<Decision>;
  readonly #questions: Arrivals<Solicitation>;

  constructor(lab: Lab, stream: LiveStream) {
    this.#lab = lab;
    this.#stream = stream;
    this.#arrivals = new Arrivals(stream.events(), (event) =>
      event.schema === 'arpwhy.decision/1' ? [event.request.target.ip ?? '', event] : null,
    );
    this.#questions = new Arrivals(stream.events(), (event) =>
      event.schema === 'arpwhy.solicitation/1' ? [event.packet?.target ?? '', event] : null,
    );
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

  /**
   * Send the packets of a step that make the router ask; the stream has to tell solicitations.
   * @throws {ArpwhyError} `lab` when it asks nothing
   */
  async *questions(step: LabStep): AsyncGenerator<PlayedQuestion> {
    for (const expected of step.asks ?? []) {
      const arrival = this.#questions.next(expected.to, questionMs);
      await sendPacket(this.#lab, expected.from, expected.to);
      const solicitation = await arrival;
      if (!solicitation) throw new ArpwhyError('lab', `the router asked nothing about ${expected.to}`);
      yield { step: step.name, expected, solicitation };
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
  return (
    decision.verdict.action === expected.action &&
    decision.verdict.reason === expected.reason &&
    isDeepStrictEqual(becauseOf(decision), expected.because)
  );
}

function becauseOf({ because, steps }: Pick<Decision, 'because' | 'steps'>) {
  const step = because === null ? null : (steps[because] ?? null);
  return (
    step && {
      prefix: step.route?.prefix,
      device: step.route?.device?.name,
      table: step.table?.id,
      rule: step.rule?.priority ?? null,
    }
  );
}

/** Whether the router asked as the lab's step expects, down to the route and the rule. */
export function askedAsExpected({ expected, solicitation }: PlayedQuestion): boolean {
  return (
    solicitation.end.outcome === expected.outcome &&
    solicitation.cause.code === expected.cause &&
    solicitation.device.name === expected.device &&
    isDeepStrictEqual(becauseOf(solicitation), expected.because)
  );
}

/** Hands out events to whoever waits for their target. */
class Arrivals<T> {
  readonly #waiting = new Map<string, (event: T) => void>();
  /** The target of an event and the event; null for one that nobody waits for. */
  readonly #pick: (event: StreamEvent) => [string, T] | null;

  constructor(events: AsyncIterable<StreamEvent>, pick: (event: StreamEvent) => [string, T] | null) {
    this.#pick = pick;
    void this.#read(events);
  }

  /** The next one about this target; null when none comes in time. */
  next(target: string, forMs = patienceMs): Promise<T | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(target);
        resolve(null);
      }, forMs);
      this.#waiting.set(target, (event) => {
        clearTimeout(timer);
        resolve(event);
      });
    });
  }

  async #read(events: AsyncIterable<StreamEvent>): Promise<void> {
    for await (const event of events) {
      const picked = this.#pick(event);
      if (!picked) continue;
      const [target, of] = picked;
      this.#waiting.get(target)?.(of);
      this.#waiting.delete(target);
    }
  }
}
