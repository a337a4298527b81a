import { describe, expect, test } from 'vitest';
import { Bug } from '../../../sim/base/bug.ts';
import { formatNs, ms, ns, s, us } from '../../../sim/base/units.ts';

describe('units', () => {
  test('helpers give whole nanoseconds', () => {
    expect([ns(7), us(3), us(0.0125), ms(2), s(1.5)]).toEqual([7, 3000, 13, 2_000_000, 1_500_000_000]);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('ns refuses %d', (value) => {
    expect(() => ns(value)).toThrow(Bug);
  });

  test.each([
    [0, '0 ns'],
    [-0, '0 ns'],
    [999, '999 ns'],
    [1.25, '1.25 ns'],
    [999.9, '1.00 µs'],
    [1000, '1.00 µs'],
    [12_345, '12.3 µs'],
    [999_499, '999 µs'],
    [999_500, '1.00 ms'],
    [46_700_000, '46.7 ms'],
    [999_500_000, '1.00 s'],
    [80_600_000_000, '80.6 s'],
    [1_234_567_000_000, '1235 s'],
    [-12_345, '-12.3 µs'],
    [-5, '-5 ns'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('formatNs(%d) is %s', (value, text) => {
    expect(formatNs(value)).toBe(text);
  });
});
