import { defineConfig } from 'vitest/config';

import { type Lane, testsByLane } from './test/lanes.ts';

const tests = testsByLane(import.meta.dirname);

/** Only against hanging: a crowded machine may keep a test from running for minutes. */
const HANGS_MS = 15 * 60_000;

/** @param order lanes run one after the other: those of a lane are alike in what they need of the machine */
function lane(name: Lane, order: number, options: object) {
  const limits = { testTimeout: HANGS_MS, hookTimeout: HANGS_MS, teardownTimeout: HANGS_MS };
  return {
    test: { name, include: [...tests[name]], sequence: { groupOrder: order }, pool: 'forks', ...limits, ...options },
  };
}

/** Threads and programs run from `dist`. */
const BUILT = { globalSetup: 'test/build.ts' };

export default defineConfig(({ mode }) => ({
  test: {
    // Half of the tests wait for programs or threads of their own.
    maxWorkers: 2,
    // Tells each file as it ends, also where nobody watches.
    reporters: ['default'],
    projects: [
      // One process for all of them: nothing that they do outlives them.
      lane('fast', 0, { isolate: false, env: mode === 'quick' ? { STOPCOPY_QUICK: '1' } : {} }),
      lane('threads', 1, BUILT),
      lane('programs', 2, BUILT),
    ],
  },
}));
