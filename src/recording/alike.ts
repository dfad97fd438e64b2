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
    `,"reply":(?:null|\\{"latencyNs":(null|0|-?[1-9]\\d{0,15})\\})\\}$`,
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
  /** What it says itself. */
  readonly own: Own;
  /** One more than there are values of their own. */
  readonly #parts: readonly Buffer[];

  /** @returns null for what is no decision, or none that others can be told by */
  static of(json: Buffer): BaseText | null {
    const head = headPattern.exec(json.toString('latin1', 0, mostHead));
    const [, before = '', id = '', host = '', time = '', monotonicNs = ''] = head ?? [];
    const request = json.indexOf(',"request":{"sender":{', before.length);
    const steps = json.indexOf(',"steps":[', request);
    const targetAt = json.indexOf(targetBefore, request) + targetBefore.length;
    if (!head || request < 0 || steps < 0 || targetAt < request || targetAt > steps) return null;
    const target = valueAt(json, targetAt, /^[\d.]+(?=")/);
    const reply = json.indexOf(',"reply":{"mac":"', steps);
    const latencyAt = reply < 0 ? -1 : json.indexOf('"latencyNs":', reply);
    const latencyNs = latencyAt < 0 ? null : valueAt(json, latencyAt + 12, /^-?\d+(?=\})/);
    if (target === null) return null;
    const idAt = before.length;
    const timeAt = idAt + id.length + host.length;
    const monotonicAt = timeAt + time.length + monotonicBefore.length;
    const values: [at: number, value: string][] = [
      [idAt, id],
      [timeAt, time],
      [monotonicAt, monotonicNs],
      [targetAt, target],
    ];
    if (latencyNs !== null) values.push([latencyAt + 12, latencyNs]);
    const parts: Buffer[] = [];
    let from = 0;
    for (const [at, value] of values) {
      parts.push(json.subarray(from, at));
      from = at + value.length;
    }
    parts.push(json.subarray(from));
    return new BaseText({ id, time, monotonicNs, target, latencyNs }, parts);
  }

  private constructor(own: Own, parts: readonly Buffer[]) {
    this.own = own;
    this.#parts = parts;
  }

  /** Whether it tells the other one: not where that has a value more, or one less. */
  tells({ latencyNs }: Own): boolean {
    return (latencyNs !== null) === (this.own.latencyNs !== null);
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

const monotonicBefore = '","monotonicNs":"';
const targetBefore = '"target":{"ip":"';
/** What stands before the id, between it and the time, and the values. */
const headPattern =
  /^(\{"schema":"arpwhy\.decision\/1","id":")(?=([^"\\]{1,64})(","host":"[^"\\]*","time":")([^"\\]{1,64})","monotonicNs":"(\d{1,20})","tier":")/;
/** A host's name in it, and values. */
const mostHead = 1024;
/** No value of its own is longer. */
const mostValue = 64;

function valueAt(json: Buffer, at: number, pattern: RegExp): string | null {
  return pattern.exec(json.toString('latin1', at, at + mostValue))?.[0] ?? null;
}
