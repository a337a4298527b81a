import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { memoryClasses } from '../../../sim/memory/dirty.ts';
import { burstNs } from '../../../sim/memory/write-rate.ts';

const bursts = fc
  .record({
    everyNs: fc.integer({ min: 2, max: 200 }),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    beginsNs: fc.nat(300),
  })
  .map(({ everyNs, share, beginsNs }) => ({ everyNs, lastsNs: Math.max(1, Math.floor(share * everyNs)), beginsNs }));

test('time in bursts is that of each nanosecond in one', () => {
  fc.assert(
    fc.property(bursts, fc.nat(500), fc.nat(500), (given, fromNs, forNs) => {
      const isIn = (timeNs: number): boolean => {
        const since = (((timeNs - given.beginsNs) % given.everyNs) + given.everyNs) % given.everyNs;
        return since < given.lastsNs;
      };
      const counted = Array.from({ length: forNs }, (_, i) => fromNs + i).filter(isIn).length;
      expect(burstNs(given, fromNs, fromNs + forNs)).toBeCloseTo(counted, 6);
    }),
    { numRuns: 200 },
  );
});

test('a guest in bursts writes at most to both sets, and outside of a burst to the first alone', () => {
  const model = {
    kind: 'bursts',
    workingSetBytes: 64e6,
    pagesPerSecond: 1e6,
    burstBytes: 256e6,
    burstPagesPerSecond: 1e6,
    everyNs: 10e9,
    lastsNs: 2e9,
    beginsNs: 5e9,
  } as const;
  const classes = memoryClasses(model, 1e9, 4096);
  const written = (fromNs: number, toNs: number): number =>
    classes.reduce((sum, set) => sum + set.writtenBytes(fromNs, toNs, 1), 0);
  expect(classes.reduce((sum, { setBytes }) => sum + setBytes, 0)).toBe(1e9);
  expect(written(0, 5e9)).toBeCloseTo(64e6, -4);
  expect(written(5e9, 7e9)).toBeCloseTo(320e6, -4);
  expect(written(7e9, 15e9)).toBeCloseTo(64e6, -4);
  expect(() => memoryClasses({ ...model, lastsNs: 11e9 }, 1e9, 4096)).toThrow(/come every/);
});
