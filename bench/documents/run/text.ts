/**
 * A run at a terminal: what became of the VMs, the pause and its parts, the iterations, the VFs.
 */
import type { Output } from '../../io/output.ts';
import { bareTable } from '../../show/bare-table.ts';
import { legendOf } from '../../show/figure.ts';
import { wrap } from '../../show/wrap.ts';
import { printCan } from '../can/text.ts';
import { costsSentence, platformSentence } from '../platform/words.ts';
import type { RunDocument } from './document.ts';
import { type AnyRun, assumptionSentences, endSentence, isPlayed, type UnplayedRun } from './unplayed.ts';
import { runSentences, runTables } from './words.ts';

const WIDTH = 100;
const WIDTH_MAX = 140;
/** Rows of a table at its beginning and its end, where there are many. */
const ROWS_SHOWN = 6;

export function printRun(document: RunDocument, output: Output): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH_MAX);
  const { name, description, values } = document.scenario;
  output.text(output.style('bold', name));
  output.text(wrap(`${description}.`, width));
  if (document.platform !== undefined) output.text(wrap(platformSentence(document.platform), width));
  if (document.costs !== undefined) output.text(wrap(costsSentence(document.costs, document.costNotes), width));
  if (values !== undefined) output.text(wrap(`Values: ${values.join('; ')}.`, width));
  output.text('');
  output.text(wrap(runSentences(document).join(' '), width));
  for (const { title, columns, rows } of runTables(document)) {
    output.text(`\n${output.style('bold', title)}`);
    output.text(bareTable(columns, abridged(rows), { wide: output.wide }));
  }
  output.text(`\n${legendOf(document.kinds)}`);
}

/** A run for a person, played or not. */
export function printAnyRun(run: AnyRun, output: Output): void {
  if (isPlayed(run)) printRun(run, output);
  else printUnplayed(run, output);
}

/** A move that is not played: how it ends, then the answer of `can`. */
function printUnplayed(run: UnplayedRun, output: Output): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH_MAX);
  const { name, description, values } = run.scenario;
  output.text(output.style('bold', name));
  output.text(wrap(`${description}.`, width));
  if (values !== undefined) output.text(wrap(`Values: ${values.join('; ')}.`, width));
  output.text('');
  output.text(wrap(endSentence(run), width));
  output.text('');
  printCan(run.can, output);
  for (const sentence of assumptionSentences(run)) output.text(`\n${wrap(sentence, width)}`);
}

/** The first and the last rows where there are many. */
function abridged(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  if (rows.length <= 2 * ROWS_SHOWN + 1) return rows;
  const gap = rows[0]!.map(() => '…');
  return [...rows.slice(0, ROWS_SHOWN), gap, ...rows.slice(-ROWS_SHOWN)];
}
