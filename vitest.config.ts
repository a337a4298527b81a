import { defineConfig, type Plugin } from 'vitest/config';

import { BUILT_CODE, builtOf, isBuilt } from './test/built-sources.ts';
import { type Lane, testsByLane, UNHURRIED } from './test/lanes.ts';

const ROOT = import.meta.dirname;
const tests = testsByLane(ROOT);

/** Only against hanging: a crowded machine may keep a test from running for minutes. */
const HANGS_MS = 15 * 60_000;

/** What `dist/` has of the sources is imported from there, except when vitest watches: changes of sources must reach it. */
function builtSources(): Plugin {
  let watches = true;
  return {
    name: 'stopcopy-built-sources',
    enforce: 'pre',
    configureVitest({ vitest }) {
      watches = vitest.config.watch;
    },
    resolveId(imported, importer) {
      const id = watches || importer === undefined ? undefined : builtOf(ROOT, importer, imported);
      return id === undefined ? undefined : { id, external: true };
    },
  };
}

/** @param order lanes run one after the other: those of a lane are alike in what they need of the machine */
function lane(name: Lane, order: number, built: boolean, options: object) {
  const limits = { testTimeout: HANGS_MS, hookTimeout: HANGS_MS, teardownTimeout: HANGS_MS };
  return {
    plugins: built ? [builtSources()] : [],
    test: {
      name,
      include: [...tests[name]],
      sequence: { groupOrder: order },
      pool: 'forks',
      server: { deps: { external: [BUILT_CODE] } },
      ...limits,
      ...options,
    },
  };
}

/** Threads and programs run from `dist`. With `--mode quote`, pages are given the output of today. */
const built = (mode: string): object => ({
  globalSetup: 'test/build.ts',
  env: mode === 'quote' ? { STOPCOPY_QUOTE: '1' } : {},
});

/** All files of the lane share a process: what is short-lived is dropped before it is copied. */
const ROOM_FOR_GARBAGE = ['--max-semi-space-size=64', '--single-threaded-gc'];

export default defineConfig(({ mode }) => ({
  test: {
    // Half of the tests wait for programs or threads of their own.
    maxWorkers: 2,
    // Tells each file as it ends, also where nobody watches.
    reporters: ['default'],
    projects: [
      // One process for all of them: nothing that they do outlives them. Waits for no build.
      lane('fast', 0, isBuilt(ROOT), {
        isolate: false,
        execArgv: ROOM_FOR_GARBAGE,
        env: mode === 'quick' ? { STOPCOPY_QUICK: '1' } : {},
        exclude: mode === 'quick' ? [...UNHURRIED] : [],
      }),
      lane('threads', 1, true, built(mode)),
      lane('programs', 2, true, built(mode)),
    ],
  },
}));
