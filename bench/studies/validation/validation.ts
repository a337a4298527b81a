/**
 * Published measurements against the model: row by row, each lab without what it has measured itself, and what it comes to.
 */
import { mean, median } from 'simple-statistics';

import { parseDocument } from '../../../sim/base/schema.ts';
import { unsupported } from '../../../sim/memory/evidence.ts';
import { VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import type {
  Comparison,
  KindSummary,
  LabSummary,
  Listed,
  TableReport,
  Validation,
} from '../../documents/validation/document.ts';
import {
  COVERAGE,
  FIGURE_KIND_NAMES,
  FIGURE_KINDS,
  type FigureKind,
  isWithin,
  type KindFacts,
  kindOf,
} from '../../documents/validation/kinds.ts';
import { percent } from '../../show/format.ts';
import { type Experiment, EXPERIMENTS, type Outputs } from './experiments.ts';
import { FITTED_LABS, groundsFor } from './folds.ts';
import { nearestFigure } from './nearest-row.ts';
import { inputsOf, type PublishedTable } from './published-table.ts';

/** Rows that there must be for each fitted parameter. */
const ROWS_PER_PARAMETER = 4;
/** From so many figures on the share that intervals hold is judged. */
const FIGURES_FOR_COVERAGE = 20;
/** Share of figures outside of a band: an 80 % interval. */
const OUTSIDE = 0.2;

/**
 * Runs the model for every row.
 *
 * @param whole whether these are all tables that the parameters were fitted to; only then their number is judged
 * @throws UserError of kind `input` for a row that does not fit its experiment
 */
export function validate(tables: readonly PublishedTable[], whole: boolean): Validation {
  const reports = tables.map(compare);
  const all = reports.flatMap(({ comparisons }) => comparisons);
  const predicted = all.filter(({ calibrates }) => calibrates.length === 0);
  const errors = predicted.map(({ error }) => Math.abs(error));
  const moves = all.some(({ lab }) => lab !== undefined && FITTED_LABS.includes(lab)) ? fittedToMoves() : [];
  const fitted = [...new Set([...moves, ...all.flatMap(({ calibrates }) => calibrates)])].toSorted();
  const rows = new Set(all.map(({ table, row }) => `${table} ${row}`)).size;
  const kinds = FIGURE_KIND_NAMES.flatMap((kind) => summary(kind, predicted));
  return {
    tables: reports,
    kinds,
    labs: FITTED_LABS.flatMap((lab) => labSummary(lab, predicted)),
    medianError: errors.length === 0 ? Number.NaN : median(errors),
    worst: predicted.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error))[0],
    predicted: predicted.length,
    calibrating: all.length - predicted.length,
    rows,
    fitted,
    complaints: complaints(kinds, whole ? fitted.length : 0, rows),
  };
}

function fittedToMoves(): readonly string[] {
  return Object.entries(VMM_PARAMETER).flatMap(([name, { from }]) => (from === 'fitted' ? [name] : []));
}

function complaints(kinds: readonly KindSummary[], fitted: number, rows: number): readonly string[] {
  const found = kinds.flatMap(kindComplaints);
  if (fitted * ROWS_PER_PARAMETER > rows) {
    found.push(`${fitted} parameters are fitted to ${rows} rows, allowed is one for every ${ROWS_PER_PARAMETER} rows`);
  }
  return found;
}

function kindComplaints(judged: KindSummary): string[] {
  const { kind, medianError, errorMax, coverage, bandRatio, figures, within } = judged;
  const { title, bandRatioMax, withinMin }: KindFacts = FIGURE_KINDS[kind];
  const found: string[] = [];
  if (errorMax !== null && medianError > errorMax) {
    found.push(`${title}: the median error is ${percent(medianError, 2)}, allowed is ${percent(errorMax, 2)}`);
  }
  if (within !== null && within !== undefined && withinMin !== undefined && within < withinMin) {
    found.push(`${title}: ${percent(within, 2)} of figures are near enough, ${percent(withinMin, 2)} must be`);
  }
  if (errorMax !== null || withinMin !== undefined) found.push(...nullComplaints(judged));
  // The share of a few figures that an interval holds says nothing.
  if (bandRatioMax === undefined || figures < FIGURES_FOR_COVERAGE) return found;
  if (bandRatio > bandRatioMax) {
    found.push(`${title}: intervals are ${bandRatio.toFixed(2)} times as high as low, allowed is ${bandRatioMax}`);
  }
  if (coverage < COVERAGE.least || coverage > COVERAGE.most) {
    const [least, most] = [percent(COVERAGE.least, 2), percent(COVERAGE.most, 2)];
    found.push(`${title}: 80 % intervals hold ${percent(coverage, 2)} of figures, allowed are ${least} to ${most}`);
  }
  return found;
}

/** What claims something must be better than quoting the nearest row, in its figures and in its intervals. */
function nullComplaints({ kind, medianError, intervalScore, nearestError, nearestScore }: KindSummary): string[] {
  const { title } = FIGURE_KINDS[kind];
  const found: string[] = [];
  if (nearestError !== null && medianError > nearestError) {
    found.push(`${title}: quoting the nearest row is off by ${percent(nearestError, 2)}, and thus better`);
  }
  if (nearestScore !== null && intervalScore >= nearestScore) {
    const [own, other] = [intervalScore.toPrecision(3), nearestScore.toPrecision(3)];
    found.push(`${title}: intervals score ${own}, those about the nearest row ${other}, and thus better`);
  }
  return found;
}

function compare(table: PublishedTable): TableReport {
  if (table.experiment === undefined || table.notPredicted !== undefined) {
    return { table, comparisons: [], listed: [] };
  }
  const experiment = EXPERIMENTS[table.experiment];
  const comparisons: Comparison[] = [];
  const listed: Listed[] = [];
  for (const [index, row] of table.rows.entries()) {
    if (row.notPredicted !== undefined) {
      for (const [output, published] of Object.entries(row.published)) {
        listed.push({ row: index + 1, output, published, why: row.notPredicted });
      }
      continue;
    }
    const what = `table ${table.id}, row ${index + 1}`;
    const given = { ...table.inputs, ...row.inputs };
    const asked = inputsOf(table, row);
    parseDocument(experiment.schema, asked, what);
    const lab = row.lab ?? table.lab;
    // A part has one source, which its parameter rests on: whether the parts fit it is checked, not predicted.
    const outputs = { ...experiment.predict(asked, groundsFor(lab)), ...partsOf(experiment, asked, row.published) };
    for (const [output, published] of Object.entries(row.published)) {
      const modelled = outputs[output];
      if (modelled === undefined || published === 0) {
        listed.push({ row: index + 1, output, published });
        continue;
      }
      comparisons.push({
        table: table.id,
        row: index + 1,
        lab,
        inputs: row.inputs,
        given,
        output,
        kind: kindOf(output),
        published,
        modelled: modelled.value,
        band: [modelled.low, modelled.high],
        error: (modelled.value - published) / published,
        calibrates: row.calibrates ?? [],
        note: row.note,
      });
    }
  }
  return { table, comparisons, listed };
}

function partsOf(experiment: Experiment, asked: unknown, published: Readonly<Record<string, number>>): Outputs {
  if (!Object.keys(published).some(isPart)) return {};
  const outputs = experiment.predict(asked, groundsFor(undefined));
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => isPart(name)));
}

function isPart(output: string): boolean {
  return kindOf(output) === 'part';
}

function summary(kind: FigureKind, predicted: readonly Comparison[]): readonly KindSummary[] {
  const figures = predicted.filter((each) => each.kind === kind);
  if (figures.length === 0) return [];
  const share = (holds: (each: Comparison) => boolean): number => figures.filter(holds).length / figures.length;
  const { withinMin }: KindFacts = FIGURE_KINDS[kind];
  const isNear = ({ output, published, modelled }: Comparison): boolean =>
    isWithin(output, published, modelled) === true;
  const nearest = figures.flatMap((each) => {
    const figure = nearestFigure(each, figures);
    return figure === undefined ? [] : [{ published: each.published, figure }];
  });
  const offBy = nearest.map(({ published, figure }) => Math.abs(Math.log(figure / published)));
  return [
    {
      kind,
      figures: figures.length,
      labs: new Set(figures.map(({ lab, table }) => lab ?? table)).size,
      medianError: median(figures.map(({ error }) => Math.abs(error))),
      factor: Math.exp(median(figures.map(({ modelled, published }) => Math.abs(Math.log(modelled / published))))),
      within10: share(({ error }) => Math.abs(error) <= 0.1),
      within30: share(({ error }) => Math.abs(error) <= 0.3),
      coverage: share(({ published, band }) => published >= band[0] && published <= band[1]),
      bandRatio: median(figures.map(({ band }) => band[1] / band[0])),
      intervalScore: mean(figures.map(({ published, band }) => scoreOf(published, band))),
      nearestError:
        nearest.length === 0
          ? null
          : median(nearest.map(({ published, figure }) => Math.abs(figure - published) / published)),
      nearestScore: nearest.length === 0 ? null : nullScore(nearest, offBy),
      errorMax: FIGURE_KINDS[kind].errorMax,
      within: withinMin === undefined ? null : share(isNear),
    },
  ];
}

/** The interval score of logarithms (Gneiting and Raftery, 2007): the width, and what the figure is outside of it. */
function scoreOf(published: number, [low, high]: readonly [number, number]): number {
  const below = Math.max(0, Math.log(low / published));
  const above = Math.max(0, Math.log(published / high));
  return Math.log(high / low) + (2 / OUTSIDE) * (below + above);
}

/** The null model with a band as wide as it needs to hold 80 % of its own figures. */
function nullScore(
  nearest: readonly { readonly published: number; readonly figure: number }[],
  offBy: readonly number[],
): number {
  const sorted = offBy.toSorted((a, b) => a - b);
  const factor = Math.exp(sorted[Math.floor((1 - OUTSIDE) * (sorted.length - 1))]!);
  return mean(nearest.map(({ published, figure }) => scoreOf(published, [figure / factor, figure * factor])));
}

function labSummary(lab: string, predicted: readonly Comparison[]): readonly LabSummary[] {
  const own = predicted.filter((each) => each.lab === lab);
  if (own.length === 0) return [];
  const kinds = FIGURE_KIND_NAMES.flatMap((kind) => {
    const errors = own.filter((each) => each.kind === kind).map(({ error }) => Math.abs(error));
    return errors.length === 0 ? [] : [{ kind, figures: errors.length, medianError: median(errors) }];
  });
  return [{ lab, kinds, fromClass: unsupported(lab) }];
}
