/**
 * What a fit is worth: two rows of a lab are fitted, every other row of it is predicted, and nothing else of that lab is known.
 */
import { mean, median } from 'simple-statistics';

import { Random } from '../../../sim/base/random.ts';
import { cpuClassesOf } from '../../../sim/memory/platform.ts';
import { fitRows, type FitRow } from '../validation/fit.ts';
import { groundsFor } from '../validation/folds.ts';
import type { PublishedTable } from '../validation/published-table.ts';
import { FIT_FIGURES, fitPlatform, predicted } from './platform-fit.ts';

/** Figures of whole moves, which are judged. */
const JUDGED = ['downtimeMs', 'totalMs'] as const;
type Judged = (typeof JUDGED)[number];

/** A pair and a third. */
const ROWS_MIN = 3;

/** Errors of one figure, as shares of what was measured: without a fit, and with one of two rows. */
interface TripleErrors {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface LabTriples {
  readonly lab: string;
  readonly pairs: number;
  readonly errors: Readonly<Partial<Record<Judged, TripleErrors>>>;
}

/** Labs with three rows of whole moves or more; cores that only the lab itself has measured are not named. */
function labRows(tables: readonly PublishedTable[]): ReadonlyMap<string, readonly FitRow[]> {
  const rows = fitRows(tables, FIT_FIGURES).filter(({ published }) =>
    JUDGED.some((name) => published[name] !== undefined),
  );
  const labs = [...new Set(rows.map(({ lab }) => lab))];
  const ofLab = (lab: string): readonly FitRow[] =>
    rows
      .filter((row) => row.lab === lab)
      .map((row) => {
        const { cpu } = row.experiment;
        const isOwn = cpu !== undefined && cpuClassesOf(lab).includes(cpu);
        return isOwn ? { ...row, experiment: { ...row.experiment, cpu: undefined } } : row;
      });
  return new Map(labs.map((lab) => [lab, ofLab(lab)] as const).filter(([, own]) => own.length >= ROWS_MIN));
}

type Pair = readonly [first: FitRow, second: FitRow];

/** All pairs, or so many of them, drawn by a seed of their own. */
function pairsOf(rows: readonly FitRow[], count: number): readonly Pair[] {
  const all = rows.flatMap((first, i) => rows.slice(i + 1).map((second): Pair => [first, second]));
  const random = new Random(1, 0);
  while (all.length > count) all.splice(random.below(all.length), 1);
  return all;
}

/**
 * Fits pairs of rows of each lab, and predicts all its other rows.
 *
 * @param pairsMax pairs of each lab that are tried; Infinity: all of them
 */
export function triplesOf(tables: readonly PublishedTable[], pairsMax: number): readonly LabTriples[] {
  return [...labRows(tables)].map(([lab, rows]) => {
    const pairs = pairsOf(rows, pairsMax);
    return { lab, pairs: pairs.length, errors: errorsOf(lab, rows, pairs) };
  });
}

function errorsOf(lab: string, rows: readonly FitRow[], pairs: readonly Pair[]): LabTriples['errors'] {
  const { parameters } = groundsFor(lab);
  const none = fitPlatform([], parameters);
  const without = new Map(rows.map((row) => [row, predicted(row.experiment, none)]));
  const found: Partial<Record<Judged, { before: number[]; after: number[] }>> = {};
  for (const pair of pairs) {
    const fit = fitPlatform(pair, parameters);
    for (const third of rows) {
      if (pair.includes(third)) continue;
      const [before, after] = [without.get(third)!, predicted(third.experiment, fit)];
      for (const name of JUDGED) {
        const [measured, a, b] = [third.published[name], before[name], after[name]];
        if (measured === undefined || a === undefined || b === undefined) continue;
        const errors = (found[name] ??= { before: [], after: [] });
        errors.before.push(Math.abs(a / measured - 1));
        errors.after.push(Math.abs(b / measured - 1));
      }
    }
  }
  return found;
}

/** Medians and means of errors, pooled over labs. */
export interface TripleSummary {
  readonly figures: number;
  readonly median: { readonly before: number; readonly after: number };
  readonly mean: { readonly before: number; readonly after: number };
}

/** @returns undefined where no lab has that figure */
export function tripleSummary(labs: readonly LabTriples[], name: Judged): TripleSummary | undefined {
  const all = labs.flatMap(({ errors }) => errors[name] ?? []);
  const of = (average: (values: number[]) => number) => ({
    before: average(all.flatMap(({ before }) => before)),
    after: average(all.flatMap(({ after }) => after)),
  });
  if (all.length === 0) return undefined;
  return { figures: all.reduce((sum, { after }) => sum + after.length, 0), median: of(median), mean: of(mean) };
}
