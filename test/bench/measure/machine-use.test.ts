import { expect, test } from 'vitest';

import { crowdingSentence } from '../../../bench/documents/bench/crowding.ts';
import { CROWDED, crowdingBetween, type MachineReading, readMachine } from '../../../bench/measure/machine-use.ts';

const BEFORE: MachineReading = {
  atMs: 1000,
  processors: 2,
  times: { busyMs: 50_000, stolenMs: 100 },
  ownMs: 500,
  load: 0.5,
};

/** Ten seconds later: the run took all of one processor. */
const QUIET: MachineReading = {
  ...BEFORE,
  atMs: 11_000,
  times: { busyMs: 60_000, stolenMs: 100 },
  ownMs: 10_500,
};

const NEAR = { p50Ns: 150, bestNs: 100 };

test('a quiet machine is not crowded, at the limits neither', () => {
  expect(crowdingBetween(BEFORE, QUIET, NEAR)).toEqual([]);
  expect(crowdingBetween(BEFORE, QUIET, null)).toEqual([]);
  const busyMs = QUIET.times!.busyMs + CROWDED.others * 20_000;
  const limit = { ...QUIET, times: { busyMs, stolenMs: 100 + CROWDED.stolen * 20_000 } };
  expect(crowdingBetween({ ...BEFORE, load: 2 }, limit, { p50Ns: 300, bestNs: 100 })).toEqual([]);
});

test.each([
  ['load', { ...BEFORE, load: 5 }, QUIET, NEAR, 2.5, 'the load average was 2.5 for each processor before it began'],
  [
    'others',
    BEFORE,
    { ...QUIET, times: { busyMs: 66_000, stolenMs: 100 } },
    NEAR,
    0.3,
    "other programs took 30 % of the processors' time",
  ],
  [
    'stolen',
    BEFORE,
    { ...QUIET, times: { busyMs: 60_000, stolenMs: 1100 } },
    NEAR,
    0.05,
    "other virtual machines took 5 % of the processors' time",
  ],
  ['pingPong', BEFORE, QUIET, { p50Ns: 2000, bestNs: 100 }, 20, 'two threads met 20 times as slowly as they can here'],
] as const)('%s is noticed and said', (by, before, after, pingPongs, value, words) => {
  const found = crowdingBetween(before, after, pingPongs);
  expect(found).toEqual([
    { by, seen: { value: expect.closeTo(value) as number, unit: 'x', kind: 'measured' }, limit: CROWDED[by] },
  ]);
  expect(crowdingSentence(found)).toMatch(/^This machine was crowded: .+ measure again when it is quiet\.$/);
  expect(crowdingSentence(found)).toContain(words);
});

test('where the system counts no times, nothing is said of them', () => {
  expect(crowdingBetween({ ...BEFORE, times: null }, { ...QUIET, times: null }, NEAR)).toEqual([]);
  // Counters that do not move, or are less than those of the process, are no share below 0.
  expect(crowdingBetween(BEFORE, { ...BEFORE, atMs: 11_000, ownMs: 9000 }, NEAR)).toEqual([]);
  expect(crowdingBetween(BEFORE, BEFORE, NEAR)).toEqual([]);
});

test('what this machine says of itself only grows', () => {
  const before = readMachine();
  for (let i = 0; i < 2e7; i++) Math.sqrt(i);
  const after = readMachine();
  expect(after.processors).toBeGreaterThan(0);
  expect(after.ownMs).toBeGreaterThanOrEqual(before.ownMs);
  expect((after.times === null) === (before.times === null)).toBe(true);
  expect(after.times?.busyMs ?? 0).toBeGreaterThanOrEqual(before.times?.busyMs ?? 0);
});
