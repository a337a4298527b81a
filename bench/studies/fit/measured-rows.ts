/**
 * A user's measured moves, from tables of the format of published ones.
 */
import { parseDocument } from '../../../sim/base/schema.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { type MoveExperiment, moveExperimentSchema } from '../../../sim/memory/experiment.ts';
import { readInputText } from '../../io/input-file.ts';
import type { FitRow } from '../validation/fit.ts';
import { inputsOf, parseTable, type PublishedTable } from '../validation/published-table.ts';
import { FIT_FIGURES } from './platform-fit.ts';

export interface MeasuredRow extends FitRow {
  /** `idle-lab row 2`: the table's id, and the place of the row in it from 1. */
  readonly name: string;
}

/** A table of a user. */
export interface MeasuredTable {
  readonly file: string;
  readonly id: string;
  readonly title: string;
  readonly rows: readonly MeasuredRow[];
}

/**
 * Reads tables of measured moves.
 *
 * @throws UserError of kind `input` for a file that is no such table, and for a row that no figure of the model answers to
 */
export function readMeasured(files: readonly string[]): readonly MeasuredTable[] {
  const tables = files.map((file) => measuredTable(parseTable(readInputText(file), file), file));
  const twice = tables.find(({ id }, index) => tables.findIndex((other) => other.id === id) < index);
  if (twice !== undefined) {
    throw new UserError(
      'input',
      `${twice.file}: id is ${twice.id}, as in another of the files`,
      'Give each its own id.',
    );
  }
  return tables;
}

/** A table as rows for a fit. @param file the name that errors use */
function measuredTable(table: PublishedTable, file: string): MeasuredTable {
  const { id, title, lab = id } = table;
  if (table.experiment !== 'vm-move') {
    const found = table.experiment ?? 'missing';
    throw new UserError(
      'input',
      `${file}: experiment is ${found}, allowed is vm-move`,
      'A platform is fitted to moves of VMs.',
    );
  }
  const rows = table.rows.map((row, index): MeasuredRow => {
    const at = `${file}: rows[${index}]`;
    const experiment: MoveExperiment = parseDocument(moveExperimentSchema, inputsOf(table, row), `${at}.inputs`);
    const figures = FIT_FIGURES.flatMap((name) => {
      const value = row.published[name];
      return value === undefined || value === 0 ? [] : [[name, value] as const];
    });
    if (figures.length === 0) {
      throw new UserError(
        'input',
        `${at}.published has no figure that a fit uses, allowed is one of ${FIT_FIGURES.join(', ')}`,
        'Give what the VMM reported of the move, such as downtimeMs and totalMs.',
      );
    }
    return { name: `${id} row ${index + 1}`, lab: row.lab ?? lab, experiment, published: Object.fromEntries(figures) };
  });
  return { file, id, title, rows };
}
