/**
 * From pairs of processes to a verdict: a sequential test, for several metrics at once.
 *
 * Repeated testing with optional stopping finds differences between equals. Here each of the planned tests gets
 * an equal part of the chance of error (the p-value of a test is multiplied by their number, and the smallest counts), which
 * holds whatever stops the run, and Holm's correction then takes care of many metrics.
 *
 * A difference must be significant and at least as large as the smallest effect that matters. "Same" is no absence of proof:
 * the whole interval has to lie within the smallest effect.
 */
import type { Better } from '../documents/metric.ts';
import type { ComparisonVerdict, TestSettings } from '../documents/comparison/document.ts';
import { pairedEffect, type PairedEffect } from './paired-effect.ts';
import { signedRankTest } from './signed-rank.ts';

/** Holm's step-down correction: chances in the order given, each for all tests together. */
export function holm(chances: readonly number[]): readonly number[] {
  const order = chances.map((p, index) => ({ p, index })).toSorted((a, b) => a.p - b.p);
  const adjusted = Array.from({ length: chances.length }, () => 1);
  let largest = 0;
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, p * (chances.length - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}

/**
 * The chance that counts after several tests: valid at whichever test a run ends.
 *
 * @param ratios log ratios in the order in which the pairs were measured
 */
export function sequentialChance(ratios: readonly number[], looks: readonly number[]): number {
  let smallest = 1;
  for (const look of looks) {
    if (look > ratios.length) break;
    smallest = Math.min(smallest, signedRankTest(ratios.slice(0, look)).p * looks.length);
  }
  return smallest;
}

export interface ComparisonDecision extends PairedEffect {
  readonly verdict: ComparisonVerdict;
  readonly p: number;
  readonly pairs: number;
  /** Only with `cannot tell`. */
  readonly morePairs?: number;
}

export interface PairedMetric {
  readonly better: Better;
  readonly ratios: readonly number[];
}

/** Verdicts of all metrics of a comparison, after some pairs. Metrics without pairs must not be among them. */
export function decideComparison(
  metrics: readonly PairedMetric[],
  settings: TestSettings,
): readonly ComparisonDecision[] {
  const chances = holm(metrics.map(({ ratios }) => sequentialChance(ratios, settings.looks)));
  return metrics.map(({ better, ratios }, index) => {
    const effect = pairedEffect(ratios, intervalLevel(settings));
    return { ...effect, ...verdictOf(effect, chances[index]!, ratios.length, better, settings) };
  });
}

/** The interval is tested as often as the p-value. */
export function intervalLevel({ alpha, looks }: TestSettings): number {
  return 1 - alpha / looks.length;
}

function verdictOf(
  { effect, low, high, halfWidth }: PairedEffect,
  p: number,
  pairs: number,
  better: Better,
  { alpha, smallestEffect, looks }: TestSettings,
): Pick<ComparisonDecision, 'verdict' | 'p' | 'pairs' | 'morePairs'> {
  const limit = Math.log1p(smallestEffect);
  const [logEffect, logLow, logHigh] = [Math.log1p(effect), Math.log1p(low), Math.log1p(high)];
  if (pairs >= looks[0]!) {
    const significant = p <= alpha && (logLow > 0 || logHigh < 0);
    if (significant && Math.abs(logEffect) >= limit) {
      const good = better === 'neither' ? undefined : effect > 0 === (better === 'higher');
      return { verdict: good === undefined ? 'changed' : good ? 'better' : 'worse', p, pairs };
    }
    if (-limit < logLow && logHigh < limit) return { verdict: 'same', p, pairs };
  }
  return { verdict: 'cannot tell', p, pairs, morePairs: pairsMissing(logEffect, halfWidth, limit, pairs, looks) };
}

/**
 * An interval becomes narrower with the root of the pairs. It has to fit between the effect and the nearest bound that is
 * to differ from it; for an effect right at the bound that takes more pairs than there is time for, so it is cut off.
 */
function pairsMissing(
  effect: number,
  halfWidth: number,
  limit: number,
  pairs: number,
  looks: readonly number[],
): number {
  const room = Math.max(limit / 4, Math.abs(effect) >= limit ? Math.abs(effect) : limit - Math.abs(effect));
  const needed = Math.ceil(pairs * (halfWidth / room) ** 2);
  return Math.max(1, looks[0]! - pairs, needed - pairs);
}
