import type { Ipv4 } from '../decision/types.js';

const quote = 0x22;
const dot = 0x2e;
const zero = 0x30;
const backslash = 0x5c;

/** Text and bytes put together, to be written in one go. Its memory is used again and again. */
export class Chunk {
  #memory: Buffer;
  #used = 0;

  /** @param size bytes; it grows when more is put in */
  constructor(size = 1 << 17) {
    this.#memory = Buffer.allocUnsafeSlow(size);
  }

  /** Bytes since it was last taken. */
  get length(): number {
    return this.#used;
  }

  text(text: string): void {
    if (text === '') return;
    this.#reserve(3 * text.length);
    this.#used += this.#memory.write(text, this.#used);
  }

  newline(): void {
    this.#reserve(1);
    this.#memory[this.#used++] = 0x0a;
  }

  /** What JSON has between the quotes of a string. Mostly that is the text itself, and short. */
  string(text: string): void {
    this.#reserve(text.length);
    let at = this.#used;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) {
        this.text(JSON.stringify(text).slice(1, -1));
        return;
      }
      this.#memory[at++] = code;
    }
    this.#used = at;
  }

  /** A number that is no less than 0, whole and below 2^50, in digits. */
  digits(value: number): void {
    let places = 1;
    for (let most = 10; value >= most; most *= 10) places++;
    this.#fixed(value, places);
  }

  /** Nanoseconds of a second: nine digits. */
  nanoseconds(value: number): void {
    this.#fixed(value, 9);
  }

  /** Dotted decimal. */
  ip(ip: Ipv4): void {
    for (let shift = 24; shift >= 0; shift -= 8) {
      this.digits((ip >>> shift) & 0xff);
      if (shift > 0) this.#memory[this.#used++] = dot;
    }
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#memory.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** What was put in, and begin anew: it has to be read before more is put in. */
  take(): Buffer {
    const taken = this.#memory.subarray(0, this.#used);
    this.#used = 0;
    return taken;
  }

  #fixed(value: number, places: number): void {
    this.#reserve(places + 1);
    let rest = value;
    for (let at = this.#used + places - 1; at >= this.#used; at--) {
      const above = Math.floor(rest / 10);
      this.#memory[at] = zero + rest - above * 10;
      rest = above;
    }
    this.#used += places;
  }

  #reserve(bytes: number): void {
    const wanted = this.#used + bytes;
    if (wanted <= this.#memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#memory.length));
    larger.set(this.#memory.subarray(0, this.#used));
    this.#memory = larger;
  }
}
