import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { moveClass, moveInput, usable } from './fixture.ts';
import { GIB } from '../../../sim/base/units.ts';

test('a pause that was computed before is that of a kind of VM that computes it for the first time', () => {
  const move = moveInput({ gib: 8, pagesPerSecond: 40_000 });
  const rate = fc.constantFrom(usable(1), usable(5), usable(25));
  const bytes = fc.constantFrom(0, 1, GIB / 64, GIB / 8, GIB);
  fc.assert(
    fc.property(fc.array(fc.tuple(rate, bytes, bytes, bytes), { minLength: 1, maxLength: 30 }), (asked) => {
      const kind = moveClass(move);
      for (const [wire, pending, dirtied, zeros] of asked) {
        const pauseNs = moveClass(move).pauseNs(wire, pending, dirtied, zeros);
        expect(kind.pauseNs(wire, pending, dirtied, zeros)).toBe(pauseNs);
      }
    }),
    { seed: 7, numRuns: 50 },
  );
});

test('what is known of pauses does not grow without end, and stays right', () => {
  const kind = moveClass(moveInput());
  const fresh = moveClass(moveInput());
  for (let i = 0; i < 2500; i++) kind.pauseNs(usable(5), i * 4096, 0, 0);
  for (const i of [0, 999, 1000, 2499]) {
    expect(kind.pauseNs(usable(5), i * 4096, 4096, 0)).toBe(fresh.pauseNs(usable(5), i * 4096, 4096, 0));
  }
});
