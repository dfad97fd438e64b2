/** More contents than this are forgotten together. */
const most = 4096;

interface Content<T> {
  words: Int32Array;
  value: T;
  /** Another content of the same hash. */
  next: Content<T> | null;
}

/** What was made of stretches of words, to be found again by the same words. */
export class Contents<T> {
  readonly #byHash = new Map<number, Content<T>>();
  #count = 0;
  #hash = 0;

  /** What was made of the words from `from` up to `to`. */
  find(words: Int32Array, from: number, to: number): T | null {
    let hash = to - from;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (words[i] as number)) | 0;
    this.#hash = hash;
    let content = this.#byHash.get(hash) ?? null;
    while (content && !same(content.words, words, from, to)) content = content.next;
    return content?.value ?? null;
  }

  /** Remember what was made of the words that {@link find} was last asked for, and did not know. */
  add(words: Int32Array, from: number, to: number, value: T): void {
    if (this.#count >= most) {
      this.#byHash.clear();
      this.#count = 0;
    }
    const next = this.#byHash.get(this.#hash) ?? null;
    this.#byHash.set(this.#hash, { words: words.slice(from, to), value, next });
    this.#count++;
  }
}

function same(known: Int32Array, words: Int32Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== words[from + i]) return false;
  return true;
}
