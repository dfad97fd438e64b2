import { setFlagsFromString } from 'node:v8';

/**
 * Collect what was let go when the heap has grown by a third; V8 would have it grow to four times its size first. A
 * trace runs for long beside others' work, and what a storm leaves behind is old within milliseconds.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30');
}
