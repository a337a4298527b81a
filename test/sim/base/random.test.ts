import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bug } from '../../../sim/base/bug.ts';
import { Random } from '../../../sim/base/random.ts';

/** xoroshiro128+ (24, 16, 37) written out again in BigInt; gives the low word of the sum, as pure-rand does. */
function* oracle(state: string): Generator<number, never> {
  const mask = (1n << 64n) - 1n;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (64n - k))) & mask;
  let s0 = BigInt(`0x${state.slice(0, 16)}`);
  let s1 = BigInt(`0x${state.slice(16)}`);
  for (;;) {
    yield Number((s0 + s1) & 0xffffffffn);
    s1 ^= s0;
    s0 = rotate(s0, 24n) ^ s1 ^ ((s1 << 16n) & mask);
    s1 = rotate(s1, 37n);
  }
}

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uniform());
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Five standard deviations: by chance alone once in 1.7 million, and the seed is fixed anyway. */
const SIGMAS = 5;

describe('Random', () => {
  test('uniform numbers are the 53 high bits of two xoroshiro128+ words', () => {
    const random = new Random(7, 3);
    const words = oracle(random.state());
    for (let i = 0; i < 200; i++) {
      const high = words.next().value >>> 5;
      const low = words.next().value >>> 6;
      expect(random.uniform()).toBe(high / 2 ** 27 + low / 2 ** 53);
    }
  });

  test('the same seed gives the same sequence and the same end state', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat({ max: 0xffffffff }), (seed, stream) => {
        const [a, b] = [new Random(seed, stream), new Random(seed, stream)];
        expect(draw(a, 20)).toEqual(draw(b, 20));
        expect(a.below(1000)).toBe(b.below(1000));
        expect(a.exponential(5)).toBe(b.exponential(5));
        expect(a.state()).toBe(b.state());
      }),
    );
  });

  test('the end state shows how much was drawn', () => {
    const [a, b] = [new Random(1), new Random(1)];
    a.uniform();
    b.uniform();
    b.below(2);
    expect(a.state()).toMatch(/^[0-9a-f]{32}$/);
    expect(a.state()).not.toBe(b.state());
  });

  test('seeds and streams that differ in any bit start from different states', () => {
    const starts = new Set<string>();
    let made = 0;
    const seeds = [0, ...Array.from({ length: 53 }, (_, bit) => 2 ** bit)];
    const streams = [0, ...Array.from({ length: 32 }, (_, bit) => 2 ** bit)];
    for (const seed of seeds) {
      for (const stream of streams) {
        starts.add(new Random(seed, stream).state());
        made += 1;
      }
    }
    expect(starts.size).toBe(made);
  });

  test('neighbouring streams and seeds are not correlated', () => {
    const count = 20_000;
    const base = draw(new Random(1, 0), count);
    for (const other of [new Random(1, 1), new Random(2, 0), new Random(0, 1)]) {
      const values = draw(other, count);
      const covariance = mean(base.map((value, i) => (value - 0.5) * (values[i]! - 0.5)));
      // The product of two independent uniforms about 0 has variance 1/144.
      expect(Math.abs(covariance)).toBeLessThan((SIGMAS * (1 / 12)) / Math.sqrt(count));
    }
  });

  test('uniform numbers have mean 1/2 and lie in [0, 1)', () => {
    const count = 100_000;
    const values = draw(new Random(11), count);
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values.slice(0, 50_000))).toBeLessThan(1);
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan((SIGMAS * Math.sqrt(1 / 12)) / Math.sqrt(count));
  });

  test.each([1, 2, 3, 7, 16])('below(%i) hits every value equally often', (n) => {
    const count = 50_000;
    const random = new Random(5, n);
    const hits = Array.from({ length: n }, () => 0);
    for (let i = 0; i < count; i++) hits[random.below(n)]! += 1;
    const deviation = Math.sqrt(count * (1 / n) * (1 - 1 / n));
    for (const hit of hits) expect(Math.abs(hit - count / n)).toBeLessThanOrEqual(SIGMAS * deviation);
  });

  test('below(n) is without bias where n does not divide 2^32', () => {
    const count = 50_000;
    const random = new Random(8);
    let low = 0;
    for (let i = 0; i < count; i++) if (random.below(3 * 2 ** 30) < 2 ** 30) low += 1;
    expect(Math.abs(low - count / 3)).toBeLessThan(SIGMAS * Math.sqrt((count * 2) / 9));
  });

  test('below(n) stays below n, for n up to 2^32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (n, seed) => {
        const value = new Random(seed).below(n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }),
    );
  });

  test('exponential numbers have the mean and the variance asked for', () => {
    const count = 100_000;
    const random = new Random(3);
    const values = Array.from({ length: count }, () => random.exponential(40));
    expect(Math.abs(mean(values) - 40)).toBeLessThan((SIGMAS * 40) / Math.sqrt(count));
    // The fourth central moment of an exponential is 9 mean^4, so the sample variance deviates by sqrt(8) mean^2 / sqrt(n).
    const variance = mean(values.map((value) => (value - 40) ** 2));
    expect(Math.abs(variance - 1600)).toBeLessThan((SIGMAS * Math.sqrt(8) * 1600) / Math.sqrt(count));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => new Random(seed)).toThrow(Bug);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 32 + 1])('refuses below(%d)', (n) => {
    expect(() => new Random(1).below(n)).toThrow(Bug);
  });
});
