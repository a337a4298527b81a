import { describe, expect, test } from 'vitest';

import { signedRankTest } from '../../../bench/compare/signed-rank.ts';

/** Differences with ranks 1 to n whose negative ranks add up to a sum. */
function withNegativeSum(n: number, sum: number): number[] {
  let left = sum;
  return Array.from({ length: n }, (_, index) => n - index).map((rank) => {
    if (rank > left) return rank;
    left -= rank;
    return -rank;
  });
}

/** All 2^n ways to give signs, one by one: another way to the same number. */
function bruteForce(differences: readonly number[]): number {
  const ranks = differences.map(
    (value) =>
      differences.filter((other) => Math.abs(other) < Math.abs(value)).length +
      (differences.filter((other) => Math.abs(other) === Math.abs(value)).length + 1) / 2,
  );
  const kept = ranks.filter((_, index) => differences[index] !== 0);
  const middle = kept.reduce((total, rank) => total + rank, 0) / 2;
  const positive = ranks.reduce((total, rank, index) => (differences[index]! > 0 ? total + rank : total), 0);
  let far = 0;
  for (let signs = 0; signs < 2 ** kept.length; signs++) {
    let sum = 0;
    for (const [bit, rank] of kept.entries()) if ((signs & (1 << bit)) !== 0) sum += rank;
    if (Math.abs(sum - middle) >= Math.abs(positive - middle)) far += 1;
  }
  return far / 2 ** kept.length;
}

describe('published examples', () => {
  test('depression scale (Hollander and Wolfe 1973, the example of wilcox.test in R): V = 40, one-sided p = 0.01953', () => {
    const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const { positive, p, count } = signedRankTest(before.map((value, index) => value - after[index]!));
    expect(count).toBe(9);
    expect(positive).toBe(40);
    expect(p / 2).toBeCloseTo(0.01953, 5);
  });

  test('heights of crossed and self-fertilised maize (Darwin 1876): V = 96, p = 0.04126', () => {
    const { positive, p } = signedRankTest([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]);
    expect(positive).toBe(96);
    expect(p).toBeCloseTo(0.04126, 5);
  });

  test('hours of sleep (Student 1908): nine gains and a zero, 2 in 2^9', () => {
    const { count, p } = signedRankTest([1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4]);
    expect(count).toBe(9);
    expect(p).toBeCloseTo(2 / 512, 12);
  });
});

describe('the table of critical values, two-sided 5 %', () => {
  test.each([
    [6, 0],
    [7, 2],
    [8, 3],
    [9, 5],
    [10, 8],
    [11, 10],
    [12, 13],
    [13, 17],
    [14, 21],
    [15, 25],
    [20, 52],
    [25, 89],
  ])('n = %i: a sum of %i is significant, one more is not', (n, critical) => {
    expect(signedRankTest(withNegativeSum(n, critical)).p).toBeLessThanOrEqual(0.05);
    expect(signedRankTest(withNegativeSum(n, critical + 1)).p).toBeGreaterThan(0.05);
  });
});

describe('ties and zeros', () => {
  test.each([
    [[1, 1, 1, 1, -1, 2, 2, -3]],
    [[0, 0, 1, 2, 2, -2, 5, 7]],
    [[3, 3, 3, 3, 3, 3, 3]],
    [[-1, -1, 2, 2, -4, 4, 4, 8, 8, 8]],
  ])('%j gives what counting all signs gives', (differences) => {
    expect(signedRankTest(differences).p).toBeCloseTo(bruteForce(differences), 12);
  });

  test('nothing but zeros says nothing', () => {
    expect(signedRankTest([0, 0, 0])).toEqual({ count: 0, positive: 0, p: 1 });
    expect(signedRankTest([])).toEqual({ count: 0, positive: 0, p: 1 });
  });
});

test('past the exact range the normal form continues where the exact one ends', () => {
  const spread = (n: number) => Array.from({ length: n }, (_, i) => (i % 20 < 11 ? i + 1 : -i - 1));
  const [exact, normal] = [signedRankTest(spread(400)).p, signedRankTest(spread(401)).p];
  expect(Math.abs(exact - normal)).toBeLessThan(0.05);
  expect(normal).toBeGreaterThan(0);
  expect(normal).toBeLessThan(1);
});

test('the opposite sign of all differences changes the sum and not the chance', () => {
  const differences = [3, -1, 4, 1, -5, 9, 2, 6];
  const turned = signedRankTest(differences.map((value) => -value));
  expect(turned.p).toBe(signedRankTest(differences).p);
  expect(turned.positive + signedRankTest(differences).positive).toBe(36);
});
