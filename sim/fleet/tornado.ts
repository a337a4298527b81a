/**
 * Which parameter a figure depends on most: the figure with each parameter at both ends of its range.
 */

/** One parameter at each end of its range, all others nominal. */
export interface TornadoBar {
  readonly parameter: string;
  readonly from: string;
  readonly source: string;
  readonly short: number;
  readonly long: number;
}

export interface Tornado {
  /** What the bars measure. */
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  /** The longest first. */
  readonly bars: readonly TornadoBar[];
}

/** Bars whose ends differ from the value, the longest first. */
export function tornadoOf(figure: string, unit: string, value: number, bars: readonly TornadoBar[]): Tornado {
  const length = ({ short, long }: TornadoBar): number => Math.max(short, long, value) - Math.min(short, long, value);
  const moving = bars.filter((bar) => length(bar) > 1e-9 * Math.abs(value));
  return { figure, unit, value, bars: moving.toSorted((a, b) => length(b) - length(a)) };
}
