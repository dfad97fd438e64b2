import { defineConfig } from 'vitest/config';

// FFI lives on the main thread of a process of its own: forks, never threads.
const pool = 'forks' as const;

export default defineConfig({
  test: {
    projects: [
      // a slow machine is no failure
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool, testTimeout: 60_000 } },
      // the report's page in Chromium
      {
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          pool,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // random worlds, for hours if wanted: not part of make test
      {
        test: {
          name: 'hunt',
          include: ['test/hunt/**/*.test.ts'],
          pool,
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          pool,
          // one kernel for all of them: traces see each other's requests
          fileParallelism: false,
          // A kernel may keep BPF from running while a softirq interrupts a task that it shields; ftrace sees such
          // an event, BPF does not, and no counter tells. The second pass of a deferred request can be one.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
