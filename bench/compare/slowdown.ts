/**
 * How small a slowdown so many pairs find, played with ratios that were measured.
 */
import { median } from 'simple-statistics';

import { Random } from '../../sim/base/random.ts';
import { sequentialChance } from './decision.ts';
import { DEFAULT_LOOKS, DEFAULT_SETTINGS } from './settings.ts';

/** Slowdowns that are tried, as shares. */
const SLOWDOWNS: readonly number[] = [
  0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1,
];
const PLAYED = 200;
/** A slowdown that is found less often than this is not counted on. */
const POWER = 0.8;

/**
 * Plays comparisons with the ratios of equals: drawn again, with either sign, and shifted by a slowdown.
 *
 * @param alpha chance of an error that this metric has, of all metrics together
 * @param pairs that fit into the budget
 * @param testedAfter numbers of pairs after which the comparison tests
 * @param smallestEffect that matters to the comparison, as a share
 * @returns null where nothing is found, or {@link SLOWDOWNS} has nothing as large
 */
export function smallestSlowdown(
  ratios: readonly number[],
  alpha: number,
  pairs: number,
  testedAfter: readonly number[] = DEFAULT_LOOKS,
  smallestEffect = DEFAULT_SETTINGS.smallestEffect,
): number | null {
  const taken = testedAfter.findLast((count) => count <= pairs);
  if (taken === undefined) return null;
  const found = (slowdown: number): boolean => {
    const random = new Random(1);
    const shift = Math.log1p(slowdown);
    let hits = 0;
    for (let i = 0; i < PLAYED; i++) {
      const drawn = Array.from({ length: taken }, () => {
        const ratio = ratios[random.below(ratios.length)]!;
        return shift + (random.below(2) === 0 ? ratio : -ratio);
      });
      // As strict as the comparison is.
      if (sequentialChance(drawn, testedAfter) <= alpha && median(drawn) >= Math.log1p(smallestEffect)) hits += 1;
    }
    return hits >= POWER * PLAYED;
  };
  // A larger slowdown is found more often.
  let [low, high] = [0, SLOWDOWNS.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (found(SLOWDOWNS[middle]!)) high = middle;
    else low = middle + 1;
  }
  return SLOWDOWNS[low] ?? null;
}
