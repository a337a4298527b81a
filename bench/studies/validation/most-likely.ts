/**
 * The most likely deviations of some unknowns from what is known of them beforehand: the least sum of squares of errors.
 */
import { levenbergMarquardt } from 'ml-levenberg-marquardt';

interface Search {
  /** Where it begins; default: without any deviation. */
  readonly start?: readonly number[];
  /** Least and largest deviation of each unknown, in the order of the deviations. */
  readonly least: readonly number[];
  readonly most: readonly number[];
  /** Step of the differences that stand for derivatives. */
  readonly step: number;
  readonly iterationsMax: number;
}

/** Damping at the start: the steps of the search are taken as they come. */
const DAMPING = 0.1;

/**
 * Searches the least sum of squares.
 *
 * @param errorsOf errors of all figures, and of the unknowns themselves, each divided by what it usually is; always as many
 * @returns one deviation for each unknown, deterministic to the last digit
 */
export function mostLikely(
  errorsOf: (deviations: readonly number[]) => ArrayLike<number>,
  { least, most, step, iterationsMax, start = least.map(() => 0) }: Search,
): readonly number[] {
  const initialValues = [...start];
  if (initialValues.length === 0) return [];
  const x = Array.from({ length: errorsOf(initialValues).length }, (_, i) => i);
  const { parameterValues } = levenbergMarquardt(
    { x, y: x.map(() => 0) },
    (deviations: number[]) => {
      const all = errorsOf(deviations);
      return (i: number) => all[i]!;
    },
    {
      initialValues,
      minValues: [...least],
      maxValues: [...most],
      gradientDifference: step,
      damping: DAMPING,
      maxIterations: iterationsMax,
    },
  );
  return parameterValues;
}

/** An error whose square grows like the amount of the error, from 1 on. */
export function soft(error: number): number {
  return Math.sign(error) * Math.sqrt(2 * (Math.sqrt(1 + error * error) - 1));
}
