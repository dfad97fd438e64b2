import { AlikeDecision, type Telling } from './alike-decision.js';
import { decide, requestOf, type Surroundings } from './decide.js';
import { freezeParts } from './freeze.js';
import { Intervals } from './intervals.js';
import { textOf } from './seconds.js';
import type { Decision, Ipv4, NameTables, Pass, Proof, Request, Snapshot } from './types.js';

export type DeciderClock = Pick<Telling, 'wall' | 'monotonic'>;

/** What the namespace of a request adds to its decision. */
export interface DeciderNamespace {
  name: string | null;
  /** Names as they were at this pass. */
  namesAt(pass: Pass, proof: Proof | null): NameTables;
  /** Another one whenever names of tables or protocols may have changed. */
  names: object;
}

interface Remembered {
  /** What the pass that deferred the request is alike to; null where there was none. */
  first: object | null;
  proof: Proof | null;
  namespaceName: string | null;
  names: object;
  started: boolean;
  /** Whose decision it is. */
  frame: Pass['frame'];
  decision: Decision;
}

/** Passes that the kernel judged alike. */
interface Kin {
  /** The longest prefix that was seen to match, 0 where none was. */
  longestSeen: number;
  /** By the kinds of target and sender. */
  known: Map<number, Map<number, Remembered>>;
}

/** When more decisions than this are remembered, all of them are forgotten. */
const most = 16_384;
/** The parts of decisions that name addresses are remembered in so many places. */
const places = 4096;

/**
 * Makes decisions, and remembers them by what they were made of: passes that the kernel judged alike, under the same
 * proof, whose addresses lie in the same prefixes of it ({@link Intervals}). Such decisions differ in ids, times and
 * addresses alone, and share their other parts ({@link AlikeDecision}): whoever derives something of them may remember it
 * by these.
 */
export class Decider {
  readonly #around: Omit<Surroundings, 'netnsName' | 'names'>;
  readonly #telling: Telling;
  #kin = new WeakMap<object, Kin>();
  #count = 0;
  readonly #intervals = new WeakMap<Snapshot, Intervals>();
  readonly #plainIntervals = new Intervals(null);
  readonly #requests: { frame: Pass['frame']; request: Decision['request'] }[] = [];
  /** The addresses that came to each of these places last: what comes but once, as in a scan, is not kept there. */
  readonly #seen = new Int32Array(places);
  /** Of the request before. */
  #sender: Decision['request']['sender'] = { ip: null, mac: null };

  /** @param clock tells the times of decisions */
  constructor(
    around: Omit<Surroundings, 'netnsName' | 'names' | 'wallTime' | 'digits'>,
    clock: DeciderClock,
  ) {
    const { wall, monotonic } = clock;
    this.#around = {
      ...around,
      wallTime: (ns) => textOf(wall, ns),
      digits: (ns) => textOf(monotonic, ns),
    };
    this.#telling = { wall, monotonic, requestOf: (pass) => this.#requestOf(pass) };
  }

  decide(request: Request, proof: Proof | null, namespace: DeciderNamespace): Decision {
    const { pass, first } = request;
    const kin = this.#kinOf(pass);
    const intervals = this.#intervalsOf(proof);
    const { senderIp, targetIp } = pass.frame;
    const target = kindOf(targetIp, kin, intervals);
    // who asks for his own address is of another kind than all others
    const sender = senderIp === targetIp ? -1 : kindOf(senderIp, kin, intervals);
    const known = kin.known.get(target)?.get(sender);
    if (known && holds(known, request, proof, namespace))
      return new AlikeDecision(known.decision, known.frame, request, this.#telling);
    const decision = decide(request, proof, {
      ...this.#around,
      netnsName: namespace.name,
      names: namespace.namesAt(pass, proof),
    });
    // names of devices come from the proof; without one they may be others the next time, where there are steps to name
    if (proof !== null || pass.lookups.length === 0) {
      freezeParts(decision);
      this.#remember(kin, target, sender, {
        first: first?.alike ?? null,
        proof,
        namespaceName: namespace.name,
        names: namespace.names,
        started: pass.startNs !== null,
        frame: pass.frame,
        decision,
      });
      // whoever is handed it may do with it what he likes: others are told from the one that is kept
      return new AlikeDecision(decision, pass.frame, request, this.#telling);
    }
    return decision;
  }

  #kinOf(pass: Pass): Kin {
    let kin = this.#kin.get(pass.alike);
    if (!kin) {
      kin = {
        longestSeen: Math.max(0, ...pass.lookups.map(({ seen }) => seen?.prefixLength ?? 0)),
        known: new Map(),
      };
      this.#kin.set(pass.alike, kin);
    }
    return kin;
  }

  #remember(kin: Kin, target: number, sender: number, decision: Remembered): void {
    if (++this.#count > most) {
      this.#kin = new WeakMap();
      this.#count = 0;
    }
    let bySender = kin.known.get(target);
    if (!bySender) {
      bySender = new Map();
      kin.known.set(target, bySender);
    }
    bySender.set(sender, decision);
  }

  #intervalsOf(proof: Proof | null): Intervals | null {
    if (proof === null) return this.#plainIntervals;
    // an answer that was asked for is of one address
    if (Object.keys(proof.matches).length > 0) return null;
    let intervals = this.#intervals.get(proof.snapshot);
    if (!intervals) {
      intervals = new Intervals(proof.snapshot);
      this.#intervals.set(proof.snapshot, intervals);
    }
    return intervals;
  }

  #requestOf(pass: Pass): Decision['request'] {
    const flow = pass.frame.targetIp ^ pass.frame.senderIp;
    const place = flow & (places - 1);
    const known = this.#requests[place];
    if (known?.frame === pass.frame) return known.request;
    const request = requestOf(pass);
    const { ip, mac } = request.sender;
    if (this.#sender.ip === ip && this.#sender.mac === mac) request.sender = this.#sender;
    else this.#sender = request.sender;
    if (this.#seen[place] === flow) this.#requests[place] = { frame: pass.frame, request };
    this.#seen[place] = flow;
    return request;
  }
}

/** Whether what was remembered is true of this request, too. */
function holds(
  known: Remembered,
  { pass, first }: Request,
  proof: Proof | null,
  namespace: DeciderNamespace,
): boolean {
  return (
    known.proof === proof &&
    known.first === (first?.alike ?? null) &&
    known.started === (pass.startNs !== null) &&
    (known.decision.verdict.deferredNs === null) === (pass.firstNs === null || pass.startNs === null) &&
    (known.frame.destination === null) === (pass.frame.destination === null) &&
    known.names === namespace.names &&
    known.namespaceName === namespace.name
  );
}

/**
 * A number that addresses share for which everything is decided alike: their interval, and as much of the address as
 * the longest prefix that was seen to match covers.
 */
function kindOf(ip: Ipv4, { longestSeen }: Kin, intervals: Intervals | null): number {
  if (intervals === null) return ip;
  const interval = intervals.of(ip);
  return longestSeen === 0 ? interval : interval * 2 ** 32 + (ip >>> (32 - longestSeen));
}
