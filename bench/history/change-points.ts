/**
 * Change points of a series: where its level shifted for good, or for a while.
 *
 * The values are replaced by their ranks, so that neither outliers nor the shape of the noise matter. Within an interval the
 * running sum of the ranks about their mean, divided by their spread, behaves like a Brownian bridge when nothing changed
 * (Kolmogorov's distribution; this is Pettitt's test). Intervals of all lengths are tested, not only the whole series
 * (seeded binary segmentation: Kovács, Bühlmann, Li and Munk, 2023), so that a slowdown that was repaired is found too; each
 * gets its part of the chance of error. The narrowest interval that shows something gives the place. A shift below the smallest
 * effect is no change point.
 *
 * Own code: npm has no kept package for it. Deterministic, no resampling; work grows with n log n.
 */
import { median } from 'simple-statistics';

export interface ChangePoint {
  /** Place of the first value of the new level. */
  readonly index: number;
  /** Medians of the stretches before and after. */
  readonly before: number;
  readonly after: number;
  /** After over before, minus 1. */
  readonly effect: number;
  /** Chance of so large a shift when nothing changed, all intervals accounted for. */
  readonly p: number;
}

export interface ChangePointOptions {
  /** Chance that a series without a change shows one. */
  readonly alpha: number;
  readonly smallestEffect: number;
}

export const DEFAULT_CHANGE_POINTS: ChangePointOptions = { alpha: 0.01, smallestEffect: 0.02 };

/** A shorter stretch is no different from an outlier. */
const INTERVAL_MIN = 16;
const SIDE_MIN = 3;

interface Found {
  readonly from: number;
  readonly end: number;
  readonly split: number;
  readonly p: number;
}

export function changePoints(
  series: readonly number[],
  options: ChangePointOptions = DEFAULT_CHANGE_POINTS,
): readonly ChangePoint[] {
  const { length } = series;
  if (length < INTERVAL_MIN) return [];
  const sums = prefixSums(midRanks(series));
  const intervals = seededIntervals(length);
  const found: Found[] = [];
  for (const [from, end] of intervals) {
    const split = bestSplit(sums, from, end);
    const p = Math.min(1, split.p * intervals.length);
    if (p <= options.alpha) found.push({ from, end, split: split.index, p });
  }
  // The narrowest first; what contains a change point that is known already says nothing new.
  const order = found.toSorted((a, b) => a.end - a.from - (b.end - b.from) || a.p - b.p);
  const splits: Found[] = [];
  for (const each of order) {
    if (splits.every(({ split }) => split <= each.from || split >= each.end)) splits.push(each);
  }
  return describe(series, merge(series, refine(series, sums, splits), options.smallestEffect));
}

/** Ranks from 1, ties at their mean. Sorting numbers without a comparison of our own is five times faster. */
function midRanks(series: readonly number[]): Float64Array {
  const sorted = Float64Array.from(series).toSorted();
  return Float64Array.from(
    series,
    (value) => (countBelow(sorted, value, false) + countBelow(sorted, value, true) + 1) / 2,
  );
}

/** How many are below a value; with `orAt`, how many are not above it. */
function countBelow(sorted: Float64Array, value: number, orAt: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = sorted[middle]!;
    if (at < value || (orAt && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Sums {
  readonly sum: Float64Array;
  readonly square: Float64Array;
}

function prefixSums(ranks: Float64Array): Sums {
  const sum = new Float64Array(ranks.length + 1);
  const square = new Float64Array(ranks.length + 1);
  for (let i = 0; i < ranks.length; i++) {
    sum[i + 1] = sum[i]! + ranks[i]!;
    square[i + 1] = square[i]! + ranks[i]! * ranks[i]!;
  }
  return { sum, square };
}

/** The whole series, and overlapping intervals of half, a quarter … of its length. */
function seededIntervals(length: number): readonly (readonly [from: number, end: number])[] {
  const intervals: (readonly [number, number])[] = [];
  for (let size = length; size >= INTERVAL_MIN; size = Math.ceil(size / 2)) {
    const count = size === length ? 1 : 2 * Math.ceil(length / size) - 1;
    for (let i = 0; i < count; i++) {
      const from = count === 1 ? 0 : Math.round(((length - size) * i) / (count - 1));
      intervals.push([from, from + size]);
    }
  }
  return intervals;
}

/** Where an interval is split best, and the chance of so large an excursion without a change. */
function bestSplit({ sum, square }: Sums, from: number, end: number): { readonly index: number; readonly p: number } {
  const n = end - from;
  const base = sum[from]!;
  const mean = (sum[end]! - base) / n;
  const variance = (square[end]! - square[from]!) / n - mean * mean;
  let excursion = 0;
  let best = 0;
  let index = from;
  for (let i = from + SIDE_MIN; i <= end - SIDE_MIN; i++) {
    const left = i - from;
    const far = Math.abs(sum[i]! - base - left * mean);
    if (far > excursion) excursion = far;
    // Weighted by what chance allows there, the place is found better near the ends.
    const weighted = (far * far) / (left * (n - left));
    if (weighted > best) {
      best = weighted;
      index = i;
    }
  }
  if (variance <= 1e-9 * mean * mean) return { index, p: 1 };
  const x = excursion / Math.sqrt(variance * n);
  return { index, p: kolmogorov(x) };
}

/** Chance that a Brownian bridge goes further than x from zero. */
export function kolmogorov(x: number): number {
  if (x < 0.2) return 1;
  let p = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    p += k % 2 === 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return Math.min(1, Math.max(0, 2 * p));
}

/** How far from where the ranks see it the place of a shift is looked for. */
const NEAR = 10;

/**
 * With its neighbours known, each change point is put where the stretch between them is split best; and because ranks blur
 * it by a place or two, to where the values near it are closest to the medians of the two sides.
 */
function refine(series: readonly number[], sums: Sums, splits: readonly Found[]): Found[] {
  const sorted = splits.toSorted((a, b) => a.split - b.split);
  return sorted.map((each, index) => {
    const from = sorted[index - 1]?.split ?? 0;
    const end = sorted[index + 1]?.split ?? series.length;
    if (end - from < 2 * SIDE_MIN) return each;
    const split = bestSplit(sums, from, end).index;
    const before = median(series.slice(from, split));
    const after = median(series.slice(split, end));
    const first = Math.max(from + SIDE_MIN, split - NEAR);
    const last = Math.min(end - SIDE_MIN, split + NEAR);
    // All near values on the right side first; each step hands one over to the left.
    let cost = 0;
    let best = { split: first, cost };
    for (let i = first; i < last; i++) {
      cost += Math.abs(series[i]! - before) - Math.abs(series[i]! - after);
      if (cost < best.cost) best = { split: i + 1, cost };
    }
    return { ...each, split: best.split };
  });
}

/** Takes away the smallest shift as long as it is below what matters. */
function merge(series: readonly number[], splits: readonly Found[], smallestEffect: number): readonly Found[] {
  let kept = [...new Map(splits.map((each) => [each.split, each])).values()];
  for (;;) {
    const effects = describe(series, kept).map(({ effect }) => Math.abs(Math.log1p(effect)));
    const smallest = effects.indexOf(Math.min(...effects));
    if (kept.length === 0 || effects[smallest]! >= Math.log1p(smallestEffect)) return kept;
    kept = kept.filter((_, index) => index !== smallest);
  }
}

function describe(series: readonly number[], splits: readonly Found[]): readonly ChangePoint[] {
  return splits.map(({ split, p }, index) => {
    const before = median(series.slice(splits[index - 1]?.split ?? 0, split));
    const after = median(series.slice(split, splits[index + 1]?.split ?? series.length));
    return { index: split, before, after, effect: before === 0 ? Infinity : after / before - 1, p };
  });
}
