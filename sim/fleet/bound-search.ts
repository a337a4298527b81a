/**
 * The bound of what holds: the largest whole number up to which something holds, looked for by doubling and halving.
 */

/**
 * @param low the first number that may be asked for
 * @param high the last one
 * @param holds whether it holds; taken to hold up to some number and not beyond
 * @returns the largest that holds, or `low - 1` when none does
 */
export function lastThatHolds(low: number, high: number, holds: (n: number) => boolean): number {
  if (!holds(low)) return low - 1;
  let good = low;
  let step = 1;
  let bad = high + 1;
  while (good < high) {
    const next = Math.min(high, good + step);
    if (!holds(next)) {
      bad = next;
      break;
    }
    good = next;
    step *= 2;
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** The smallest that holds, or `high + 1` when none does; taken to hold from some number on. */
export function firstThatHolds(low: number, high: number, holds: (n: number) => boolean): number {
  return high + low - lastThatHolds(low, high, (n) => holds(high + low - n));
}

/**
 * Corrects a bound that was found by a quick judgement: moves it until it holds and one further does not. Where the guess
 * was far off, by steps that double, and halving between.
 *
 * @param direction 1: further is more; -1: further is less
 * @param holds the judgement that counts
 * @returns null when no number that was tried back to the other end holds
 */
export function settleBound(
  guess: number,
  low: number,
  high: number,
  direction: 1 | -1,
  holds: (n: number) => boolean,
): number | null {
  const start = Math.min(high, Math.max(low, guess));
  const last = direction === 1 ? high : low;
  const first = direction === 1 ? low : high;
  /** Steps from `start` on, in a direction. */
  const between = (good: number, bad: number): number => {
    let [a, b] = [good, bad];
    while (Math.abs(b - a) > 1) {
      const middle = Math.floor((a + b) / 2);
      if (holds(middle)) a = middle;
      else b = middle;
    }
    return a;
  };
  let step = 1;
  let known = start;
  if (holds(start)) {
    while (known !== last) {
      const next = direction === 1 ? Math.min(last, known + step) : Math.max(last, known - step);
      if (!holds(next)) return between(known, next);
      known = next;
      step *= 2;
    }
    return known;
  }
  while (known !== first) {
    const next = direction === 1 ? Math.max(first, known - step) : Math.min(first, known + step);
    if (holds(next)) return between(next, known);
    known = next;
    step *= 2;
  }
  return null;
}
