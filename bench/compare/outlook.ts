/**
 * What a comparison will decide in its time, reported when its first pairs have shown how far they spread.
 */
import { median } from 'simple-statistics';

import type { TestSettings } from '../documents/comparison/document.ts';
import { percent } from '../show/format.ts';
import { smallestSlowdown } from './slowdown.ts';

/** Pairs after which it is reported. */
export const OUTLOOK_PAIRS = 4;

/** A metric after its first pairs. */
export interface EarlyMetric {
  readonly name: string;
  /** Log ratios. */
  readonly ratios: readonly number[];
  /** Pairs for which there is time, those that were taken included. */
  readonly pairs: number;
  /** Time of a pair. */
  readonly seconds: number;
}

/** A sentence for each metric. */
export function outlook(
  metrics: readonly EarlyMetric[],
  { alpha, looks, smallestEffect }: TestSettings,
): readonly string[] {
  const [least, most] = [looks[0]!, looks.at(-1)!];
  return metrics.map(({ name, ratios, pairs, seconds }) => {
    // Whatever the builds differ by, their pairs spread as those of equals do.
    const middle = median([...ratios]);
    const spread = ratios.map((ratio) => ratio - middle);
    const found = (count: number): string => {
      const share = smallestSlowdown(spread, alpha / metrics.length, count, looks, smallestEffect);
      return share === null ? 'no slowdown, however large' : `slowdowns from ${percent(share)} on`;
    };
    const there = Math.min(pairs, most);
    const time = `${name}: a pair takes ${seconds.toPrecision(2)} s, so there is time for ${there}`;
    if (there >= most) return `${time}, which find ${found(there)}`;
    const all = `${most} pairs, ${Math.ceil(most * seconds)} s, would find ${found(most)}`;
    if (there < least) return `${time}, and fewer than ${least} decide nothing; ${all}`;
    return `${time}, which find ${found(there)}; ${all}`;
  });
}
