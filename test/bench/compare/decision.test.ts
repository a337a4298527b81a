import { describe, expect, test } from 'vitest';

import { decideComparison, holm, sequentialChance } from '../../../bench/compare/decision.ts';
import { bootstrapMedian, pairedEffect } from '../../../bench/compare/paired-effect.ts';
import { DEFAULT_SETTINGS } from '../../../bench/compare/settings.ts';
import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';

/** A normal draw, of two uniform ones. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Log ratios around an effect. */
function pairs(random: Random, count: number, effect: number, spread: number): number[] {
  return Array.from({ length: count }, () => Math.log1p(effect) + spread * normal(random));
}

const LOOKS_END = DEFAULT_SETTINGS.looks.at(-1)!;

test("Holm's correction, on the example of p.adjust in R", () => {
  // p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
  expect(holm([0.01, 0.02, 0.03, 0.04, 0.05]).map((p) => Number(p.toFixed(12)))).toEqual([
    0.05, 0.08, 0.09, 0.09, 0.09,
  ]);
  expect(holm([0.04, 0.01])).toEqual([0.04, 0.02]);
  expect(holm([])).toEqual([]);
  expect(holm([0.7, 0.9])).toEqual([1, 1]);
});

describe('the chance after several tests', () => {
  test('counts each test as often as there are tests, and keeps the smallest', () => {
    const rising = Array.from({ length: 16 }, (_, i) => 0.01 * (i + 1));
    expect(sequentialChance(rising.slice(0, 12), [12, 16])).toBeCloseTo((2 * 2) / 2 ** 12, 12);
    expect(sequentialChance(rising, [12, 16])).toBeCloseTo((2 * 2) / 2 ** 16, 12);
    const spoilt = [...rising.slice(0, 12), -1, -2, -3, -4];
    expect(sequentialChance(spoilt, [12, 16])).toBeCloseTo((2 * 2) / 2 ** 12, 12);
  });

  test('says nothing before the first test', () => {
    expect(sequentialChance([1, 2, 3, 4, 5, 6, 7, 8], [12, 16])).toBe(1);
  });
});

describe('verdicts', () => {
  const one = (better: 'lower' | 'higher' | 'neither', ratios: readonly number[]) =>
    decideComparison([{ better, ratios }], DEFAULT_SETTINGS)[0]!;

  test('5 % slower with little noise is worse where low is good, better where high is good', () => {
    const ratios = pairs(new Random(3), 16, 0.05, 0.01);
    expect(one('lower', ratios).verdict).toBe('worse');
    expect(one('higher', ratios).verdict).toBe('better');
    expect(one('neither', ratios).verdict).toBe('changed');
    expect(one('lower', ratios).effect).toBeGreaterThan(0.04);
    expect(one('lower', ratios).effect).toBeLessThan(0.06);
  });

  test('a real change below the smallest effect is the same', () => {
    const decision = one('lower', pairs(new Random(4), 40, 0.008, 0.002));
    expect(decision.p).toBeLessThan(0.01);
    expect(decision.verdict).toBe('same');
  });

  test('no change with much noise gives no verdict, and it says how much more it takes', () => {
    const noisy = one('lower', pairs(new Random(5), 16, 0, 0.1));
    expect(noisy.verdict).toBe('cannot tell');
    expect(noisy.morePairs).toBeGreaterThan(50);
    const quiet = one('lower', pairs(new Random(5), 12, 0, 0.025));
    expect(quiet.morePairs ?? 0).toBeLessThan(noisy.morePairs!);
  });

  test('before the first test nothing is decided, however clear it seems', () => {
    const early = one('lower', pairs(new Random(6), 11, 0.5, 0.001));
    expect(early.verdict).toBe('cannot tell');
    expect(early.morePairs).toBe(1);
  });
});

test('equals are reported as different less often than the settings allow, with ten metrics and four tests', () => {
  const random = new Random(11);
  const runs = effort(60, 150);
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    const chances = Array.from({ length: 10 }, () => {
      // Noise with far outliers, as shared machines have it.
      const ratios = pairs(random, LOOKS_END, 0, 0.06).map((value) => (random.below(10) === 0 ? 8 * value : value));
      return sequentialChance(ratios, DEFAULT_SETTINGS.looks);
    });
    if (holm(chances).some((p) => p <= DEFAULT_SETTINGS.alpha)) alarms += 1;
  }
  expect(alarms / runs).toBeLessThan(DEFAULT_SETTINGS.alpha);
});

test('a slowdown of 5 % is found nearly always where processes spread by 2 %', () => {
  const random = new Random(12);
  const found = Array.from({ length: 12 }, () => {
    const others = Array.from({ length: 9 }, () => ({
      better: 'lower' as const,
      ratios: pairs(random, LOOKS_END, 0, 0.02),
    }));
    const slow = { better: 'lower' as const, ratios: pairs(random, LOOKS_END, 0.05, 0.02) };
    return decideComparison([slow, ...others], DEFAULT_SETTINGS)[0]!.verdict === 'worse';
  });
  expect(found.filter(Boolean).length).toBe(12);
});

describe('the effect', () => {
  test('is the median of the ratios, which one wild pair does not move', () => {
    const ratios = [1.05, 1.05, 1.05, 1.05, 50].map(Math.log);
    expect(pairedEffect(ratios, 0.95).effect).toBeCloseTo(0.05, 12);
  });

  test('has an interval that is the same for the same samples', () => {
    const ratios = pairs(new Random(8), 20, 0.03, 0.02);
    expect(pairedEffect(ratios, 0.95)).toEqual(pairedEffect(ratios, 0.95));
  });

  test('has an interval that covers the truth about as often as it says', () => {
    const random = new Random(9);
    let covered = 0;
    const runs = 120;
    for (let run = 0; run < runs; run++) {
      const { low, high } = bootstrapMedian(pairs(random, 25, 0, 0.05), 0.95, random);
      if (low <= 0 && 0 <= high) covered += 1;
    }
    expect(covered / runs).toBeGreaterThan(0.9);
    expect(covered / runs).toBeLessThan(0.995);
  });
});
