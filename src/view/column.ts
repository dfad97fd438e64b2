/** A column of lines that come one by one: as wide as the longest text in it so far, and no wider than `most`. */
export class Column {
  readonly #most: number;
  #width: number;

  constructor(most: number, width = 0) {
    this.#most = most;
    this.#width = width;
  }

  pad(text: string): string {
    this.#width = Math.min(this.#most, Math.max(this.#width, text.length));
    return text.padEnd(this.#width);
  }
}
