import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Try until it is so.
 * @param test true when it is; anything else is what there was instead
 * @throws {Error} after the deadline, with what there was at last
 */
export async function eventually(
  otherwise: string,
  test: () => unknown,
  deadlineMs = 10_000,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const state = await test();
    if (state === true) return;
    if (performance.now() > deadline)
      throw new Error(`${otherwise} within ${deadlineMs} ms: ${String(state)}`);
    await sleep(everyMs);
  }
}
