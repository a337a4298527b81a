import { describe, expect, test } from 'vitest';

import { bytes, duration } from '../../../sim/base/quantity.ts';

describe('a size', () => {
  test.each([
    ['64GiB', 64 * 1024 ** 3],
    ['1.5 KiB', 1536],
    ['2GB', 2e9],
    ['7B', 7],
    [0, 0],
  ])('%j is %d bytes', (text, expected) => {
    expect(bytes.parse(text)).toBe(expected);
  });

  test.each(['64', '64 gib', '-1GiB', 'GiB', '1e3B', '', -1, 4096, Number.NaN, Infinity, '9PiB', '9999999TiB', null])(
    '%j is none',
    (text) => {
      expect(bytes.safeParse(text).success).toBe(false);
    },
  );
});

describe('a time', () => {
  test.each([
    ['300ms', 300e6],
    ['20us', 20e3],
    ['20µs', 20e3],
    ['1.5 s', 1.5e9],
    ['2min', 120e9],
    ['1h', 3600e9],
    [0, 0],
  ])('%j is %d ns', (text, expected) => {
    expect(duration.parse(text)).toBe(expected);
  });

  test.each(['300', '300 sec', 'ms', '1d', 300, 0.3, -1, '3000h'])('%j is none', (text) => {
    expect(duration.safeParse(text).success).toBe(false);
  });

  test('a wrong one is refused with the units that there are', () => {
    const { error } = duration.safeParse('3 weeks');
    expect(error?.issues[0]?.message).toMatch(/ns, us, µs, ms, s, min, h/);
  });
});
