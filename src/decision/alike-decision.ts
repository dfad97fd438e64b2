import { inspect } from 'node:util';
import { formatIp } from './addresses.js';
import { type SecondsText, textOf } from './seconds.js';
import type { Decision, Ipv4, Pass, Request } from './types.js';

/** What decisions that are told from others share. */
export interface Telling {
  /** The time of day, RFC 3339 in UTC. */
  wall: SecondsText;
  /** The same moment in digits. */
  monotonic: SecondsText;
  requestOf(pass: Pass): Decision['request'];
}

/**
 * A decision that says what another one said, of another request: ids, times and addresses alone differ. These are
 * made when they are asked for: in a storm most are counted or written as bytes, and never are text. What it shares
 * with the other one are the same objects. Its fields are no own properties: to copy it, take {@link toJSON}.
 */
export class AlikeDecision implements Decision {
  /** What it says the same as, and the frame of that one's request. */
  readonly like: Decision;
  readonly likeFrame: Pass['frame'];
  readonly of: Request;
  readonly telling: Telling;
  #time: string | null = null;
  #monotonicNs: string | null = null;
  #reply: Decision['reply'] | undefined;

  constructor(like: Decision, likeFrame: Pass['frame'], of: Request, telling: Telling) {
    this.like = like;
    this.likeFrame = likeFrame;
    this.of = of;
    this.telling = telling;
  }

  get schema(): Decision['schema'] {
    return this.like.schema;
  }

  get id(): string {
    return this.of.id;
  }

  get host(): string {
    return this.like.host;
  }

  get time(): string {
    this.#time ??= textOf(this.telling.wall, this.ns);
    return this.#time;
  }

  get monotonicNs(): string {
    this.#monotonicNs ??= textOf(this.telling.monotonic, this.ns);
    return this.#monotonicNs;
  }

  get tier(): Decision['tier'] {
    return this.like.tier;
  }

  get netns(): Decision['netns'] {
    return this.like.netns;
  }

  get device(): Decision['device'] {
    return this.like.device;
  }

  get request(): Decision['request'] {
    const { pass } = this.of;
    return pass.frame === this.likeFrame ? this.like.request : this.telling.requestOf(pass);
  }

  get steps(): Decision['steps'] {
    return this.like.steps;
  }

  get because(): number | null {
    return this.like.because;
  }

  get verdict(): Decision['verdict'] {
    const { verdict } = this.like;
    const { deferredNs } = this;
    return deferredNs === null ? verdict : { ...verdict, deferredNs };
  }

  get reply(): Decision['reply'] {
    if (this.#reply === undefined) {
      const { reply } = this.like;
      const { latencyNs } = this;
      this.#reply = reply === null || latencyNs === null ? reply : { mac: reply.mac, latencyNs };
    }
    return this.#reply;
  }

  get settings(): Decision['settings'] {
    return this.like.settings;
  }

  get neighbours(): Decision['neighbours'] {
    const { neighbours } = this.like;
    if (this.sharesNeighbours) return neighbours;
    const ip = formatIp(this.of.pass.frame.senderIp);
    return neighbours.map((change) => ({ ...change, ip }));
  }

  get stamps(): Decision['stamps'] {
    return this.like.stamps;
  }

  get cut(): number {
    return this.like.cut;
  }

  get unknown(): string[] {
    return this.like.unknown;
  }

  /** CLOCK_MONOTONIC: that of {@link monotonicNs}. */
  get ns(): bigint {
    const { pass } = this.of;
    return pass.startNs ?? pass.endNs;
  }

  /** What the verdict says; null where it was not deferred, or the other one says it too. */
  get deferredNs(): number | null {
    const { startNs, firstNs } = this.of.pass;
    if (this.like.verdict.deferredNs === null || firstNs === null || startNs === null) return null;
    return Number(startNs - firstNs);
  }

  /** What the reply says; null where the reply is what the other one says. */
  get latencyNs(): number | null {
    const { startNs, reply } = this.of.pass;
    if (this.like.reply === null || reply === null || startNs === null) return null;
    return Number(reply.ns - startNs);
  }

  get sharesNeighbours(): boolean {
    return this.like.neighbours.length === 0 || this.of.pass.frame.senderIp === this.likeFrame.senderIp;
  }

  /** All fields as own properties, in the order of the contract. */
  toJSON(): Decision {
    const { like } = this;
    return {
      schema: like.schema,
      id: this.id,
      host: like.host,
      time: this.time,
      monotonicNs: this.monotonicNs,
      tier: like.tier,
      netns: like.netns,
      device: like.device,
      request: this.request,
      steps: like.steps,
      because: like.because,
      verdict: this.verdict,
      reply: this.reply,
      settings: like.settings,
      neighbours: this.neighbours,
      stamps: like.stamps,
      cut: like.cut,
      unknown: like.unknown,
    };
  }

  [inspect.custom](): Decision {
    return this.toJSON();
  }
}

/** A decision that all of these have in common: the one that it is told from, or itself. */
export function likeOf(decision: Decision): Decision {
  return decision instanceof AlikeDecision ? decision.like : decision;
}

/** The addresses of a request, without making text of them; null where they are not known. */
export function addressesOf(
  decision: Decision,
  parse: (text: string) => Ipv4 | null,
): {
  target: Ipv4 | null;
  sender: Ipv4 | null;
} {
  if (decision instanceof AlikeDecision) {
    const { request } = decision.like;
    const { targetIp, senderIp } = decision.of.pass.frame;
    return {
      target: request.target.ip === null ? null : targetIp,
      sender: request.sender.ip === null ? null : senderIp,
    };
  }
  const { target, sender } = decision.request;
  return {
    target: target.ip === null ? null : parse(target.ip),
    sender: sender.ip === null ? null : parse(sender.ip),
  };
}
