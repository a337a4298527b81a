/**
 * Seeded draws of many unknowns at once, stratified: of so many draws, each unknown takes each of as many equal shares of its
 * distribution once, in an order of its own. Quantiles then need far fewer draws than independent ones.
 */
import { quantileSorted } from 'simple-statistics';

import { Random } from './random.ts';

/** A figure with its range, or with the interval that holds it in 80 of 100 cases. */
export interface Spread {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Share at either side of an 80 % interval. */
const TAIL = 0.1;

/**
 * A figure drawn within its range: half of the draws at either side of its value, spread evenly over the logarithm (over the
 * figure itself where the range begins at 0).
 *
 * @param share of the distribution below, in [0, 1]
 */
export function spreadAt({ value, low, high }: Spread, share: number): number {
  const [end, part] = share < 1 / 2 ? [low, 1 - 2 * share] : [high, 2 * share - 1];
  if (!(low > 0 && value > 0)) return value + (end - value) * part;
  return value * Math.pow(end / value, part);
}

export class Draws {
  readonly count: number;
  private readonly seed: number;
  private readonly shares = new Map<string, Float64Array>();

  /** @param count how many draws, from 1 on */
  constructor(count: number, seed: number) {
    this.count = count;
    this.seed = seed;
  }

  /** Share of the distribution of an unknown below its value in a draw, in (0, 1). */
  uniform(unknown: string, draw: number): number {
    return this.sharesOf(unknown)[draw]!;
  }

  private sharesOf(unknown: string): Float64Array {
    const known = this.shares.get(unknown);
    if (known !== undefined) return known;
    const random = new Random(this.seed, streamOf(unknown));
    const shares = Float64Array.from({ length: this.count }, (_, i) => (i + random.uniform()) / this.count);
    for (let i = this.count - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [shares[i], shares[other]] = [shares[other]!, shares[i]!];
    }
    this.shares.set(unknown, shares);
    return shares;
  }
}

/** A stream of its own for each unknown, so that one more leaves the draws of the others alone. */
function streamOf(unknown: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < unknown.length; i++) hash = Math.imul(hash ^ unknown.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Median and 80 % interval of drawn values. */
export function intervalOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    value: quantileSorted(sorted, 0.5),
    low: quantileSorted(sorted, TAIL),
    high: quantileSorted(sorted, 1 - TAIL),
  };
}

/**
 * A nominal value with the 80 % interval of its draws, widened to the value where that lies outside: the nominal case is one that
 * may be. Without draws the interval is the value.
 */
export function intervalAround(value: number, values: readonly number[]): Spread {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return { value, low: value, high: value };
  const { low, high } = intervalOf(known);
  return { value, low: Math.min(low, value), high: Math.max(high, value) };
}

/** Places of values, from the least value to the largest. */
export function placesOf(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, place) => place).toSorted((a, b) => compared(values[a]!, values[b]!) || a - b);
}

/** Infinities are alike. */
function compared(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Place of the value in `values` below which a share of them lies, such as the draw that stands for the 90 % quantile. */
export function placeAt(values: readonly number[], share: number): number {
  return placesOf(values)[Math.min(values.length - 1, Math.floor(share * values.length))]!;
}
