import type { Learning } from '../decision/neighbour/types.js';
import type { Decision } from '../decision/types.js';

/** An address that changed hands, as one host saw it. */
export interface Move {
  timeNs: bigint;
  learning: Learning;
  /** The decision that sent the reply, where its host was recorded too. */
  decision: Decision | null;
}

interface Reply {
  decision: Decision;
  timeNs: bigint;
}

const mostMoves = 300;
/** Replies that came since as many before them: these are forgotten together. */
const mostReplies = 10_000;
/** A reply is on its way for no longer; clocks of hosts may differ by as much. */
const nearNs = 2_000_000_000n;

/** Gathers addresses that changed hands, and who sent the replies, in bounded memory. */
export class Moves {
  readonly all: Move[] = [];
  /** Moves that were not kept. */
  more = 0;
  /** By what was asked, by whom, and what was answered. */
  #replies = new Map<string, Reply>();
  /** Those that came before these. */
  #earlier = new Map<string, Reply>();

  learning(learning: Learning, timeNs: bigint): void {
    if (!learning.moved) return;
    if (this.all.length < mostMoves) this.all.push({ timeNs, learning, decision: null });
    else this.more++;
    this.#join();
  }

  decision(decision: Decision, timeNs: bigint): void {
    const { request, reply } = decision;
    if (!reply) return;
    const key = `${request.target.ip} ${request.sender.ip} ${reply.mac}`;
    this.#replies.set(key, { decision, timeNs });
    if (this.#replies.size >= mostReplies) {
      this.#earlier = this.#replies;
      this.#replies = new Map();
    }
    if (this.all.length > 0) this.#join();
  }

  /** A decision may be told after what its reply did: it waits for its proof. */
  #join(): void {
    for (const move of this.all.slice(-20)) {
      if (move.decision) continue;
      const { claim } = move.learning;
      const key = `${claim.ip} ${claim.target.ip} ${claim.mac}`;
      const found = this.#replies.get(key) ?? this.#earlier.get(key);
      if (!found) continue;
      const apart = move.timeNs - found.timeNs;
      if (apart < nearNs && apart > -nearNs) move.decision = found.decision;
    }
  }
}
