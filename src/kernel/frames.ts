import type { Pass } from '../decision/types.js';
import { type Body, macText } from './body.js';
import * as layout from './layout.js';

type Frame = Pass['frame'];

/** Frames and MACs that are remembered, each in a place of its own: the next one for that place takes it. */
const places = 4096;

/** The words of a record that hold addresses. */
const from = layout.record.slot >> 2;
const to = (layout.record.targetIp + 4 + 3) >> 2;

interface Known {
  body: Body;
  words: Int32Array;
  frame: Frame;
}

/** Frames of passes, the same object for the same frame: a storm asks for the same addresses again and again. */
export class Frames {
  readonly #known: (Known | undefined)[] = new Array(places).fill(undefined);
  /** What came to each place last: only what comes there twice is kept, or a scan would fill them with what never comes again. */
  readonly #seen = new Int32Array(places);
  readonly #macs = new Map<number, string>();

  /** The frame of the record at `at`. */
  of(view: DataView, words: Int32Array, at: number, body: Body): Frame {
    const first = (at >> 2) + from;
    let hash = 0;
    for (let i = first; i < first + to - from; i++) hash = (Math.imul(hash, 31) + (words[i] as number)) | 0;
    const place = (hash ^ (hash >>> 12)) & (places - 1);
    const known = this.#known[place];
    if (known && known.body === body && same(known.words, words, first)) return known.frame;
    const frame = this.decode(view, at, body);
    if (this.#seen[place] === hash) {
      this.#known[place] = { body, words: words.slice(first, first + to - from), frame };
    }
    this.#seen[place] = hash;
    return frame;
  }

  decode(view: DataView, at: number, body: Body): Frame {
    const { record } = layout;
    const { length, arpBytes, hardwareType, protocolType, hardwareLength, protocolLength, operation, cast } =
      body.frame;
    return {
      length,
      arpBytes,
      hardwareType,
      protocolType,
      hardwareLength,
      protocolLength,
      operation,
      senderMac: this.#mac(view, at + record.senderMac) ?? noMac,
      senderIp: view.getUint32(at + record.senderIp),
      targetIp: view.getUint32(at + record.targetIp),
      destination: this.#mac(view, at + record.destination),
      source: this.#mac(view, at + record.source),
      cast,
    };
  }

  /** Null for an address of zeros. */
  #mac(view: DataView, at: number): string | null {
    const number = view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
    if (number === 0) return null;
    let text = this.#macs.get(number);
    if (text === undefined) {
      if (this.#macs.size >= places) this.#macs.clear();
      text = macText(view, at);
      this.#macs.set(number, text);
    }
    return text;
  }
}

const noMac = '00:00:00:00:00:00';

function same(known: Int32Array, words: Int32Array, first: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== words[first + i]) return false;
  return true;
}
