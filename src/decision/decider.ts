import { decide, type Surroundings } from './decide.js';
import type { Decision, NameTables, Pass, Proof, Request } from './types.js';

/** What the namespace of a request adds to its decision. */
export interface DeciderNamespace {
  name: string | null;
  /** Names as they were at this pass. */
  namesAt(pass: Pass, proof: Proof | null): NameTables;
  /** Another one whenever names of tables or protocols may have changed. */
  names: object;
}

interface Remembered {
  /** The content of the pass that deferred the request; null where there was none. */
  first: object | null;
  proof: Proof | null;
  namespaceName: string | null;
  names: object;
  started: boolean;
  decision: Decision;
}

/**
 * Makes decisions, and remembers each by the content of its passes: a request that the kernel judged alike, under the
 * same proof, is told alike but for its id and times. Such decisions share their parts: `steps`, `request` and the
 * rest are the same objects, so whoever derives something of them may remember it by them.
 */
export class Decider {
  readonly #around: Omit<Surroundings, 'netnsName' | 'names'>;
  readonly #remembered = new WeakMap<object, Remembered>();

  constructor(around: Omit<Surroundings, 'netnsName' | 'names'>) {
    this.#around = around;
  }

  decide(request: Request, proof: Proof | null, namespace: DeciderNamespace): Decision {
    const { pass, first } = request;
    const known = this.#remembered.get(pass.alike);
    if (
      known &&
      known.proof === proof &&
      known.first === (first?.alike ?? null) &&
      known.started === (pass.startNs !== null) &&
      (known.decision.verdict.deferredNs === null) === (pass.firstNs === null || pass.startNs === null) &&
      known.names === namespace.names &&
      known.namespaceName === namespace.name
    ) {
      return this.#again(request, known.decision);
    }
    const decision = decide(request, proof, {
      ...this.#around,
      netnsName: namespace.name,
      names: namespace.namesAt(pass, proof),
    });
    // names of devices come from the proof; without one they may be others the next time, where there are steps to name
    if (proof !== null || pass.lookups.length === 0) {
      this.#remembered.set(pass.alike, {
        first: first?.alike ?? null,
        proof,
        namespaceName: namespace.name,
        names: namespace.names,
        started: pass.startNs !== null,
        decision,
      });
    }
    return decision;
  }

  /** What {@link decide} would say of it, in the same order. */
  #again({ id, pass }: Request, known: Decision): Decision {
    const start = pass.startNs ?? pass.endNs;
    const { verdict, reply } = known;
    return {
      schema: known.schema,
      id,
      host: known.host,
      time: this.#around.wallTime(start),
      monotonicNs: this.#around.digits(start),
      tier: known.tier,
      netns: known.netns,
      device: known.device,
      request: known.request,
      steps: known.steps,
      because: known.because,
      verdict:
        verdict.deferredNs === null || pass.firstNs === null || pass.startNs === null
          ? verdict
          : { ...verdict, deferredNs: Number(pass.startNs - pass.firstNs) },
      reply:
        reply === null || pass.reply === null || pass.startNs === null
          ? reply
          : { mac: reply.mac, latencyNs: Number(pass.reply.ns - pass.startNs) },
      settings: known.settings,
      neighbours: known.neighbours,
      stamps: known.stamps,
      cut: known.cut,
      unknown: known.unknown,
    };
  }
}
