import type { Pass } from '../decision/types.js';

/** More contents than this are forgotten together: a storm repeats few, a scan none. */
const most = 16_384;

interface Content {
  words: Int32Array;
  pass: Pass;
  /** Another content of the same hash. */
  next: Content | null;
}

/**
 * Contents of records that were decoded before: all that a record says but ids and times. What is decoded once
 * serves every later record that says the same, to the bit.
 */
export class Contents {
  readonly #byHash = new Map<number, Content>();
  #count = 0;

  /**
   * The pass that was decoded from the same content.
   * @param words the batch, as words
   * @param from where the content begins, as a word; it ends before `to`
   * @param restFrom where the second stretch of it begins, which ends before `restTo`; an empty one where there is none
   */
  find(words: Int32Array, from: number, to: number, restFrom: number, restTo: number): Pass | null {
    const length = to - from;
    let hash = length;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (words[i] as number)) | 0;
    for (let i = restFrom; i < restTo; i++) hash = (Math.imul(hash, 31) + (words[i] as number)) | 0;
    this.#hash = hash;
    let content = this.#byHash.get(hash) ?? null;
    while (content && !same(content.words, words, from, to, restFrom, restTo)) content = content.next;
    return content?.pass ?? null;
  }
  #hash = 0;

  /** Remember what was decoded from the content that {@link find} was last asked for, and did not know. */
  add(words: Int32Array, from: number, to: number, restFrom: number, restTo: number, pass: Pass): void {
    if (this.#count >= most) {
      this.#byHash.clear();
      this.#count = 0;
    }
    const copy = new Int32Array(to - from + restTo - restFrom);
    copy.set(words.subarray(from, to));
    copy.set(words.subarray(restFrom, restTo), to - from);
    this.#byHash.set(this.#hash, { words: copy, pass, next: this.#byHash.get(this.#hash) ?? null });
    this.#count++;
  }
}

function same(
  known: Int32Array,
  words: Int32Array,
  from: number,
  to: number,
  restFrom: number,
  restTo: number,
): boolean {
  const length = to - from;
  if (known.length !== length + restTo - restFrom) return false;
  for (let i = 0; i < length; i++) if (known[i] !== words[from + i]) return false;
  for (let i = length; i < known.length; i++) if (known[i] !== words[restFrom + i - length]) return false;
  return true;
}
