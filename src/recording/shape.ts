/** A field of a recording that is not what the format says. */
export class ShapeError extends Error {}

/** Reads the fields of a JSON object that anybody may have written: each is checked when it is taken. */
export class Shape {
  readonly #fields: Record<string, unknown>;

  /** @throws {ShapeError} when the value is no object */
  static object(value: unknown): Shape {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ShapeError('an object was expected');
    }
    return new Shape(value as Record<string, unknown>);
  }

  private constructor(fields: Record<string, unknown>) {
    this.#fields = fields;
  }

  /** The value as it is. Names of the prototype are none of ours. */
  get(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  isNull(name: string): boolean {
    return this.get(name) === null;
  }

  text(name: string): string {
    const value = this.get(name);
    return typeof value === 'string' ? value : refuse(name, 'a text');
  }

  textOrNull(name: string): string | null {
    return this.isNull(name) ? null : this.text(name);
  }

  number(name: string): number {
    const value = this.get(name);
    return typeof value === 'number' ? value : refuse(name, 'a number');
  }

  numberOrNull(name: string): number | null {
    return this.isNull(name) ? null : this.number(name);
  }

  /** Nanoseconds and the like, written as a decimal text. */
  big(name: string): bigint {
    const value = this.get(name);
    return typeof value === 'string' && /^-?\d{1,20}$/.test(value)
      ? BigInt(value)
      : refuse(name, 'a decimal text');
  }

  flag(name: string): boolean {
    const value = this.get(name);
    return typeof value === 'boolean' ? value : refuse(name, 'true or false');
  }

  oneOf<T extends string>(name: string, known: readonly T[]): T {
    const value = this.get(name) as T;
    return known.includes(value) ? value : refuse(name, `one of ${known.join(', ')}`);
  }

  parsed<T>(name: string, parse: (text: string) => T | null): T {
    return parse(this.text(name)) ?? refuse(name, 'an address');
  }

  object(name: string): Shape {
    return Shape.object(this.get(name));
  }

  objectOrNull(name: string): Shape | null {
    return this.isNull(name) ? null : this.object(name);
  }

  list(name: string): Shape[] {
    const value = this.get(name);
    return Array.isArray(value) ? value.map(Shape.object) : refuse(name, 'a list');
  }

  names(): string[] {
    return Object.keys(this.#fields);
  }

  /** Every field, each a text. */
  entries(): [name: string, text: string][] {
    return Object.keys(this.#fields).map((name) => [name, this.text(name)]);
  }

  texts(name: string): string[] {
    const value = this.get(name);
    return Array.isArray(value) && value.every((one) => typeof one === 'string')
      ? value
      : refuse(name, 'a list of texts');
  }
}

function refuse(name: string, wanted: string): never {
  throw new ShapeError(`${name} is not ${wanted}`);
}
