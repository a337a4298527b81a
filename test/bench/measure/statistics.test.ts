import { expect, test } from 'vitest';

import {
  exact,
  medianFigure,
  modelled,
  percentile,
  quantileFigures,
  rateFigure,
  ratioToFloor,
  summarise,
} from '../../../bench/measure/statistics.ts';
import { Bug } from '../../../sim/base/bug.ts';

const SAMPLES = [5, 1, 4, 2, 3];

test('a summary holds the order statistics and leaves the samples alone', () => {
  expect(summarise(SAMPLES)).toEqual({ count: 5, min: 1, p25: 2, p50: 3, p75: 4, p99: 4.96, max: 5, mad: 1 });
  expect(SAMPLES).toEqual([5, 1, 4, 2, 3]);
  expect(percentile(Float64Array.from(SAMPLES), 0.5)).toBe(3);
});

test('a measured figure is the median with the interquartile range', () => {
  expect(medianFigure(SAMPLES, 'ns')).toEqual({
    value: 3,
    unit: 'ns',
    kind: 'measured',
    low: 2,
    high: 4,
    samples: SAMPLES,
  });
  expect(quantileFigures(SAMPLES, 'ns').p99).toEqual({ value: 4.96, unit: 'ns', kind: 'measured' });
});

test('times become rates, of operations or of what each of them stands for', () => {
  expect(rateFigure([0.5, 0.5], '/s')).toMatchObject({ value: 2, unit: '/s' });
  expect(rateFigure([0.5], 'B/s', 100)).toMatchObject({ value: 200, unit: 'B/s' });
});

test('a ratio carries the range along', () => {
  const ratio = ratioToFloor(medianFigure(SAMPLES, 'ns'), exact(2, 'ns'));
  expect(ratio).toEqual({ value: 1.5, unit: 'x', kind: 'ratio', low: 1, high: 2 });
  expect(modelled(2, 'ns', 1, 3)).toEqual({ value: 2, unit: 'ns', kind: 'modelled', low: 1, high: 3 });
});

test('no samples are our own bug, not a zero', () => {
  expect(() => summarise([])).toThrow(Bug);
  expect(() => percentile([], 0.5)).toThrow(Bug);
});
