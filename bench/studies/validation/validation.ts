/**
 * Published measurements against the model: row by row, and what it comes to.
 */
import { median } from 'simple-statistics';

import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { EXPERIMENTS } from './experiments.ts';
import type { PublishedRow, PublishedTable } from './published-table.ts';

/** A row that is further off than this needs a note that says why. */
export const ERROR_MAX = 0.3;
/** The median over all predicted figures is to be within this. */
export const MEDIAN_ERROR_MAX = 0.1;
/** Rows that each fitted parameter must have beside it. */
export const ROWS_PER_PARAMETER = 3;

/** One published figure and the model's. */
export interface Comparison {
  readonly table: string;
  /** Counted from 1. */
  readonly row: number;
  readonly inputs: PublishedRow['inputs'];
  readonly output: string;
  readonly published: number;
  readonly modelled: number;
  /** The model with all parameters at their short and at their long ends. */
  readonly band: readonly [number, number];
  /** (modelled - published) / published */
  readonly error: number;
  /** Parameters that the row was used to set; it predicts nothing then. */
  readonly calibrates: readonly string[];
  readonly note: string | undefined;
}

export interface TableReport {
  readonly table: PublishedTable;
  readonly comparisons: readonly Comparison[];
}

export interface Validation {
  readonly tables: readonly TableReport[];
  /** Over figures of rows that calibrate nothing; NaN where there is none. */
  readonly medianError: number;
  readonly worst: Comparison | undefined;
  readonly predicted: number;
  readonly calibrating: number;
  /** Rows with figures, calibrating or not. */
  readonly rows: number;
  readonly fitted: readonly string[];
  /** What does not hold, one sentence each. */
  readonly complaints: readonly string[];
}

/**
 * Runs the model for every row.
 *
 * @param whole whether these are all tables that the parameters were fitted to; only then their number is judged
 * @throws UserError of kind `input` for a row that does not fit its experiment
 */
export function validate(tables: readonly PublishedTable[], whole: boolean): Validation {
  const reports = tables.map((table) => ({ table, comparisons: compare(table) }));
  const all = reports.flatMap(({ comparisons }) => comparisons);
  const predicted = all.filter(({ calibrates }) => calibrates.length === 0);
  const errors = predicted.map(({ error }) => Math.abs(error));
  const fitted = [...new Set(all.flatMap(({ calibrates }) => calibrates))].toSorted();
  const rows = new Set(all.map(({ table, row }) => `${table} ${row}`)).size;
  const medianError = errors.length === 0 ? Number.NaN : median(errors);
  return {
    tables: reports,
    medianError,
    worst: predicted.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error))[0],
    predicted: predicted.length,
    calibrating: all.length - predicted.length,
    rows,
    fitted,
    complaints: complaints(predicted, medianError, whole ? fitted.length : 0, rows),
  };
}

function complaints(
  predicted: readonly Comparison[],
  medianError: number,
  fitted: number,
  rows: number,
): readonly string[] {
  const found: string[] = [];
  if (medianError > MEDIAN_ERROR_MAX) {
    found.push(`the median error is ${share(medianError)}, allowed is ${share(MEDIAN_ERROR_MAX)}`);
  }
  for (const { table, row, output, error, note } of predicted) {
    if (Math.abs(error) <= ERROR_MAX || note !== undefined) continue;
    found.push(`${table} row ${row}: ${output} is off by ${percentOf(error)} and its row has no note that says why`);
  }
  if (fitted * ROWS_PER_PARAMETER > rows) {
    found.push(`${fitted} parameters are fitted to ${rows} rows, allowed is one for every ${ROWS_PER_PARAMETER} rows`);
  }
  return found;
}

function compare(table: PublishedTable): Comparison[] {
  if (table.experiment === undefined || table.notPredicted !== undefined) return [];
  const experiment = EXPERIMENTS[table.experiment];
  return table.rows.flatMap((row, index) => {
    const what = `table ${table.id}, row ${index + 1}`;
    const inputs: unknown = { ...table.inputs, ...row.inputs };
    parseDocument(experiment.schema, inputs, what);
    const point = experiment.run(inputs, 'point');
    const ends = [experiment.run(inputs, 'short'), experiment.run(inputs, 'long')] as const;
    return Object.entries(row.published).map(([output, published]): Comparison => {
      const modelled = point[output];
      if (modelled === undefined) {
        const known = `Experiment ${table.experiment} gives ${experiment.outputs.join(', ')}.`;
        throw new UserError('input', `${what}: the model has no ${output}`, known);
      }
      const band = ends.map((end) => end[output] ?? modelled);
      return {
        table: table.id,
        row: index + 1,
        inputs: row.inputs,
        output,
        published,
        modelled,
        band: [Math.min(...band, modelled), Math.max(...band, modelled)],
        error: (modelled - published) / published,
        calibrates: row.calibrates ?? [],
        note: row.note,
      };
    });
  });
}

/** `4 %`. */
export function share(part: number): string {
  return `${Number((part * 100).toPrecision(2))} %`;
}

/** `+4 %`, `-12 %`. */
export function percentOf(part: number): string {
  const rounded = Math.round(part * 100);
  return `${rounded > 0 ? '+' : ''}${rounded} %`;
}
