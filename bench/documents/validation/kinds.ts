/**
 * Kinds of published figures, each judged by itself: a downtime is harder to predict than a rate.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import { DEVICE_WORK_OUTPUTS } from '../../../sim/memory/device-work-experiment.ts';
import { PART_OUTPUTS } from '../../../sim/memory/experiment-parts.ts';

export interface KindFacts {
  readonly title: string;
  readonly outputs: readonly string[];
  /** What the median of |modelled - published| / published may be; null: nothing is claimed. */
  readonly errorMax: number | null;
  /** What the median of upper over lower end of the 80 % intervals may be; they must then hold {@link COVERAGE} of figures. */
  readonly bandRatioMax?: number;
  /** Share of figures that must be within {@link toleranceOf} or, where the output is a number of things, within one. */
  readonly withinMin?: number;
}

/** Share of figures that 80 % intervals must hold. */
export const COVERAGE = { least: 0.75, most: 0.9 } as const;

/** The bounds that must hold over all shipped tables, each lab predicted without its own figures. */
export const FIGURE_KINDS = {
  downtime: { title: 'downtime', outputs: ['downtimeMs'], errorMax: 0.25, bandRatioMax: 2.4 },
  total: { title: 'total time', outputs: ['totalMs'], errorMax: 0.15, bandRatioMax: 1.8 },
  rate: { title: 'rate', outputs: ['wireMbitPerSecond', 'memoryMibPerSecond'], errorMax: 0.1, bandRatioMax: 1.5 },
  iterations: { title: 'dirty syncs', outputs: ['dirtySyncCount'], errorMax: null, withinMin: 0.8 },
  iterationTime: { title: 'time of an iteration', outputs: ['roundTransferS', 'roundElapsedS'], errorMax: null },
  bytes: { title: 'bytes sent', outputs: ['transferredKib'], errorMax: 0.02 },
  setup: { title: 'setup', outputs: ['setupMs'], errorMax: null },
  part: {
    title: 'part of the pause',
    outputs: [...PART_OUTPUTS, ...DEVICE_WORK_OUTPUTS],
    errorMax: null,
    withinMin: 0.8,
  },
  throughput: {
    title: 'throughput of an engine',
    outputs: ['megabytesPerSecond', 'millionsPerSecond', 'perSecond'],
    errorMax: 0.1,
  },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type FigureKind = keyof typeof FIGURE_KINDS;
export const FIGURE_KIND_NAMES = keysOf(FIGURE_KINDS);

/** The kind of an output; every output of an experiment is of one. */
export function kindOf(output: string): FigureKind {
  const outputsOf = (kind: FigureKind): readonly string[] => FIGURE_KINDS[kind].outputs;
  return FIGURE_KIND_NAMES.find((kind) => outputsOf(kind).includes(output)) ?? 'part';
}

/** How far off a part may be, as a share of what is published; starting devices within an order of size. */
const PART_TOLERANCES: Readonly<Record<string, number>> = {
  stopMs: 0.4,
  saveVfioMs: 0.4,
  loadVfioConfigMs: 0.4,
  saveNonIterableMs: 0.4,
  saveRamMs: 0.25,
  startMs: 9,
};
const PART_TOLERANCE = 0.3;

/** Whether a figure is as near as its kind asks; undefined: its kind asks nothing of single figures. */
export function isWithin(output: string, published: number, modelled: number): boolean | undefined {
  const kind = kindOf(output);
  if (kind === 'iterations') return Math.abs(modelled - published) <= 1;
  if (kind !== 'part') return undefined;
  return Math.abs(modelled - published) <= (PART_TOLERANCES[output] ?? PART_TOLERANCE) * published;
}
