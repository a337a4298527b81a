/**
 * Samples to figures. The range of a measured figure is the interquartile range of its samples.
 */
import { medianAbsoluteDeviation, quantileSorted } from 'simple-statistics';

import { bug } from '../../sim/base/bug.ts';
import type { Figure } from '../show/figure.ts';
import type { Quantiles } from '../documents/bench/result.ts';

export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p99: number;
  readonly max: number;
  /** Median absolute deviation: the spread that outliers do not move. */
  readonly mad: number;
}

/** Leaves the samples as they are. */
export function summarise(samples: ArrayLike<number>): Summary {
  if (samples.length === 0) bug('NO_SAMPLES');
  const sorted = Array.from(samples).toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    min: sorted[0]!,
    p25: quantileSorted(sorted, 0.25),
    p50: quantileSorted(sorted, 0.5),
    p75: quantileSorted(sorted, 0.75),
    p99: quantileSorted(sorted, 0.99),
    max: sorted.at(-1)!,
    mad: medianAbsoluteDeviation(sorted),
  };
}

/** @param share 0 to 1 */
export function percentile(samples: ArrayLike<number>, share: number): number {
  if (samples.length === 0) bug('NO_SAMPLES');
  return quantileSorted(
    Array.from(samples).toSorted((a, b) => a - b),
    share,
  );
}

/** The median with the interquartile range, and the samples in the order in which they came. */
export function medianFigure(samples: ArrayLike<number>, unit: string): Figure {
  const { p50, p25, p75 } = summarise(samples);
  return { value: p50, unit, kind: 'measured', low: p25, high: p75, samples: Array.from(samples, sixDigits) };
}

/** More digits of a sample are noise, and take room. */
function sixDigits(value: number): number {
  return Number(value.toPrecision(6));
}

/** Median with its range, and 99th percentile. */
export function quantileFigures(samples: ArrayLike<number>, unit: string): Quantiles {
  return { p50: medianFigure(samples, unit), p99: measured(percentile(samples, 0.99), unit) };
}

/** Seconds per operation to operations per second, each of which stands for `scale` units (bytes, for instance). */
export function rateFigure(secondsPerOperation: readonly number[], unit: string, scale = 1): Figure {
  return medianFigure(
    secondsPerOperation.map((seconds) => scale / seconds),
    unit,
  );
}

export function exact(value: number, unit: string): Figure {
  return { value, unit, kind: 'exact' };
}

export function measured(value: number, unit: string): Figure {
  return { value, unit, kind: 'measured' };
}

export function modelled(value: number, unit: string, low: number, high: number): Figure {
  return { value, unit, kind: 'modelled', low, high };
}

/**
 * How often as long something took as its floor, both measured in turn: the median of the ratios of neighbours, which
 * whatever disturbs the machine for longer than a turn disturbs alike. The range is the interquartile range of the ratios.
 */
export function ratioInTurn(samples: ArrayLike<number>, floor: ArrayLike<number>): Figure {
  if (samples.length !== floor.length) bug('RATIO_SAMPLES', samples.length, floor.length);
  const ratios = Array.from(samples, (sample, turn) => sample / floor[turn]!);
  return { ...medianFigure(ratios, 'x'), kind: 'ratio' };
}

/** A measured figure divided by a floor of the same run. */
export function ratioToFloor(value: Figure, floor: Figure): Figure {
  const ratio: Figure = { value: value.value / floor.value, unit: 'x', kind: 'ratio' };
  if (value.low === undefined || value.high === undefined) return ratio;
  return { ...ratio, low: value.low / floor.value, high: value.high / floor.value };
}
