import { array, assert, double, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';

import { Covariance } from '../../../../bench/studies/fit/covariance.ts';

const slope = double({ min: -3, max: 3, noNaN: true });
const pair = tuple(slope, slope);
const error = double({ min: 0.05, max: 2, noNaN: true });

/** Of two unknowns, after figures: the inverse of their information, by hand. */
function inverse(figures: readonly (readonly [readonly [number, number], number])[]): readonly [number, number] {
  let [a, b, d] = [1, 0, 1];
  for (const [[x, y], sigma] of figures) {
    a += (x / sigma) ** 2;
    b += (x * y) / sigma ** 2;
    d += (y / sigma) ** 2;
  }
  return [d / (a * d - b * b), a / (a * d - b * b)];
}

test('is the inverse of the information of all figures, in whichever order they come', () => {
  assert(
    property(array(tuple(pair, error), { maxLength: 4 }), (figures) => {
      const after = (all: typeof figures) => all.reduce((known, [g, s]) => known.after(g, s), Covariance.ofUnit(2));
      for (const known of [after(figures), after(figures.toReversed())]) {
        const [first, second] = inverse(figures);
        expect(known.deviation(0) ** 2 / first).toBeCloseTo(1, 5);
        expect(known.deviation(1) ** 2 / second).toBeCloseTo(1, 5);
      }
    }),
    { numRuns: 50 },
  );
});

test('an unknown that no figure depends on stays as it was', () => {
  const known = Covariance.ofUnit(2).after([2, 0], 0.1);
  expect(known.deviation(1)).toBe(1);
  expect(known.deviation(0)).toBeCloseTo(1 / Math.sqrt(401), 10);
  expect(known.variance([0, 3])).toBeCloseTo(9, 10);
});
