import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Context } from '../../src/cli/context.js';
import { Progress } from '../../src/cli/progress.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A context whose stderr is kept. */
function world({ stderr = true, stdout = false, TERM = 'xterm' } = {}) {
  const kept: string[] = [];
  const write = (text: string) => void kept.push(text);
  const context = {
    stderr: Object.assign(new PassThrough(), { isTTY: stderr, columns: 30, write }),
    stdout: Object.assign(new PassThrough(), { isTTY: stdout }),
    environment: { TERM },
  } as unknown as Context;
  return { context, kept };
}

it('is one line that fits, and is gone at the end', () => {
  const { context, kept } = world();
  const progress = new Progress(context);
  progress.show('step 1 of 4, a step with a long name\u001b[2J');
  progress.clear();
  progress.clear();
  expect(kept).toEqual(['\r\u001b[Karpwhy: step 1 of 4, a step w', '\r\u001b[K']);
});

it('is shown now and then, and its text made only then', () => {
  const { context, kept } = world();
  const progress = new Progress(context);
  let made = 0;
  for (let i = 0; i < 100; i++) {
    progress.tick(() => `${++made} so far`);
    vi.advanceTimersByTime(10);
  }
  expect(made).toBe(3);
  expect(kept.at(-1)).toBe('\r\u001b[Karpwhy: 3 so far');
});

it.each([
  [{ stderr: false }, {}],
  [{ TERM: 'dumb' }, {}],
  [{ stdout: true }, { beside: true }],
])('is not there where nobody watches, or what is written tells enough: %j', (of, options) => {
  const { context, kept } = world(of);
  const progress = new Progress(context, options);
  progress.show('x');
  progress.clear();
  expect(kept).toEqual([]);
});
