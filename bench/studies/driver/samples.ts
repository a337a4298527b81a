/**
 * Estimates of one cost from times that were seen: a value with the range in which it is.
 */

/** Times of one kind, in ns. */
export interface Estimate {
  readonly ns: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

/** Standard errors on each side: 95 of 100 means lie in it, with room for what is no normal error. */
const ERRORS = 2.5;
/** Resolutions by which a time may be off and still be of the same access. */
const OUTLIER_STEPS = 2;
/** Part of the median by which a time may be off, where the clock is fine. */
const OUTLIER_SHARE = 0.3;

/**
 * Differences of two times of a clock with a resolution. Each is off by less than one resolution, and their mean by far less:
 * where the two times fall in the grid is chance. Long ones, with an interrupt between the two, are left out.
 *
 * @returns undefined without samples
 */
export function meanEstimate(given: readonly number[], resolutionNs: number): Estimate | undefined {
  if (given.length === 0) return undefined;
  const sorted = given.toSorted((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const reach = Math.max(OUTLIER_STEPS * resolutionNs, OUTLIER_SHARE * median);
  const kept = sorted.filter((each) => Math.abs(each - median) <= reach);
  const { length } = kept;
  if (resolutionNs <= 1) return { ns: quantile(kept, 0.5), min: kept[0]!, max: kept.at(-1)!, samples: length };
  const mean = kept.reduce((sum, each) => sum + each, 0) / length;
  const variance = kept.reduce((sum, each) => sum + (each - mean) ** 2, 0) / length;
  // With few samples that are all alike the next one may still be another: a share of 3/n of them, at 95 of 100.
  const error = Math.max(ERRORS * Math.sqrt(variance / length), (3 / length) * resolutionNs);
  return { ns: mean, min: Math.max(0, mean - error), max: mean + error, samples: length };
}

/** Times that differ by themselves, such as sleeps: the median, and 95 of 100 of them. */
export function spreadEstimate(given: readonly number[], resolutionNs: number): Estimate | undefined {
  if (given.length === 0) return undefined;
  const sorted = given.toSorted((a, b) => a - b);
  const mid = meanEstimate(given, resolutionNs)!;
  return {
    ns: mid.ns,
    min: Math.max(0, Math.min(mid.min, quantile(sorted, 0.025) - resolutionNs)),
    max: Math.max(mid.max, quantile(sorted, 0.975) + resolutionNs),
    samples: given.length,
  };
}

/** A range in which a time is; from one occurrence. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Ranges of the same time: what all share; where nothing is shared, it differs from one to the next, and all of them together
 * are its range.
 */
export function sharedBounds(all: readonly Bounds[]): Bounds | undefined {
  if (all.length === 0) return undefined;
  const low = Math.max(...all.map((each) => each.low));
  const high = Math.min(...all.map((each) => each.high));
  if (low <= high) return { low, high };
  return { low: Math.min(...all.map((each) => each.low)), high: Math.max(...all.map((each) => each.high)) };
}

/** @param sorted ascending, not empty */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}
