/**
 * Wilcoxon's signed-rank test, exact also with ties: whether paired differences are as often and as far above zero as below.
 *
 * Own code, because simple-statistics has no test for pairs, and lib-r-math.js gives the exact distribution only without
 * ties. Ties get their mean rank; ranks are doubled, so that they are whole numbers, and all 2^n signs are counted by adding
 * one rank at a time. Zeros take part in the ranking and count half to each side (Pratt's way), which keeps the test honest
 * when a coarse clock gives equal times.
 */

export interface SignedRank {
  /** Differences that are not zero. */
  readonly count: number;
  /** Sum of the ranks of the positive differences. */
  readonly positive: number;
  /** Two-sided: chance of a sum at least as far from its centre when signs are a matter of luck. */
  readonly p: number;
}

/** Beyond this many the normal approximation with its correction for ties is good to four digits. */
const EXACT_MAX = 400;

export function signedRankTest(differences: readonly number[]): SignedRank {
  const ranked = rankMagnitudes(differences).filter(({ value }) => value !== 0);
  const doubled = ranked.map(({ rank2 }) => rank2);
  const positive2 = ranked.reduce((total, { value, rank2 }) => (value > 0 ? total + rank2 : total), 0);
  if (ranked.length === 0) return { count: 0, positive: 0, p: 1 };
  const p = ranked.length > EXACT_MAX ? normalP(doubled, positive2) : exactP(doubled, positive2);
  return { count: ranked.length, positive: positive2 / 2, p };
}

interface Ranked {
  readonly value: number;
  /** Twice the rank of the magnitude, ties at their mean. */
  readonly rank2: number;
}

function rankMagnitudes(values: readonly number[]): readonly Ranked[] {
  const sorted = values.toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const ranked: Ranked[] = [];
  for (let first = 0; first < sorted.length;) {
    let last = first;
    while (last + 1 < sorted.length && Math.abs(sorted[last + 1]!) === Math.abs(sorted[first]!)) last += 1;
    const rank2 = first + last + 2;
    for (let i = first; i <= last; i++) ranked.push({ value: sorted[i]!, rank2 });
    first = last + 1;
  }
  return ranked;
}

/** Counts, among all ways to give signs, those whose sum is at least as far from the centre. */
function exactP(doubled: readonly number[], positive2: number): number {
  const total = doubled.reduce((sum, rank2) => sum + rank2, 0);
  // Shares instead of counts: 2^n leaves the range of doubles only far beyond EXACT_MAX, and shares never do.
  let shares = new Float64Array(total + 1);
  shares[0] = 1;
  let reached = 0;
  for (const rank2 of doubled) {
    const next = new Float64Array(total + 1);
    for (let sum = 0; sum <= reached; sum++) {
      const half = shares[sum]! / 2;
      next[sum]! += half;
      next[sum + rank2]! += half;
    }
    reached += rank2;
    shares = next;
  }
  const distance = Math.abs(2 * positive2 - total);
  let p = 0;
  for (let sum = 0; sum <= total; sum++) if (Math.abs(2 * sum - total) >= distance) p += shares[sum]!;
  return Math.min(1, p);
}

function normalP(doubled: readonly number[], positive2: number): number {
  const total = doubled.reduce((sum, rank2) => sum + rank2, 0);
  const variance = doubled.reduce((sum, rank2) => sum + rank2 * rank2, 0) / 4;
  const z = Math.max(0, Math.abs(positive2 - total / 2) - 1) / Math.sqrt(variance);
  return Math.min(1, 2 * (1 - cumulativeNormal(z)));
}

/** Abramowitz and Stegun 7.1.26 for the upper half; its error is below 1.5e-7. */
function cumulativeNormal(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return 1 - (poly * Math.exp(-x * x)) / 2;
}
