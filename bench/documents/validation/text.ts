/**
 * A validation for a person at a terminal: a table for each published one, then what it comes to.
 */
import { countOf } from '../../../sim/base/units.ts';

import type { Comparison, KindSummary, LabSummary, Listed, TableReport, Validation } from './document.ts';
import { FIGURE_KINDS } from './kinds.ts';
import { FITTED_ORIGIN, fittedParameters } from './fitted.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { percent } from '../../show/format.ts';
import { wrap } from '../../show/wrap.ts';
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';

const WIDTH = 100;

const left = (head: string): BareColumn => ({ head, align: 'left' });
const right = (head: string, detail = 0): BareColumn => ({ head, align: 'right', detail });

export function printValidation(validation: Validation, output: Output): void {
  for (const report of validation.tables) printTable(report, output);
  printSummary(validation, output);
}

function printTable({ table, comparisons, listed }: TableReport, output: Output): void {
  output.text('');
  output.text(output.style('bold', wrap(`${table.id}: ${table.title} (grade ${table.grade})`, WIDTH)));
  output.text(wrap(table.source, WIDTH));
  if (table.notPredicted !== undefined) {
    output.text(wrap(`Not predicted: ${table.notPredicted}.`, WIDTH));
    return;
  }
  const columns = [
    right('row'),
    left('inputs'),
    left('figure'),
    right('published'),
    right('modelled'),
    right('80 %'),
    right('error'),
    left(''),
  ];
  output.text(bareTable(columns, comparisons.map(rowOf), { wide: output.wide }));
  for (const { row, note } of notes(comparisons)) output.text(wrap(`row ${row}: ${note}`, WIDTH));
  for (const [why, figures] of listedByReason(listed)) {
    const said = why === undefined ? 'Published, without a counterpart in the model' : `Not predicted (${why})`;
    output.text(wrap(`${said}: ${figures.join(', ')}.`, WIDTH));
  }
}

/** Figures that are not predicted, in words, by what keeps them from it. */
export function listedByReason(listed: readonly Listed[]): ReadonlyMap<string | undefined, readonly string[]> {
  const found = new Map<string | undefined, string[]>();
  for (const { row, output, published, why } of listed) {
    const said = `row ${row} ${output} ${figure(published)}`;
    const others = found.get(why);
    if (others === undefined) found.set(why, [said]);
    else others.push(said);
  }
  return found;
}

function rowOf(comparison: Comparison): string[] {
  const { row, inputs, output, published, modelled, band, error, calibrates } = comparison;
  const given = Object.entries(inputs).map(([name, value]) => `${name} ${value}`);
  return [
    String(row),
    given.join(', '),
    output,
    figure(published),
    figure(modelled),
    `${figure(band[0])} to ${figure(band[1])}`,
    percentOf(error),
    calibrates.length === 0 ? '' : 'calibration',
  ];
}

function notes(comparisons: readonly Comparison[]): readonly { row: number; note: string }[] {
  const byRow = new Map<number, string>();
  for (const { row, note } of comparisons) if (note !== undefined) byRow.set(row, note);
  return [...byRow].map(([row, note]) => ({ row, note }));
}

function printSummary(validation: Validation, output: Output): void {
  const { predicted, calibrating, kinds, labs, worst, fitted, rows, complaints } = validation;
  output.text('');
  if (predicted === 0) {
    output.text('No figure was predicted: every row sets a parameter, or its table is not predicted.');
  } else {
    output.text(
      `${countOf(predicted, 'figure')} predicted, each lab without its own measurements; ` +
        `${calibrating} more in rows that set a parameter.`,
    );
    printKinds(kinds, output);
  }
  if (worst !== undefined) {
    output.text(`Farthest off: ${worst.table} row ${worst.row}, ${worst.output}, ${percentOf(worst.error)}.`);
  }
  for (const lab of labs) output.text(wrap(labLine(lab), WIDTH));
  output.text(`${countOf(fitted.length, 'parameter')} fitted, in ${countOf(rows, 'row')}:`);
  for (const line of fittedParameters(fitted)) output.text(`  ${line}`);
  output.text(wrap(FITTED_ORIGIN, WIDTH));
  for (const complaint of complaints) output.text(output.style('red', `does not hold: ${complaint}`));
}

function printKinds(kinds: readonly KindSummary[], output: Output): void {
  const columns = KIND_HEAD.map((head, index) =>
    index === 0 ? left(head) : right(head, KIND_DETAILS.indexOf(head) + 1),
  );
  output.text(bareTable(columns, kinds.map(kindRow), { wide: output.wide }));
}

export const KIND_WORDS =
  'near: share of parts within 25 to 40 % (docs/published-tables.md), of syncs within one; nearest row: the error of quoting the published row of another lab whose inputs are most alike; score: the interval ' +
  'score of logarithms, less is better';

/** Heads of the columns of {@link kindRow}. */
export const KIND_HEAD: readonly string[] = [
  'figures',
  'n',
  'labs',
  'median error',
  'allowed',
  'near',
  'in 80 %',
  'high/low',
  'score',
  'nearest row',
  'its score',
];

/** What a narrow table goes without, the last first. */
const KIND_DETAILS: readonly string[] = ['near', 'allowed', 'score', 'nearest row', 'its score'];

export function kindRow(each: KindSummary): string[] {
  const { nearestError, nearestScore, errorMax } = each;
  return [
    FIGURE_KINDS[each.kind].title,
    String(each.figures),
    String(each.labs),
    percent(each.medianError, 2),
    errorMax === null ? '' : percent(errorMax, 2),
    each.within === null || each.within === undefined ? '' : percent(each.within, 2),
    percent(each.coverage, 2),
    figure(each.bandRatio),
    figure(each.intervalScore),
    nearestError === null ? '' : percent(nearestError, 2),
    nearestScore === null ? '' : figure(nearestScore),
  ];
}

export function labLine({ lab, kinds, fromClass }: LabSummary): string {
  const errors = kinds.map(
    ({ kind, medianError, figures }) => `${FIGURE_KINDS[kind].title} ${percent(medianError, 2)} (${figures})`,
  );
  const rest = fromClass.length === 0 ? '' : `; from their class: ${fromClass.map(parameterWords).join(', ')}`;
  return `without ${lab}: ${errors.join(', ')}${rest}`;
}

/** Three digits, or all digits before the point. */
export function figure(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

/** `+4 %`, `-12 %`. */
export function percentOf(part: number): string {
  const rounded = Math.round(part * 100);
  return `${rounded > 0 ? '+' : ''}${rounded} %`;
}
