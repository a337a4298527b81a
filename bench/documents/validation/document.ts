/**
 * A validation as one JSON document. docs/published-tables.md describes it.
 */
import { packageVersion } from '../../io/package-root.ts';
import { type DocumentFormat, DOCUMENTS } from '../formats.ts';
import type { FigureKind } from './kinds.ts';

export const VALIDATION_FORMAT = 'stopcopy-validation' satisfies DocumentFormat;
export const VALIDATION_VERSION = DOCUMENTS[VALIDATION_FORMAT].version;

/** Lines that far from equality are drawn. */
export const ERROR_SHOWN = 0.3;

type Inputs = Readonly<Record<string, string | number | boolean>>;

/** One published figure and the model's. */
export interface Comparison {
  readonly table: string;
  /** Counted from 1. */
  readonly row: number;
  /** The lab that measured it; undefined: one whose figures do not ship. */
  readonly lab: string | undefined;
  /** Inputs of the row, and with those of its table. */
  readonly inputs: Inputs;
  readonly given: Inputs;
  readonly output: string;
  readonly kind: FigureKind;
  readonly published: number;
  /** The median of the model's draws, without what its lab has measured. */
  readonly modelled: number;
  /** 80 % of the draws lie in it. */
  readonly band: readonly [number, number];
  /** (modelled - published) / published */
  readonly error: number;
  /** Parameters that the row was used to set; it predicts nothing then. */
  readonly calibrates: readonly string[];
  readonly note: string | undefined;
}

/** A published figure that is not predicted. */
export interface Listed {
  readonly row: number;
  readonly output: string;
  readonly published: number;
  /** Why the model does not try its row; left out: the model has no such figure. */
  readonly why?: string | undefined;
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
  readonly listed: readonly Listed[];
}

/** All predicted figures of one kind. */
export interface KindSummary {
  readonly kind: FigureKind;
  readonly figures: number;
  readonly labs: number;
  readonly medianError: number;
  /** exp of the median of |ln(modelled / published)|: off by this factor. */
  readonly factor: number;
  /** Shares of figures that are off by at most 10 and 30 %. */
  readonly within10: number;
  readonly within30: number;
  /** Share of figures within their band. */
  readonly coverage: number;
  /** Median of upper over lower end of the band. */
  readonly bandRatio: number;
  /** Mean interval score of logarithms; less is better. */
  readonly intervalScore: number;
  /** The same of the nearest row of another lab; null: there is none. */
  readonly nearestError: number | null;
  readonly nearestScore: number | null;
  /** What the median error may be; null: nothing is claimed. */
  readonly errorMax: number | null;
  /** Share of figures that are as near as their kind asks of single figures; null: it asks nothing. */
  readonly within?: number | null | undefined;
}

/** One lab, predicted without its own figures. */
export interface LabSummary {
  readonly lab: string;
  readonly kinds: readonly { readonly kind: FigureKind; readonly figures: number; readonly medianError: number }[];
  /** Parameters that rest on this lab alone, and have the range of their class here. */
  readonly fromClass: readonly string[];
}

export interface Validation {
  readonly tables: readonly TableReport[];
  readonly kinds: readonly KindSummary[];
  readonly labs: readonly LabSummary[];
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

/** What `stopcopy validate --json` prints. */
export type ValidationDocument = ReturnType<typeof validationDocument>;

export function validationDocument(validation: Validation) {
  const { tables, kinds, labs, medianError, predicted, calibrating, rows, fitted, complaints } = validation;
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
    kinds,
    labs,
    tables: tables.map(({ table, comparisons, listed }) => ({
      id: table.id,
      title: table.title,
      grade: table.grade,
      source: table.source,
      ...(table.notPredicted === undefined ? {} : { notPredicted: table.notPredicted }),
      rows: comparisons.map(
        ({ row, lab, inputs, output, kind, published, modelled, band, error, calibrates, note }) => ({
          row,
          ...(lab === undefined ? {} : { lab }),
          inputs,
          output,
          kind,
          published,
          modelled: { kind: 'modelled', value: modelled, low: band[0], high: band[1] },
          error,
          calibrates,
          ...(note === undefined ? {} : { note }),
        }),
      ),
      listed,
    })),
  };
}
