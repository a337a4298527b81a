/**
 * A validation as one JSON document. docs/published-tables.md describes it.
 */
import { packageVersion } from '../../io/package-root.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';

export const VALIDATION_FORMAT = 'stopcopy-validation' satisfies DocumentFormat;
export const VALIDATION_VERSION = DOCUMENTS[VALIDATION_FORMAT].version;

/** A row that is further off than this needs a note that says why. */
export const ERROR_MAX = 0.3;
/** The median over all predicted figures is to be within this. */
export const MEDIAN_ERROR_MAX = 0.1;
/** One published figure and the model's. */
export interface Comparison {
  readonly table: string;
  /** Counted from 1. */
  readonly row: number;
  readonly inputs: Readonly<Record<string, string | number | boolean>>;
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

/** A published table without its rows. */
interface TableHead {
  readonly id: string;
  readonly title: string;
  /** How well the measurement is described, A to C. */
  readonly grade: string;
  readonly source: string;
  /** Why the model does not try. */
  readonly notPredicted?: string | undefined;
}

export interface TableReport {
  readonly table: TableHead;
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

export function validationDocument(validation: Validation) {
  const { tables, medianError, predicted, calibrating, rows, fitted, complaints } = validation;
  return {
    format: VALIDATION_FORMAT as typeof VALIDATION_FORMAT,
    version: VALIDATION_VERSION,
    stopcopy: packageVersion(),
    holds: complaints.length === 0,
    complaints,
    predicted,
    calibrating,
    rows,
    fitted,
    medianError: Number.isNaN(medianError) ? null : medianError,
    tables: tables.map(({ table, comparisons }) => ({
      id: table.id,
      title: table.title,
      grade: table.grade,
      source: table.source,
      ...(table.notPredicted === undefined ? {} : { notPredicted: table.notPredicted }),
      rows: comparisons.map(({ row, inputs, output, published, modelled, band, error, calibrates, note }) => ({
        row,
        inputs,
        output,
        published,
        modelled: { kind: 'modelled', value: modelled, low: band[0], high: band[1] },
        error,
        calibrates,
        ...(note === undefined ? {} : { note }),
      })),
    })),
  };
}
