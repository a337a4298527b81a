/**
 * What a tracked number is, and how it may be compared. Its kind decides: nothing compares a wall time with `===`, and
 * nothing tests an exact count for significance.
 */

/** How metrics of a kind are compared. */
export const METRIC_KINDS = {
  exact: 'counted or computed in virtual time: compared with ===, against the baseline of the repository',
  counted: 'instructions of one single-threaded process: compared by their size, where the tool is installed',
  ratio: 'measured and divided by a floor of the same process: compared like a measured one, and with its limit',
  measured: 'wall time: compared only when both sides ran interleaved on the same machine',
} as const;

export type MetricKind = keyof typeof METRIC_KINDS;

/** Which way is good; `neither` when any change asks for a reason. */
export type Better = 'lower' | 'higher' | 'neither';

/** An exact metric: the value is a whole or fractional number, or text such as a hash. */
export interface ExactMetric {
  /** Parts divided by slashes, from the general to the particular; the unit last. */
  readonly name: string;
  readonly value: number | string;
}

/** Names whose values are good when low: accesses, times and sizes. A count of events or a hash has no good direction. */
export function betterOf(name: string): Better {
  return /(?:accesses|calls|Ns|bytes|Bytes|wrongTasks|rounds)$/.test(name) ? 'lower' : 'neither';
}
