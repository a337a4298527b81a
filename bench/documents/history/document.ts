/**
 * What `stopcopy history show --json` and `export --json` print. Version 1.
 */
import { packageVersion } from '../../io/package-root.ts';
import type { MetricKind } from '../metric.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const HISTORY_FORMAT = 'stopcopy-history' satisfies DocumentFormat;
export const HISTORY_VERSION = DOCUMENTS[HISTORY_FORMAT].version;

export interface SeriesPoint {
  readonly time: string;
  readonly commit: string;
  readonly subject: string;
  readonly value: number;
}

export interface SeriesChange {
  /** The first commit on the new level, and the last one before it. */
  readonly commit: string;
  readonly subject: string;
  readonly time: string;
  readonly lastBefore: string;
  readonly before: number;
  readonly after: number;
  readonly effect: number;
  readonly p: number;
  /** Whether the new level is the worse one. */
  readonly worse: boolean;
}

export interface Series {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly machine: string;
  readonly points: readonly SeriesPoint[];
  readonly changes: readonly SeriesChange[];
}

/** A line of the history that could not be read. */
export interface DamagedLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** Of every document of the history. */
export function historyHead() {
  return { format: HISTORY_FORMAT, version: HISTORY_VERSION, stopcopy: packageVersion() } as const;
}

/** A change point as JSON has it. */
export type ToldChange = Omit<SeriesChange, 'effect'> & {
  /** Null: from 0, so that no share says how much. */
  readonly effect: number | null;
};

export interface ToldSeries extends Omit<Series, 'points' | 'changes'> {
  readonly points?: Series['points'];
  /** How many there are, where `points` is left out or has the newest only. */
  readonly values?: number;
  readonly changes: readonly ToldChange[];
}

export interface HistoryDocument {
  readonly format: typeof HISTORY_FORMAT;
  readonly version: typeof HISTORY_VERSION;
  readonly stopcopy: string;
  /** Class of machines, and what it is in words. */
  readonly machine: string;
  readonly about: string;
  readonly series: readonly ToldSeries[];
  /** Lines of the history that could not be read. */
  readonly damaged?: readonly DamagedLine[];
}

/** Series as documents have them; of all metrics at once the values would be as long as the history. */
export function toldSeries(series: readonly Series[], withValues: boolean): readonly ToldSeries[] {
  return series.map(({ points, changes, ...rest }) => ({
    ...rest,
    ...(withValues ? { points } : { values: points.length }),
    changes: changes.map((change) => ({ ...change, effect: Number.isFinite(change.effect) ? change.effect : null })),
  }));
}
