import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { freezeParts } from '../decision/freeze.js';
import type { Decision } from '../decision/types.js';
import { eventFrom, isRequest, isTime, type RecordedEvent } from './events-from-json.js';

/** More of what is known is forgotten together: a part with names or addresses in it may be like no other. */
const most = 4096;
const mostBytes = 16_384;
/** Of the text of all that is known: parsed, it takes ten times as much. */
const mostKnownBytes = 4 << 20;
/** Of a number that is cut out. */
const mostDigits = 15;
const headPattern =
  /^\{"schema":"arpwhy\.decision\/1","id":"([^"\\\u0000-\u001f]+)","host":"([^"\\\u0000-\u001f]+)","time":"([^"\\]{30})","monotonicNs":"(\d{1,20})"$/;

const placeFields = ['tier', 'netns', 'device'] as const;
const tailFields = [
  'steps',
  'because',
  'verdict',
  'reply',
  'settings',
  'neighbours',
  'stamps',
  'cut',
  'unknown',
] as const;

/** The tail of a decision's text, `,"steps":` to its end, cut at the digits of the two numbers that always differ. */
interface Tail {
  /** Where it begins. */
  at: number;
  /** One more than there are numbers. */
  parts: Buffer[];
  deferred: boolean;
  timed: boolean;
}

/** Decisions whose tails are the same but for these numbers. */
interface Kind extends Omit<Tail, 'at'> {
  decision: Decision;
}

/** What was known to match, and the numbers that stood between its parts. */
interface Match {
  kind: Kind;
  at: number;
  numbers: number[];
}

/**
 * Reads recorded events. Most are decisions that say what others before said: the long tail of such a text is compared
 * as bytes, and decisions share what was parsed and checked once.
 */
export class EventReader {
  readonly #kinds = new Map<number, Kind[]>();
  #count = 0;
  #bytes = 0;
  /** That of the decision before: mostly the next is of it, too. */
  #last: Kind | null = null;
  readonly #steps = new Map<string, Decision['steps']>();
  readonly #heads = new Heads();

  /**
   * @returns null for an event of a kind that this version does not know
   * @throws {Error} as JSON.parse and {@link eventFrom} do, and for what is no line of UTF-8
   */
  read(json: Buffer): RecordedEvent | null {
    const match = (this.#last && matchOf(this.#last, json)) ?? this.#find(json);
    if (!match) return this.#learn(json);
    this.#last = match.kind;
    return this.#join(json, match) ?? this.#learn(json);
  }

  #find(json: Buffer): Match | null {
    const tail = tailOf(json);
    const kinds = tail && this.#kinds.get(keyOf(tail));
    for (const kind of kinds ?? []) {
      const match = matchOf(kind, json);
      if (match) return match;
    }
    return null;
  }

  /** Null when what stands before the tail is not what is known of it. */
  #join(json: Buffer, { kind, at, numbers }: Match): Decision | null {
    const text = json.toString('utf8', 0, at);
    const head = this.#heads.read(text);
    if (!head || !isLine(text) || !isUtf8(json)) return null;
    const { id, host, time, monotonicNs, place, request } = head;
    const { decision, deferred, timed } = kind;
    const { verdict, reply } = decision;
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
      steps: decision.steps,
      because: decision.because,
      verdict: deferred ? { ...verdict, deferredNs: numbers[0] as number } : verdict,
      reply: reply && timed ? { ...reply, latencyNs: numbers.at(-1) as number } : reply,
      settings: decision.settings,
      neighbours: decision.neighbours,
      stamps: decision.stamps,
      cut: decision.cut,
      unknown: decision.unknown,
    };
  }

  #learn(json: Buffer): RecordedEvent | null {
    if (!isUtf8(json)) throw new Error('it is no UTF-8');
    const text = json.toString('utf8');
    if (!isLine(text)) throw new Error('it is more than one line');
    const event = eventFrom(JSON.parse(text));
    if (event?.schema !== 'arpwhy.decision/1') return event;
    const tail = tailOf(json);
    if (!tail) return event;
    const tailText = json.toString('utf8', tail.at + 1);
    // one of a later version may have other fields, which are not to be lost
    if (!hasFields(`{${tailText}`, tailFields)) return event;
    this.#heads.keepPlace(json.toString('utf8', 0, tail.at));
    this.#keep(tail, tailText, event);
    return event;
  }

  #keep({ parts, deferred, timed }: Tail, text: string, event: Decision): void {
    this.#bytes += text.length;
    if (this.#count++ >= most || this.#bytes > mostKnownBytes) {
      this.#kinds.clear();
      this.#steps.clear();
      this.#count = 1;
      this.#bytes = text.length;
    }
    const stepsText = text.slice(0, text.indexOf(',"because":'));
    const steps = this.#steps.get(stepsText) ?? event.steps;
    this.#steps.set(stepsText, steps);
    event.steps = steps;
    // parts are shared with others, the decision itself is its reader's
    freezeParts(event);
    // the text's memory is its file's: it would be kept whole
    const kind = { parts: parts.map((part) => Buffer.from(part)), deferred, timed, decision: { ...event } };
    const key = keyOf(kind);
    const others = this.#kinds.get(key);
    if (others) others.push(kind);
    else this.#kinds.set(key, [kind]);
    this.#last = kind;
  }
}

type Place = Pick<Decision, (typeof placeFields)[number]>;

/** What stands before the tail of a decision. */
interface Head {
  id: string;
  host: string;
  time: string;
  monotonicNs: string;
  place: Place;
  request: Decision['request'];
}

/** Reads the heads of decisions: mostly they are like the one before, but for the id, the times and the target. */
class Heads {
  readonly #places = new Map<string, Place>();
  readonly #requests = new Requests();
  /** What the one before had between these. */
  #last: { host: string; hostPart: string; place: Place; placePart: string } | null = null;
  /** Up to its point, of the last time that was looked at whole. */
  #second = '';

  /** Null where it is not what is known, or is none. */
  read(text: string): Head | null {
    return this.#alike(text) ?? this.#other(text);
  }

  keepPlace(text: string): void {
    const from = text.indexOf(',"tier":') + 1;
    const to = text.indexOf(',"request":', from);
    const place = from > 0 && to > 0 ? text.slice(from, to) : '';
    if (!place || this.#places.has(place) || !hasFields(`{${place}}`, placeFields)) return;
    if (this.#places.size >= most) this.#places.clear();
    this.#places.set(place, freezeParts(JSON.parse(`{${place}}`)));
  }

  #alike(text: string): Head | null {
    const last = this.#last;
    if (!last || !text.startsWith(headStart)) return null;
    const idEnd = text.indexOf('"', headStart.length);
    if (idEnd <= headStart.length || !text.startsWith(last.hostPart, idEnd)) return null;
    const timeAt = idEnd + last.hostPart.length;
    const timeEnd = timeAt + timeLength;
    if (!text.startsWith(monotonicPart, timeEnd)) return null;
    const digitsAt = timeEnd + monotonicPart.length;
    let end = digitsAt;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end === digitsAt || end - digitsAt > 20 || !text.startsWith(last.placePart, end)) return null;
    const id = text.slice(headStart.length, idEnd);
    const time = text.slice(timeAt, timeEnd);
    if (!isPlain(id) || !this.#isTime(time)) return null;
    const request = this.#requests.read(text.slice(end + last.placePart.length));
    const { host, place } = last;
    return request && { id, host, time, monotonicNs: text.slice(digitsAt, end), place, request };
  }

  #other(text: string): Head | null {
    const placeAt = text.indexOf(',"tier":');
    const requestAt = text.indexOf(',"request":', placeAt);
    if (placeAt < 0 || requestAt < 0) return null;
    const [, id, host, time, monotonicNs] = headPattern.exec(text.slice(0, placeAt)) ?? [];
    const placeText = text.slice(placeAt + 1, requestAt);
    const place = this.#places.get(placeText);
    const request = this.#requests.read(text.slice(requestAt + 1));
    if (!id || !host || !time || !monotonicNs || !place || !request || !this.#isTime(time)) return null;
    this.#last = { host, hostPart: `","host":"${host}","time":"`, place, placePart: `",${placeText},` };
    return { id, host, time, monotonicNs, place, request };
  }

  #isTime(time: string): boolean {
    const second = timeLength - 10;
    if (this.#second !== '' && time.startsWith(this.#second)) {
      for (let i = second; i < timeLength - 1; i++) if (!isDigit(time.charCodeAt(i))) return false;
      return time.endsWith('Z');
    }
    if (!isTime(time)) return false;
    this.#second = time.slice(0, second);
    return true;
  }
}

const headStart = '{"schema":"arpwhy.decision/1","id":"';
const monotonicPart = '","monotonicNs":"';
/** "2026-11-22T03:33:01.123456789Z" */
const timeLength = 30;

/** Nothing in it that JSON would have escaped. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x5c || code === 0x22) return false;
  }
  return true;
}

/** Requests that differ in their target alone are put together, without parsing. */
class Requests {
  #before = '';
  #behind = '';
  #request: Decision['request'] | null = null;

  /** @returns null when the text is no request and nothing else */
  read(text: string): Decision['request'] | null {
    const known = this.#request;
    if (known && text.startsWith(this.#before) && text.endsWith(this.#behind)) {
      const ip = text.slice(this.#before.length, text.length - this.#behind.length);
      if (plainAddress.test(ip)) {
        return {
          sender: known.sender,
          target: { ip },
          destination: known.destination,
          cast: known.cast,
        };
      }
    }
    return this.#parse(text);
  }

  #parse(text: string): Decision['request'] | null {
    let request: Decision['request'];
    try {
      if (!hasFields(`{${text}}`, ['request'])) return null;
      request = JSON.parse(`{${text}}`).request;
      if (!isRequest(request)) return null;
    } catch {
      return null;
    }
    const { sender, target, destination, cast } = request;
    const usual = {
      sender: { ip: sender.ip, mac: sender.mac },
      target: { ip: target.ip },
      destination,
      cast,
    };
    const at = text.indexOf(`"target":{"ip":"${target.ip}"`);
    if (at >= 0 && text === `"request":${JSON.stringify(usual)}`) {
      this.#before = text.slice(0, at + 16);
      this.#behind = text.slice(at + 16 + (target.ip?.length ?? 0));
      this.#request = freezeParts({ ...request });
    }
    return request;
  }
}

/** Without anything that JSON would have to escape. */
const plainAddress = /^[0-9.]{7,15}$/;

/** Compared from its end: what stands before it is of another length each time. */
function matchOf(kind: Kind, json: Buffer): Match | null {
  const { parts } = kind;
  const numbers: number[] = [];
  let at = json.length;
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i] as Buffer;
    const end = at;
    at -= part.length;
    if (at < 0 || json.compare(part, 0, part.length, at, end) !== 0) return null;
    if (i === 0) break;
    const number = numberBefore(json, at);
    if (number === null) return null;
    numbers.unshift(number.value);
    at = number.from;
  }
  return { kind, at, numbers };
}

/** A whole number as JSON has it. */
function numberBefore(json: Buffer, end: number): { from: number; value: number } | null {
  let from = end;
  let value = 0;
  for (let place = 1; end - from < mostDigits && isDigit(json[from - 1]); place *= 10) {
    from--;
    value += ((json[from] as number) - zero) * place;
  }
  const plain = end > from && !isDigit(json[from - 1]) && (json[from] !== zero || end - from === 1);
  return plain ? { from, value } : null;
}

/** Null when it is not cut like this. No text within JSON can hold a name with its quotes. */
function tailOf(json: Buffer): Tail | null {
  if (json.length > mostBytes) return null;
  const at = json.indexOf(',"steps":');
  if (at < 0) return null;
  const parts: Buffer[] = [];
  let from = at;
  const cutAt = (name: string) => {
    const found = json.indexOf(name, from);
    const begin = found + name.length;
    if (found < 0 || !isDigit(json[begin])) return false;
    let end = begin;
    while (isDigit(json[end])) end++;
    if (numberBefore(json, end)?.from !== begin || !(json[end] === comma || json[end] === brace))
      return false;
    parts.push(json.subarray(from, begin));
    from = end;
    return true;
  };
  const deferred = cutAt('"deferredNs":');
  const timed = cutAt('"latencyNs":');
  parts.push(json.subarray(from));
  return { at, parts, deferred, timed };
}

function keyOf({ parts }: Pick<Tail, 'parts'>): number {
  return parts.reduce((sum, part) => crc32(part, sum), 0);
}

/** @throws {SyntaxError} when the text is no JSON */
function hasFields(text: string, fields: readonly string[]): boolean {
  const keys = Object.keys(JSON.parse(text));
  return keys.length === fields.length && fields.every((field, i) => keys[i] === field);
}

function isLine(text: string): boolean {
  return !text.includes('\n') && !text.includes('\r');
}

const zero = 0x30;
const comma = 0x2c;
const brace = 0x7d;

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= zero && code <= 0x39;
}
