/**
 * Things measured in turn, each against its floor: what disturbs the machine for longer than a turn disturbs them alike.
 */
import type { Runner } from './runner.ts';
import { percentile } from './statistics.ts';
import { NS_PER_S } from '../../sim/base/units.ts';

/** Seconds to nanoseconds. */
/** Samples of a turn, each of at least a millisecond. */
const SAMPLES_PER_TURN = 2;

export interface TurnCase {
  readonly name: string;
  /** Returns a number that depends on its work. */
  readonly fn: () => number;
}

export interface TurnOptions {
  /** Turns of each case. */
  readonly turns: number;
  /** Wall time of a turn. */
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Measures cases in turn: the first, the second, …, the first again.
 *
 * @returns per case, ns per call: the median of each turn
 */
export async function measureInTurn(
  runner: Runner,
  cases: readonly TurnCase[],
  { turns, seconds, signal }: TurnOptions,
): Promise<Float64Array[]> {
  const samples = cases.map(() => new Float64Array(turns));
  const options = { maxSeconds: seconds, minSamples: SAMPLES_PER_TURN, ...(signal === undefined ? {} : { signal }) };
  // A turn of each that is not counted: the compiler is done with the code by then.
  for (let turn = -1; turn < turns; turn++) {
    for (const [index, { name, fn }] of cases.entries()) {
      const measurement = await runner.measure(name, fn, options);
      if (turn >= 0) samples[index]![turn] = percentile(measurement.samples, 0.5) * NS_PER_S;
    }
  }
  return samples;
}
