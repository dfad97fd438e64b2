import { isByTimer } from '../decision/neighbour/causes.js';
import type { AskedSeen, ForPacketSeen } from '../decision/neighbour/record.js';
import type { Solicitation } from '../decision/neighbour/types.js';

/** An answer to a question from user space, or to an announcement, is waited for so long, and one to the kernel's own. */
const patienceOfUsersMs = 1000;
const patienceMs = 5000;
/** What settled an entry comes this soon. */
const settledMs = 100;

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
  /** How it ends then, if nothing ends it before. */
  otherwise: Ending;
}

export type Ending = Partial<Solicitation['end']> & Pick<Solicitation['end'], 'outcome'>;

/**
 * Who-has of this host that have not ended: the kernel's own, one for an entry; and those that it keeps no entry for:
 * of programs, which may be several for one address, and announcements.
 */
export class Questions {
  readonly #ofEntries = new Map<number, Question>();
  readonly #others = new Map<number, Set<Question>>();
  readonly #byId = new Map<number, Question>();
  readonly #onEnd: (question: Question, end: Ending) => void;

  constructor(onEnd: (question: Question, end: Ending) => void) {
    this.#onEnd = onEnd;
  }

  /** The kernel's own for an entry. */
  get(key: number): Question | undefined {
    return this.#ofEntries.get(key);
  }

  /** Those that no entry is kept for, oldest first. */
  others(key: number): Iterable<Question> {
    return this.#others.get(key) ?? [];
  }

  /** The one whose first who-has has this id. */
  byId(id: number): Question | undefined {
    const question = this.#byId.get(id);
    return question?.asked.id === id ? question : undefined;
  }

  add(key: number, seen: AskedSeen): void {
    const lasts = isForEntry(seen);
    const former = lasts ? this.#ofEntries.get(key) : undefined;
    const until = performance.now() + (lasts ? patienceMs : patienceOfUsersMs);
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
      otherwise: { outcome: 'unanswered' },
    };
    if (lasts) this.#ofEntries.set(key, question);
    else this.#addOther(key, question);
    this.#byId.set(seen.id, question);
  }

  /** Its entry was seen to be settled: what settled it is told soon, or it ends so. */
  settled(question: Question, end: Ending): void {
    question.otherwise = end;
    question.until = Math.min(question.until, performance.now() + settledMs);
  }

  end(question: Question, end: Ending): void {
    const { key } = question;
    if (this.#ofEntries.get(key) === question) this.#ofEntries.delete(key);
    const others = this.#others.get(key);
    others?.delete(question);
    if (others?.size === 0) this.#others.delete(key);
    for (const id of question.ids) this.#byId.delete(id);
    this.#onEnd(question, end);
  }

  /** End what has been waited for long enough. */
  tick(now: number): void {
    for (const question of this.#ofEntries.values()) {
      if (now >= question.until) this.end(question, question.otherwise);
    }
    for (const others of this.#others.values()) {
      for (const question of others) {
        // all of these wait for the same time: those behind it came later, and a program may ask very often
        if (now < question.until) break;
        this.end(question, question.otherwise);
      }
    }
  }

  /** End all, or all of some entries. */
  endAll(end: Ending, which: (key: number) => boolean = () => true): void {
    for (const question of this.#all()) if (which(question.key)) this.end(question, end);
  }

  #addOther(key: number, question: Question): void {
    const others = this.#others.get(key);
    if (others) others.add(question);
    else this.#others.set(key, new Set([question]));
  }

  *#all(): Generator<Question> {
    yield* this.#ofEntries.values();
    for (const others of this.#others.values()) yield* others;
  }
}

/** Asked by a neighbour entry, which waits for the answer. */
function isForEntry(seen: AskedSeen): boolean {
  return !seen.bySocket && seen.arp.senderIp !== seen.arp.targetIp;
}

export function castOf({ arp }: AskedSeen): 'broadcast' | 'unicast' {
  return arp.destination === 'ff:ff:ff:ff:ff:ff' ? 'broadcast' : 'unicast';
}
