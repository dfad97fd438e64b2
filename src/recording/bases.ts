import { freezeParts } from '../decision/freeze.js';
import type { Decision } from '../decision/types.js';
import { bodyOf, isRecord, wholeRecord } from '../kernel/record-parts.js';
import { BaseText, type Own, ownOf } from './alike.js';
import type { RecordedEvent } from './events-from-json.js';
import { mostBaseBytes, mostBases } from './format.js';
import type { Parts } from './message.js';

interface Base {
  text: BaseText;
  json: Buffer;
  /** What its text says; read when the first decision refers to it. */
  decision: Decision | null;
  /** Of its wire record. */
  body: Buffer | null;
  evidence: Buffer | null;
}

/** A decision that was told by another one, as if it had been recorded by itself. */
export interface Told {
  decision: Decision;
  /** Its text, byte for byte. */
  bytes(): Buffer;
  record: Buffer | null;
  evidence: Buffer | null;
}

/** The decisions of a file that later ones refer to: as many as there are numbers, the newest of each. */
export class Bases {
  readonly #bases = new Map<number, Base>();
  /** Those whose text was parsed. */
  readonly #parsed: Base[] = [];
  readonly #read: (json: Buffer) => RecordedEvent | null;

  /** @param read what an event's text says; throws for what is none */
  constructor(read: (json: Buffer) => RecordedEvent | null) {
    this.#read = read;
  }

  keep(parts: Parts): void {
    if (parts.base === null) return;
    this.#bases.delete(parts.base);
    const size = parts.json.length + (parts.record?.length ?? 0) + (parts.evidence?.length ?? 0);
    if (parts.base >= mostBases || size > mostBaseBytes) return;
    const json = Buffer.from(parts.json);
    const text = BaseText.of(json);
    if (!text) return;
    // without a wire record that is whole its text tells others all the same
    const body = parts.record && isRecord(parts.record) ? Buffer.from(bodyOf(parts.record)) : null;
    const evidence = parts.evidence && Buffer.from(parts.evidence);
    this.#bases.set(parts.base, { text, json, decision: null, body, evidence });
  }

  /** Another file began. */
  clear(): void {
    this.#bases.clear();
  }

  /**
   * Null when the decision that it is told by was damaged or taken out, or is none that can tell it.
   * @throws {Error} when that one is no event
   */
  tell(parts: Parts): Told | null {
    const base = this.#bases.get(parts.alike as number);
    const own = ownOf(parts.json.toString('latin1'));
    if (!base || !own || base.text.own.id !== own.base || !base.text.tells(own)) return null;
    const like = this.#decisionOf(base);
    if (like?.verdict.action !== own.action || like.verdict.reason !== own.reason) return null;
    return {
      decision: toldBy(like, own),
      bytes: () => base.text.with(own),
      record:
        parts.record && isRecord(parts.record) && base.body ? wholeRecord(parts.record, base.body) : null,
      evidence: base.evidence,
    };
  }

  #decisionOf(base: Base): Decision | null {
    if (!base.decision) {
      const event = this.#read(base.json);
      if (event?.schema !== 'arpwhy.decision/1' || !says(event, base.text.own)) return null;
      if (this.#parsed.length >= mostParsed) for (const one of this.#parsed.splice(0)) one.decision = null;
      this.#parsed.push(base);
      base.decision = freezeParts(event);
    }
    return base.decision;
  }
}

/** What was parsed takes more memory than its text. */
const mostParsed = 1024;
const ownFields = 18;

/** What was cut out of the text is what was parsed. */
function says({ id, time, monotonicNs, request, reply }: Decision, own: Own): boolean {
  const latencyNs = reply?.latencyNs ?? null;
  return (
    id === own.id &&
    time === own.time &&
    monotonicNs === own.monotonicNs &&
    request.target.ip === own.target &&
    (latencyNs === null ? null : String(latencyNs)) === own.latencyNs
  );
}

/** Field by field: to spread an object that was parsed takes ten times as long. */
function toldBy(like: Decision, { id, time, monotonicNs, target, latencyNs }: Own): Decision {
  const { sender, destination, cast } = like.request;
  const told = {
    schema: like.schema,
    id,
    host: like.host,
    time,
    monotonicNs,
    tier: like.tier,
    netns: like.netns,
    device: like.device,
    request: { sender, target: { ip: target }, destination, cast },
    steps: like.steps,
    because: like.because,
    verdict: like.verdict,
    reply:
      like.reply && latencyNs !== null ? { mac: like.reply.mac, latencyNs: Number(latencyNs) } : like.reply,
    settings: like.settings,
    neighbours: like.neighbours,
    stamps: like.stamps,
    cut: like.cut,
    unknown: like.unknown,
  };
  // one of a later version may have more of them
  return Object.keys(like).length === ownFields ? told : { ...like, ...told };
}
