import type { Decision } from '../decision/types.js';
import { timePattern } from './events-from-json.js';

/**
 * Decisions that say what another one said, of another address at another time: in a flood nearly all do. Of these a
 * recording holds what is their own, and which decision says the rest.
 */
export interface Own {
  id: string;
  /** RFC 3339, with nanoseconds. */
  time: string;
  monotonicNs: string;
  target: string;
  /** null where there was no reply, or none whose latency is known. */
  latencyNs: string | null;
}

/** What {@link shortJson} says. */
export interface Short extends Own {
  /** The id of the decision that says the rest. */
  base: string;
  action: string;
  reason: string;
}

/** The event as it is recorded: what is its own, and, for who reads the file with other tools, the verdict. */
export function shortJson(decision: Decision, base: string): string {
  const { schema, id, time, monotonicNs, request, verdict, reply } = decision;
  return JSON.stringify({
    schema,
    id,
    alike: base,
    time,
    monotonicNs,
    request: { target: { ip: request.target.ip } },
    verdict: { action: verdict.action, reason: verdict.reason },
    reply: reply && { latencyNs: reply.latencyNs },
  });
}

/** Plain ASCII, which JSON has as it is. */
const text = '[ !#-\\[\\]-~]+';
/** Its groups do not capture. */
const time = timePattern.source.slice(1, -1).replaceAll('(', '(?:');
const shortPattern = new RegExp(
  [
    `^\\{"schema":"arpwhy\\.decision/1","id":"(${text})","alike":"(${text})"`,
    `,"time":"(${time})","monotonicNs":"(\\d{1,20})"`,
    `,"request":\\{"target":\\{"ip":"(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})"\\}\\}`,
    `,"verdict":\\{"action":"(${text})","reason":"(${text})"\\}`,
    `,"reply":(?:null|\\{"latencyNs":(null|-?\\d{1,16})\\})\\}$`,
  ].join(''),
);

/** What {@link shortJson} made; null for any other text. */
export function ownOf(json: string): Short | null {
  const [, id, base, time, monotonicNs, target, action, reason, latencyNs] = shortPattern.exec(json) ?? [];
  if (!id || !base || !time || !monotonicNs || !target || !action || !reason) return null;
  return {
    id,
    base,
    time,
    monotonicNs,
    target,
    action,
    reason,
    latencyNs: latencyNs === 'null' ? null : (latencyNs ?? null),
  };
}

/** The text of a decision, cut at what others that are like it have for themselves. */
export class BaseText {
  readonly id: string;
  /** One more than there are values of their own. */
  readonly #parts: readonly Buffer[];
  readonly #timed: boolean;

  /** @returns null for what is no decision, or none that others can be told by */
  static of(json: Buffer): BaseText | null {
    const parts: Buffer[] = [];
    const values: string[] = [];
    let from = 0;
    const cut = (before: string, value: RegExp): boolean => {
      const found = json.indexOf(before, from);
      if (found < 0) return false;
      const at = found + before.length;
      const [own = ''] = value.exec(json.toString('latin1', at, at + mostValue)) ?? [];
      if (own === '' || !ends.includes(json[at + own.length] as number)) return false;
      parts.push(json.subarray(from, at));
      values.push(own);
      from = at + own.length;
      return true;
    };
    if (json.indexOf(idBefore) !== 0) return null;
    const whole =
      cut(idBefore, /^[^"\\]+/) &&
      cut('"time":"', /^[^"\\]+/) &&
      cut('"monotonicNs":"', /^\d+/) &&
      cut('"target":{"ip":"', /^[\d.]+/);
    if (!whole) return null;
    const timed = cut('"latencyNs":', /^-?\d+/);
    parts.push(json.subarray(from));
    return new BaseText(values[0] as string, parts, timed);
  }

  private constructor(id: string, parts: readonly Buffer[], timed: boolean) {
    this.id = id;
    this.#parts = parts;
    this.#timed = timed;
  }

  /** Whether it tells the other one: not where that has a value more, or one less. */
  tells({ latencyNs }: Own): boolean {
    return (latencyNs !== null) === this.#timed;
  }

  /** The text of a decision that it {@link tells}. */
  with({ id, time, monotonicNs, target, latencyNs }: Own): Buffer {
    const values = [id, time, monotonicNs, target];
    if (latencyNs !== null) values.push(latencyNs);
    let length = 0;
    for (const part of this.#parts) length += part.length;
    for (const value of values) length += value.length;
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts[i] as Buffer;
      bytes.set(part, at);
      at += part.length;
      const value = values[i];
      if (value !== undefined) at += bytes.write(value, at, 'latin1');
    }
    return bytes;
  }
}

const idBefore = '{"schema":"arpwhy.decision/1","id":"';
/** What stands behind a value: of text, of a number. */
const ends = Buffer.from('",}');
/** No value of its own is longer. */
const mostValue = 64;
