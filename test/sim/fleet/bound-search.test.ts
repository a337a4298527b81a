import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { firstThatHolds, lastThatHolds, settleBound } from '../../../sim/fleet/bound-search.ts';

const range = fc.tuple(
  fc.integer({ min: 0, max: 50 }),
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: -5, max: 260 }),
);

test('the last that holds, and none before the first', () => {
  fc.assert(
    fc.property(range, ([low, length, bound]) => {
      const high = low + length;
      const found = lastThatHolds(low, high, (n) => n <= bound);
      expect(found).toBe(bound < low ? low - 1 : Math.min(bound, high));
    }),
    { seed: 3 },
  );
});

test('the first that holds', () => {
  fc.assert(
    fc.property(range, ([low, length, bound]) => {
      const high = low + length;
      const found = firstThatHolds(low, high, (n) => n >= bound);
      expect(found).toBe(bound > high ? high + 1 : Math.max(bound, low));
    }),
    { seed: 3 },
  );
});

test('a guess is put right from either side, and the one further was tried', () => {
  fc.assert(
    fc.property(range, fc.integer({ min: -10, max: 300 }), ([low, length, bound], guess) => {
      const high = low + length;
      const tried = new Set<number>();
      const most = settleBound(guess, low, high, 1, (n) => (tried.add(n), n <= bound));
      expect(most).toBe(bound < low ? null : Math.min(bound, high));
      const wanted = most === null ? [] : [most, ...(most < high ? [most + 1] : [])];
      expect([...tried]).toEqual(expect.arrayContaining(wanted));
      const least = settleBound(guess, low, high, -1, (n) => n >= bound);
      expect(least).toBe(bound > high ? null : Math.max(bound, low));
    }),
    { seed: 4 },
  );
});
