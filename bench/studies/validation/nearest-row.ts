/**
 * The null model: without a model one quotes the published row that is most alike. A model that is no better is of no use.
 */
import type { Comparison } from '../../documents/validation/document.ts';

/** Inputs that differ in kind are so far apart: as a factor of this in a number. */
const OTHER_KIND = 4;

/** @returns the figure of the nearest row of another lab that has that output; undefined: there is none */
export function nearestFigure(wanted: Comparison, all: readonly Comparison[]): number | undefined {
  let nearest = Number.POSITIVE_INFINITY;
  let found: number | undefined;
  for (const other of all) {
    if (other.lab === wanted.lab || other.output !== wanted.output) continue;
    const distance = distanceOf(wanted.given, other.given);
    if (distance >= nearest) continue;
    nearest = distance;
    found = other.published;
  }
  return found;
}

type Inputs = Comparison['given'];

/** Sum of squared logarithms of ratios; an input that only one row has counts as another kind. */
function distanceOf(a: Inputs, b: Inputs): number {
  let sum = 0;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[name], b[name]];
    if (x === y) continue;
    const apart = typeof x === 'number' && typeof y === 'number' ? Math.log((x + 1) / (y + 1)) : Math.log(OTHER_KIND);
    sum += apart * apart;
  }
  return sum;
}
