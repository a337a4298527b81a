/**
 * Parameters fitted to published figures, all at once: the most likely ones, given how far a model and a measurement are
 * apart, and what a parameter may be at all.
 *
 * Errors count as |ln(model / published)|, softly: near 0 as squares, so that the optimiser has a gradient. A lab with many
 * rows counts as the square root of their number, since its rows have their machines in common, and a row counts once.
 */
import { keysOf } from '../../../sim/base/keys.ts';
import type { FittedValues } from '../../../sim/memory/evidence.ts';
import { type MoveExperiment, moveExperimentSchema, type MoveOutput } from '../../../sim/memory/experiment.ts';
import {
  pointParameters,
  VMM_PARAMETER,
  type VmmParameterName,
  type VmmParameters,
} from '../../../sim/memory/parameters.ts';
import { meanFigures } from './mean-figures.ts';
import { mostLikely, soft } from './most-likely.ts';
import type { PublishedTable } from './published-table.ts';

/** Outputs that parameters are fitted to. */
const FITTED_OUTPUTS = [
  'downtimeMs',
  'totalMs',
  'wireMbitPerSecond',
  'memoryMibPerSecond',
  'roundTransferS',
] as const satisfies readonly MoveOutput[];

/** An error of so much, as a logarithm, is where counting turns from squares to amounts. */
const SOFT = 0.1;
const ITERATIONS_MAX = 16;

/** A row of a published table. */
export interface FitRow {
  readonly lab: string;
  readonly experiment: MoveExperiment;
  readonly published: Readonly<Partial<Record<MoveOutput, number>>>;
}

/**
 * Rows of whole VMs that move, with figures that parameters are fitted to.
 *
 * @param outputs figures that count
 */
export function fitRows(
  tables: readonly PublishedTable[],
  outputs: readonly MoveOutput[] = FITTED_OUTPUTS,
): readonly FitRow[] {
  return tables.flatMap(({ id, lab = id, experiment, notPredicted, inputs, rows }) => {
    if (experiment !== 'vm-move' || notPredicted !== undefined) return [];
    return rows.flatMap((row): FitRow[] => {
      const published = outputs.flatMap((name) => {
        const value = row.published[name];
        return value === undefined || value === 0 ? [] : [[name, value] as const];
      });
      if (published.length === 0) return [];
      const move = moveExperimentSchema.parse({ ...inputs, ...row.inputs });
      return [{ lab: row.lab ?? lab, experiment: move, published: Object.fromEntries(published) }];
    });
  });
}

interface Residual {
  readonly row: FitRow;
  readonly output: MoveOutput;
  readonly published: number;
  readonly weight: number;
}

/**
 * Fits parameters by their names.
 *
 * @returns the value of each, deterministic to the last digit
 */
export function fit(rows: readonly FitRow[], names: readonly VmmParameterName[]): FittedValues {
  const { priors, errorsOf } = problemOf(rows, names);
  const deviations = mostLikely(errorsOf, {
    least: names.map(() => -1),
    most: names.map(() => 1),
    step: 0.01,
    iterationsMax: ITERATIONS_MAX,
  });
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      Number(Math.exp(priors[i]!.median + deviations[i]! * priors[i]!.width).toPrecision(4)),
    ]),
  );
}

interface Problem {
  /** Median and width of each parameter, as logarithms. */
  readonly priors: readonly { readonly median: number; readonly width: number }[];
  /** Errors of figures, then of parameters, by how far each parameter is from its median, in widths. */
  readonly errorsOf: (deviations: readonly number[]) => Float64Array;
}

function problemOf(rows: readonly FitRow[], names: readonly VmmParameterName[]): Problem {
  const residuals = residualsOf(rows);
  const base = pointParameters();
  const priors = names.map((name) => {
    const { least, most } = VMM_PARAMETER[name];
    return { median: Math.log(least * most) / 2, width: Math.log(most / least) / 2 };
  });
  const errorsOf = (deviations: readonly number[]): Float64Array => {
    const values = names.map((_, i) => Math.exp(priors[i]!.median + deviations[i]! * priors[i]!.width));
    const parameters: VmmParameters = { ...base, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
    return errors(residuals, rows, parameters, deviations);
  };
  return { priors, errorsOf };
}

/** What a fit minimises: half of the sum of squares of all errors, those of the parameters among them. */
export function costOf(rows: readonly FitRow[], names: readonly VmmParameterName[], values: FittedValues): number {
  const { priors, errorsOf } = problemOf(rows, names);
  const all = errorsOf(names.map((name, i) => (Math.log(values[name]!) - priors[i]!.median) / priors[i]!.width));
  return all.reduce((sum, error) => sum + error * error, 0) / 2;
}

function residualsOf(rows: readonly FitRow[]): readonly Residual[] {
  const perLab = new Map<string, number>();
  for (const { lab } of rows) perLab.set(lab, (perLab.get(lab) ?? 0) + 1);
  return rows.flatMap((row) => {
    const figures = Object.entries(row.published) as [MoveOutput, number][];
    return figures.map(([output, published]): Residual => {
      const weight = 1 / Math.sqrt(figures.length * Math.sqrt(perLab.get(row.lab)!));
      return { row, output, published, weight };
    });
  });
}

function errors(
  residuals: readonly Residual[],
  rows: readonly FitRow[],
  parameters: VmmParameters,
  deviations: readonly number[],
): Float64Array {
  const modelled = new Map(rows.map((row) => [row, meanOutputs(row.experiment, parameters)]));
  const all = new Float64Array(residuals.length + deviations.length);
  for (const [i, { row, output, published, weight }] of residuals.entries()) {
    const error = Math.log((modelled.get(row)![output] ?? published) / published);
    all[i] = weight * soft(error / SOFT);
  }
  // What a parameter may be at all is a belief as weak as one figure.
  for (const [i, deviation] of deviations.entries()) all[residuals.length + i] = deviation;
  return all;
}

/** What the model makes of a row's published figures, with given parameters. */
export function modelledFigures({ experiment, published }: FitRow, parameters: VmmParameters): FitRow['published'] {
  const outputs = meanOutputs(experiment, parameters);
  return Object.fromEntries(keysOf(published).map((name) => [name, outputs[name] ?? published[name]!]));
}

/** The model's outputs, as geometric means over the phases of the window. */
function meanOutputs(experiment: MoveExperiment, parameters: VmmParameters): Partial<Record<MoveOutput, number>> {
  const figures = meanFigures(experiment, parameters, FITTED_OUTPUTS);
  return Object.fromEntries(keysOf(figures).map((name) => [name, Math.exp(figures[name]!.log)]));
}
