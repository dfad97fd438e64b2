import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.js';

/** A reader that takes one write at a time, when it is told to. */
class Slow extends Writable {
  readonly written: string[] = [];
  #done: ((error?: Error | null) => void) | null = null;

  constructor() {
    super({ highWaterMark: 4 });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.written.push(chunk.toString());
    this.#done = done;
  }

  take(error: Error | null = null): void {
    const done = this.#done;
    this.#done = null;
    done?.(error);
  }
}

const failure = (code: string) => Object.assign(new Error(`write ${code}`), { code });
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
}

describe('Output', () => {
  it('does not wait for a reader that keeps up', async () => {
    const stream = new Slow();
    expect(await isDone(new Output(stream).write('abc'))).toBe(true);
    expect(stream.written).toEqual(['abc']);
  });

  it('waits for a slow reader, and leaves no listener behind', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    const listeners = () => stream.eventNames().map((name) => [name, stream.listenerCount(name)]);
    const before = listeners();
    const writing = output.write('a long line\n');
    expect(await isDone(writing)).toBe(false);
    stream.take();
    expect(await isDone(writing)).toBe(true);
    expect(listeners()).toEqual(before);
  });

  it('is flushed when everything was taken, or nothing can be', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    void output.write('x');
    const flushing = output.flushed();
    expect(await isDone(flushing)).toBe(false);
    stream.take(failure('ENOSPC'));
    await flushing;
    expect(() => output.check()).toThrow();
    await output.flushed();
  });

  it('writes nothing for nothing', async () => {
    const stream = new Slow();
    await new Output(stream).write('');
    expect(stream.written).toEqual([]);
  });

  it('takes a closed pipe for the end, in peace', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    let closed = 0;
    output.onClosed(() => closed++);
    const writing = output.write('a long line\n');
    stream.take(failure('EPIPE'));
    expect(await isDone(writing)).toBe(true);
    expect([output.isClosed, closed]).toEqual([true, 1]);
    await output.write('more');
    expect(stream.written).toEqual(['a long line\n']);
    expect(() => output.check()).not.toThrow();
  });

  it('lets go of a write that waits when the stream is destroyed', async () => {
    const stream = new Slow();
    const writing = new Output(stream).write('a long line\n');
    stream.destroy();
    expect(await isDone(writing)).toBe(true);
  });

  it('tells who asks late that it was closed', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    void output.write('x');
    stream.take(failure('EPIPE'));
    await turn();
    let closed = 0;
    output.onClosed(() => closed++);
    expect(closed).toBe(1);
  });

  it('tells any other error, and the first one', async () => {
    const stream = new Slow();
    const output = new Output(stream);
    expect(() => output.check()).not.toThrow();
    void output.write('x');
    stream.take(failure('ENOSPC'));
    await turn();
    stream.emit('error', failure('EPIPE'));
    expect(output.isClosed).toBe(true);
    expect(() => output.check()).toThrow(
      expect.objectContaining({
        code: 'output',
        exitCode: 1,
        message: 'cannot write the output: the disk is full',
      }),
    );
  });
});
