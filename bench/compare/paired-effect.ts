/**
 * The effect that pairs of processes show: the median of the log ratios, and its bootstrap interval.
 */
import { median, quantileSorted } from 'simple-statistics';

import { bug } from '../../sim/base/bug.ts';
import { Random } from '../../sim/base/random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface PairedEffect extends Interval {
  /** Candidate over base, minus 1. */
  readonly effect: number;
  /** Half the width of the interval, in logarithms. */
  readonly halfWidth: number;
}

const RESAMPLES = 2000;

/**
 * @param ratios log ratios, at least one
 * @param level of the interval, such as 0.95
 */
export function pairedEffect(ratios: readonly number[], level: number, random = new Random(1)): PairedEffect {
  const { low, high } = bootstrapMedian(ratios, level, random);
  return {
    effect: Math.expm1(median([...ratios])),
    low: Math.expm1(low),
    high: Math.expm1(high),
    halfWidth: (high - low) / 2,
  };
}

/** Percentile bootstrap of the median; the resampling is seeded, so that the same samples give the same interval. */
export function bootstrapMedian(values: readonly number[], level: number, random: Random): Interval {
  const { length } = values;
  if (length === 0) bug('NO_PAIRS');
  const sorted = Float64Array.from(values).toSorted();
  const medians = new Float64Array(RESAMPLES);
  const places = new Uint32Array(length);
  for (let i = 0; i < RESAMPLES; i++) {
    // The central one of the resampled, sorted values is the median.
    for (let j = 0; j < length; j++) places[j] = random.below(length);
    places.sort();
    const upper = sorted[places[length >>> 1]!]!;
    medians[i] = length % 2 === 1 ? upper : (upper + sorted[places[(length >>> 1) - 1]!]!) / 2;
  }
  const ordered = Array.from(medians.toSorted());
  return { low: quantileSorted(ordered, (1 - level) / 2), high: quantileSorted(ordered, (1 + level) / 2) };
}
