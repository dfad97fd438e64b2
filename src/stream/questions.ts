import { isByTimer } from '../decision/neighbour/causes.js';
import type { AskedSeen, ForPacketSeen } from '../decision/neighbour/record.js';
import type { Solicitation } from '../decision/neighbour/types.js';

/** An answer to a question from user space, or to an announcement, is waited for so long, and one to the kernel's own. */
const patienceOfUsersMs = 1000;
const patienceMs = 5000;
/** An entry that was found resolved is told by what resolved it, which comes this soon. */
const resolvedMs = 100;

/** A who-has that has not ended, with its repetitions. */
export interface Question {
  key: number;
  asked: AskedSeen;
  sent: { ns: bigint; cast: 'broadcast' | 'unicast' }[];
  /** Of the records of `sent`. */
  ids: number[];
  packet: ForPacketSeen | null;
  /** The state that the timer which sent it left the entry in; null where it was none, or was not seen. */
  timerState: number | null;
  /** performance.now() */
  until: number;
  /** Its entry was found resolved, and not by what. */
  resolvedMac: string | null;
}

export type Ending = Partial<Solicitation['end']> & Pick<Solicitation['end'], 'outcome'>;

/** Who-has of this host that have not ended: the kernel's own, one for an entry, and those of programs. */
export class Questions {
  readonly #ofKernel = new Map<number, Question>();
  readonly #ofUsers = new Map<number, Question>();
  readonly #byId = new Map<number, Question>();
  readonly #onEnd: (question: Question, end: Ending) => void;

  constructor(onEnd: (question: Question, end: Ending) => void) {
    this.#onEnd = onEnd;
  }

  /** The kernel's own for an entry. */
  get(key: number): Question | undefined {
    return this.#ofKernel.get(key);
  }

  ofUser(key: number): Question | undefined {
    return this.#ofUsers.get(key);
  }

  /** The one whose first who-has has this id. */
  byId(id: number): Question | undefined {
    const question = this.#byId.get(id);
    return question?.asked.id === id ? question : undefined;
  }

  add(key: number, seen: AskedSeen): void {
    const open = seen.bySocket ? this.#ofUsers : this.#ofKernel;
    const former = open.get(key);
    const isLasting = !seen.bySocket && seen.arp.senderIp !== seen.arp.targetIp;
    const until = performance.now() + (isLasting ? patienceMs : patienceOfUsersMs);
    const sent = { ns: seen.endNs, cast: castOf(seen) };
    if (former && isByTimer(seen)) {
      former.sent.push(sent);
      former.ids.push(seen.id);
      former.until = until;
      this.#byId.set(seen.id, former);
      return;
    }
    if (former) this.end(former, { outcome: 'unanswered' });
    const question: Question = {
      key,
      asked: seen,
      sent: [sent],
      ids: [seen.id],
      packet: null,
      timerState: null,
      until,
      resolvedMac: null,
    };
    open.set(key, question);
    this.#byId.set(seen.id, question);
  }

  /** Its entry holds a MAC, and what told it so is still to be told. */
  resolved(question: Question, mac: string): void {
    question.resolvedMac = mac;
    question.until = Math.min(question.until, performance.now() + resolvedMs);
  }

  end(question: Question, end: Ending): void {
    (question.asked.bySocket ? this.#ofUsers : this.#ofKernel).delete(question.key);
    for (const id of question.ids) this.#byId.delete(id);
    this.#onEnd(question, end);
  }

  /** End what has been waited for long enough. */
  tick(now: number): void {
    for (const open of [this.#ofKernel, this.#ofUsers]) {
      for (const question of open.values()) {
        if (now < question.until) continue;
        const { resolvedMac } = question;
        if (resolvedMac === null) this.end(question, { outcome: 'unanswered' });
        else this.end(question, { outcome: 'answered', mac: resolvedMac });
      }
    }
  }

  /** End all, or all of some entries. */
  endAll(end: Ending, which: (key: number) => boolean = () => true): void {
    for (const open of [this.#ofKernel, this.#ofUsers]) {
      for (const question of open.values()) if (which(question.key)) this.end(question, end);
    }
  }
}

export function castOf({ arp }: AskedSeen): 'broadcast' | 'unicast' {
  return arp.destination === 'ff:ff:ff:ff:ff:ff' ? 'broadcast' : 'unicast';
}
