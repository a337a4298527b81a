/**
 * Kinds of published figures, each judged by itself: a downtime is harder to predict than a rate.
 */
import { keysOf } from '../../../sim/base/keys.ts';

interface KindFacts {
  readonly title: string;
  readonly outputs: readonly string[];
  /** What the median of |modelled - published| / published may be; null: nothing is claimed. */
  readonly errorMax: number | null;
}

/** The bounds that must hold over all shipped tables, each lab predicted without its own figures. */
export const FIGURE_KINDS = {
  downtime: { title: 'downtime', outputs: ['downtimeMs'], errorMax: 0.25 },
  total: { title: 'total time', outputs: ['totalMs'], errorMax: 0.15 },
  rate: { title: 'rate', outputs: ['wireMbitPerSecond', 'memoryMibPerSecond'], errorMax: 0.1 },
  iterations: { title: 'dirty syncs', outputs: ['dirtySyncCount'], errorMax: 0.34 },
  iterationTime: { title: 'time of an iteration', outputs: ['roundTransferS', 'roundElapsedS'], errorMax: null },
  bytes: { title: 'bytes sent', outputs: ['transferredKib'], errorMax: 0.02 },
  part: {
    title: 'part of the move',
    outputs: ['setupMs', 'stopMs', 'saveRamMs', 'saveNonIterableMs', 'loadMs'],
    errorMax: null,
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
