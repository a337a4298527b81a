/**
 * A validation as one JSON document. docs/published-tables.md describes it.
 */
import { packageVersion } from '../../io/package-root.ts';
import type { Validation } from '../../studies/validation/validation.ts';

export const VALIDATION_FORMAT = 'stopcopy-validation';
export const VALIDATION_VERSION = 1;

export function validationDocument(validation: Validation): unknown {
  const { tables, medianError, predicted, calibrating, rows, fitted, complaints } = validation;
  return {
    format: VALIDATION_FORMAT,
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
