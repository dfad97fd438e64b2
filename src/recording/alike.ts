import type { Decision } from '../decision/types.js';
import { eventFrom, isBecause, isRequest, isTime, type RecordedEvent } from './events-from-json.js';

/** Parts that are known, of each kind. A part with names or addresses in it may be like no other. */
const most = 4096;
const mostBytes = 16_384;
const head = '{"schema":"arpwhy.decision/1","id":"';
const headPattern =
  /^\{"schema":"arpwhy\.decision\/1","id":"([^"\\\u0000-\u001f]+)","host":"([^"\\\u0000-\u001f]+)","time":"([^"\\]{30})","monotonicNs":"(\d{1,20})"$/;

const placeFields = ['tier', 'netns', 'device'] as const;
const requestFields = ['request'] as const;
const stepsFields = ['steps'] as const;
const restFields = [
  'because',
  'verdict',
  'reply',
  'settings',
  'neighbours',
  'stamps',
  'cut',
  'unknown',
] as const;

/** Parts of one kind, by their text. */
class Known<K extends keyof Decision> {
  readonly #fields: readonly K[];
  readonly #parts = new Map<string, Pick<Decision, K>>();
  /** The one before: to compare two texts takes less than to look one up. */
  #text = '';
  #part: Pick<Decision, K> | undefined;

  constructor(fields: readonly K[]) {
    this.#fields = fields;
  }

  get(text: string): Pick<Decision, K> | undefined {
    if (text !== this.#text) {
      this.#text = text;
      this.#part = this.#parts.get(text);
    }
    return this.#part;
  }

  /** @throws {SyntaxError} as {@link parsed} does */
  keep(text: string): void {
    if (this.#parts.has(text)) return;
    const part = parsed(text, this.#fields);
    if (!part) return;
    if (this.#parts.size >= most) this.#parts.clear();
    this.#parts.set(text, part);
    this.#text = '';
  }
}

/** The text of a decision, cut between its fields. */
interface Cut {
  id: string;
  host: string;
  time: string;
  monotonicNs: string;
  /** `"tier":` up to the device: the same for all that came in there. */
  place: string;
  /** `"request":`, unlike the one before it in a scan. */
  request: string;
  /** `"steps":`, the longest, and the same for most. */
  steps: string;
  /** `"because":` to the end, without the digits of the two numbers that always differ. */
  rest: string;
  deferredNs: number | null;
  latencyNs: number | null;
}

/**
 * Reads recorded decisions. Most parts of them say what others before said: such a part is parsed and checked once,
 * and decisions share it as objects.
 */
export class AlikeDecisions {
  readonly #places = new Known(placeFields);
  readonly #steps = new Known(stepsFields);
  readonly #rests = new Known(restFields);

  /** @throws {Error} as JSON.parse and {@link eventFrom} do */
  read(json: string): RecordedEvent | null {
    const cut = cutOf(json);
    if (!cut) return eventFrom(JSON.parse(json));
    return this.#join(cut) ?? this.#learn(json, cut);
  }

  /** Null when a part of it is not known. */
  #join(cut: Cut): Decision | null {
    const place = this.#places.get(cut.place);
    const steps = this.#steps.get(cut.steps);
    const rest = this.#rests.get(cut.rest);
    if (!place || !steps || !rest) return null;
    const { request } = parsed(cut.request, requestFields) ?? {};
    // each of the others was checked with those that it first stood beside
    if (!request || !isRequest(request) || !isBecause(rest.because, steps.steps)) return null;
    const { id, host, time, monotonicNs, deferredNs, latencyNs } = cut;
    const { verdict, reply } = rest;
    // field by field: to spread objects that were parsed takes ten times as long
    return {
      schema: 'arpwhy.decision/1',
      id,
      host,
      time,
      monotonicNs,
      tier: place.tier,
      netns: place.netns,
      device: place.device,
      request,
      steps: steps.steps,
      because: rest.because,
      verdict: deferredNs === null ? verdict : { ...verdict, deferredNs },
      reply: reply && latencyNs !== null ? { ...reply, latencyNs } : reply,
      settings: rest.settings,
      neighbours: rest.neighbours,
      stamps: rest.stamps,
      cut: rest.cut,
      unknown: rest.unknown,
    };
  }

  #learn(json: string, cut: Cut): RecordedEvent | null {
    const event = eventFrom(JSON.parse(json));
    try {
      this.#places.keep(cut.place);
      this.#steps.keep(cut.steps);
      this.#rests.keep(cut.rest);
    } catch {
      // it was cut within a field of another name: nothing is learnt of it
    }
    return event;
  }
}

function cutOf(json: string): Cut | null {
  if (!json.startsWith(head) || json.length >= mostBytes) return null;
  const placeAt = json.indexOf(',"tier":');
  const requestAt = json.indexOf(',"request":', placeAt);
  const stepsAt = json.indexOf(',"steps":', requestAt);
  const restAt = json.indexOf(',"because":', stepsAt);
  if (placeAt < 0 || requestAt < 0 || stepsAt < 0 || restAt < 0 || !json.endsWith('}')) return null;
  const [, id, host, time, monotonicNs] = headPattern.exec(json.slice(0, placeAt)) ?? [];
  if (!id || !host || !time || !monotonicNs || !isTime(time)) return null;
  const deferred = numberIn(json, restAt, '"deferredNs":');
  const latency = numberIn(json, restAt, '"latencyNs":');
  if (latency.from < deferred.to) return null;
  return {
    id,
    host,
    time,
    monotonicNs,
    place: json.slice(placeAt + 1, requestAt),
    request: json.slice(requestAt + 1, stepsAt),
    steps: json.slice(stepsAt + 1, restAt),
    rest:
      json.slice(restAt + 1, deferred.from) +
      deferred.stands +
      json.slice(deferred.to, latency.from) +
      latency.stands +
      json.slice(latency.to, -1),
    deferredNs: deferred.value,
    latencyNs: latency.value,
  };
}

/**
 * Null when it has other fields than these: one of a later version is not to be lost.
 * @throws {SyntaxError} when the part is no fields of one object
 */
function parsed<K extends keyof Decision>(part: string, fields: readonly K[]): Pick<Decision, K> | null {
  const value = JSON.parse(`{${part}}`);
  const keys = Object.keys(value);
  return keys.length === fields.length && fields.every((field, i) => keys[i] === field) ? value : null;
}

interface Digits {
  from: number;
  to: number;
  value: number | null;
  /** What a part has in their place. */
  stands: string;
}

/** The digits behind a name: no text of JSON can hold the name with its quotes. Without digits nothing is cut out. */
function numberIn(json: string, at: number, name: string): Digits {
  const found = json.indexOf(name, at);
  const from = found < 0 ? json.length - 1 : found + name.length;
  let to = from;
  while (to - from < 16 && json.charCodeAt(to) >= 48 && json.charCodeAt(to) <= 57) to++;
  // another number than plain digits is left where it is
  const plain = to > from && (json[to] === ',' || json[to] === '}');
  return plain
    ? { from, to, value: Number(json.slice(from, to)), stands: '0' }
    : { from, to: from, value: null, stands: '' };
}
