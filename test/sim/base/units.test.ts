import { describe, expect, test } from 'vitest';
import { countOf, bytesPerSecondOf, formatGigabytes, formatNs, unitOf } from '../../../sim/base/units.ts';

describe('units', () => {
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

  test('a link of 25 Gbit/s carries 3.125 GB per second', () => {
    expect(bytesPerSecondOf(25)).toBe(3_125_000_000);
  });

  test.each([
    [17_179_869_184, '17.2 GB'],
    [1_500_000, '0.00150 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatGigabytes(bytes)).toBe(text);
  });
});

test('one thing is named in the singular, any other number of them is not', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'queue pair'))).toEqual([
    '0 queue pairs',
    '1 queue pair',
    '2 queue pairs',
  ]);
  expect([1, 2].map((count) => countOf(count, 'move is', 'moves are'))).toEqual(['1 move is', '2 moves are']);
  expect([unitOf(1, 'such VMs'), unitOf(2, 'such VMs'), unitOf(1, 'ms')]).toEqual(['such VM', 'such VMs', 'ms']);
});
