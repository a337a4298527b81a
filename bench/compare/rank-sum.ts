/**
 * Two samples that are not paired: the rank-sum test of Wilcoxon, Mann and Whitney, exact also with ties, and the interval of
 * the shift that it does not reject (Hodges and Lehmann).
 *
 * Own code for the same reason as the signed-rank test: simple-statistics has a rank sum without a distribution.
 */
import { median } from 'simple-statistics';

export interface Shift {
  /** Median of the differences of all pairs, a value of `b` less one of `a`. */
  readonly shift: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided chance of such ranks between equals. */
  readonly p: number;
}

/** Error of shares that are added up. */
const ROUNDING = 1e-12;

/**
 * @param level of the interval, such as 0.98
 * @returns null where the samples are too small for an interval of that level
 */
export function shiftOf(a: readonly number[], b: readonly number[], level: number): Shift | null {
  const differences = b.flatMap((after) => a.map((before) => after - before)).toSorted((x, y) => x - y);
  // Among untied ranks so many of the smallest sums may be left out on either side.
  const sums = rankSumShares(
    Array.from({ length: a.length + b.length }, (_, i) => 2 * (i + 1)),
    b.length,
  );
  const least = b.length * (b.length + 1);
  let outside = 0;
  let tail = 0;
  for (let sum = least; sum < sums.length; sum += 2) {
    tail += sums[sum]!;
    if (tail > (1 - level) / 2 + ROUNDING) break;
    outside += 1;
  }
  if (outside === 0) return null;
  return {
    shift: median(differences),
    low: differences[outside - 1]!,
    high: differences[differences.length - outside]!,
    p: rankSumP(a, b),
  };
}

function rankSumP(a: readonly number[], b: readonly number[]): number {
  const pooled = [...a.map((value) => ({ value, ofB: false })), ...b.map((value) => ({ value, ofB: true }))].toSorted(
    (x, y) => x.value - y.value,
  );
  const doubled: number[] = [];
  let sumOfB = 0;
  for (let first = 0; first < pooled.length;) {
    let last = first;
    while (last + 1 < pooled.length && pooled[last + 1]!.value === pooled[first]!.value) last += 1;
    for (let i = first; i <= last; i++) {
      doubled.push(first + last + 2);
      if (pooled[i]!.ofB) sumOfB += first + last + 2;
    }
    first = last + 1;
  }
  const shares = rankSumShares(doubled, b.length);
  const middle = b.length * (pooled.length + 1);
  let p = 0;
  for (let sum = 0; sum < shares.length; sum++) {
    if (Math.abs(sum - middle) >= Math.abs(sumOfB - middle)) p += shares[sum]!;
  }
  return Math.min(1, p);
}

/** The share that each sum has among all ways to choose so many of the ranks. */
function rankSumShares(ranks: readonly number[], chosen: number): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const ways = Array.from({ length: chosen + 1 }, () => new Float64Array(total + 1));
  ways[0]![0] = 1;
  for (const rank of ranks) {
    for (let size = chosen; size > 0; size--) {
      const [from, to] = [ways[size - 1]!, ways[size]!];
      for (let sum = total; sum >= rank; sum--) to[sum]! += from[sum - rank]!;
    }
  }
  const counts = ways[chosen]!;
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / all);
}
