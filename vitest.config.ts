import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Forks, because the code under test starts worker threads of its own; tsx lets those threads load .ts files.
    pool: 'forks',
    execArgv: ['--import', 'tsx'],
    testTimeout: 60_000,
    // Half of the tests wait for programs or threads of their own.
    maxWorkers: 2,
  },
});
