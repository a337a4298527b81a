/**
 * Published measurements against the model: row by row, and what it comes to.
 */
import { median } from 'simple-statistics';

import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type Comparison, ERROR_MAX, MEDIAN_ERROR_MAX, type Validation } from '../../documents/validation/document.ts';
import { percentOf } from '../../documents/validation/text.ts';
import { percent } from '../../show/format.ts';
import { EXPERIMENTS } from './experiments.ts';
import type { PublishedTable } from './published-table.ts';

/** Rows that each fitted parameter must have beside it. */
const ROWS_PER_PARAMETER = 3;

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
    found.push(`the median error is ${percent(medianError, 2)}, allowed is ${percent(MEDIAN_ERROR_MAX, 2)}`);
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
