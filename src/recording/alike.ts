import type { Decision } from '../decision/types.js';
import { eventFrom, isTime, type RecordedEvent } from './events-from-json.js';

const most = 4096;
const mostBytes = 16_384;
const head = '{"schema":"arpwhy.decision/1","id":"';
const headPattern =
  /^\{"schema":"arpwhy\.decision\/1","id":"([^"\\\u0000-\u001f]+)","host":"([^"\\\u0000-\u001f]+)","time":"([^"\\]{30})","monotonicNs":"(\d{1,20})"$/;

/**
 * Reads recorded decisions. Most say what one before them said, but for ids and times: what they share is parsed and
 * checked once, and they share it as objects.
 */
export class AlikeDecisions {
  readonly #known = new Map<string, Decision>();

  /** @throws {Error} as JSON.parse and {@link eventFrom} do */
  read(json: string): RecordedEvent | null {
    const at = json.startsWith(head) && json.length < mostBytes ? json.indexOf(',"tier":') : -1;
    const [, id, host, time, monotonicNs] = at < 0 ? [] : (headPattern.exec(json.slice(0, at)) ?? []);
    if (!id || !host || !time || !monotonicNs || !isTime(time)) return eventFrom(JSON.parse(json));
    const deferred = numberIn(json, at, '"deferredNs":');
    const latency = numberIn(json, at, '"latencyNs":');
    const key =
      json.slice(at, deferred.from) + json.slice(deferred.to, latency.from) + json.slice(latency.to);
    const known = latency.from >= deferred.to ? this.#known.get(key) : undefined;
    if (!known) {
      const event = eventFrom(JSON.parse(json));
      if (this.#known.size >= most) this.#known.clear();
      if (event?.schema === 'arpwhy.decision/1' && latency.from >= deferred.to) this.#known.set(key, event);
      return event;
    }
    const { verdict, reply } = known;
    return {
      ...known,
      id,
      host,
      time,
      monotonicNs,
      verdict: deferred.value === null ? verdict : { ...verdict, deferredNs: deferred.value },
      reply: reply && latency.value !== null ? { ...reply, latencyNs: latency.value } : reply,
    };
  }
}

/** The digits behind a name: no text of JSON can hold the name with its quotes. Without digits nothing is cut out. */
function numberIn(
  json: string,
  at: number,
  name: string,
): { from: number; to: number; value: number | null } {
  const found = json.indexOf(name, at);
  const from = found < 0 ? json.length : found + name.length;
  let to = from;
  while (to - from < 16 && json.charCodeAt(to) >= 48 && json.charCodeAt(to) <= 57) to++;
  // another number than plain digits is left where it is
  const plain = to > from && /[,}]/.test(json[to] ?? '');
  return plain ? { from, to, value: Number(json.slice(from, to)) } : { from, to: from, value: null };
}
