/**
 * Published measurements as data files: what was done, what came out, and which rows set a parameter.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { UserError } from '../../../sim/base/user-error.ts';
import { parseInputFile, readInputText } from '../../io/input-file.ts';
import { ShippedFiles } from '../../io/shipped-files.ts';
import { EXPERIMENTS } from './experiments.ts';
import { keysOf } from '../../../sim/base/keys.ts';

const TABLES = new ShippedFiles('bench/studies/validation/tables', 'published table');

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const inputs = z.record(z.string(), scalar);

/** Inputs that the source does not state; of a row, in place of the table's. */
const takenSchema = z.array(z.string().min(1));

/** An author with a lab: all that one has measured is one source. */
const lab = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens');

const rowSchema = z.strictObject({
  /** In place of the table's. */
  lab: lab.optional(),
  /** In addition to, or in place of, the inputs of the table. */
  inputs: inputs.default({}),
  taken: takenSchema.optional(),
  /** What was measured. */
  published: z.record(z.string(), z.number().nonnegative()),
  /** Parameters that were set so that this row comes out right; such a row proves nothing. */
  calibrates: z.array(z.string().min(1)).min(1).optional(),
  /** Why the model does not try this row; its figures are listed and no more. */
  notPredicted: z.string().min(1).optional(),
  /** Anything that a reader must know of the row; needed where the model is far off. */
  note: z.string().min(1).optional(),
});

export const publishedTableSchema = z.strictObject({
  format: z.literal('stopcopy-published-table'),
  version: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and hyphens'),
  /** The lab that measured it. Default: one whose figures do not ship. */
  lab: lab.optional(),
  title: z.string().min(1),
  /** A: measured by the authors, setup stated; B: partly stated; C: one log or a statement. */
  grade: z.enum(['A', 'A-', 'B', 'C+', 'C']),
  source: z.string().min(1),
  /** Why the model does not try; such a table is listed and no more. */
  notPredicted: z.string().min(1).optional(),
  experiment: z.enum(keysOf(EXPERIMENTS)).optional(),
  inputs: inputs.default({}),
  taken: takenSchema.default([]),
  rows: z.array(rowSchema).min(1),
});

export type PublishedTable = z.output<typeof publishedTableSchema>;

/** All inputs of a row, with the names of those that no source states, where there are any: what an experiment reads. */
export function inputsOf(
  table: PublishedTable,
  row: PublishedTable['rows'][number],
): Readonly<Record<string, unknown>> {
  const taken = row.taken ?? table.taken;
  return { ...table.inputs, ...row.inputs, ...(taken.length === 0 ? {} : { taken }) };
}

/** Ids of the tables that ship with stopcopy. */
export function shippedTables(): readonly string[] {
  return TABLES.names();
}

/**
 * Reads tables: shipped ones by id, files, and folders of files. None named: all that ship.
 *
 * @throws UserError of kind `input`
 */
export function readTables(names: readonly string[]): readonly PublishedTable[] {
  const paths = (names.length === 0 ? TABLES.names() : names).flatMap((name) => {
    const { path } = TABLES.place(name);
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? yamlFilesIn(path) : [path];
  });
  return paths.map((path) => parseTable(readInputText(path), path));
}

function yamlFilesIn(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  if (files.length === 0) {
    throw new UserError('input', `${folder}: has no .yaml or .json file`, 'Name a folder with published tables.');
  }
  return files.toSorted().map((name) => join(folder, name));
}

/** @throws UserError of kind `input` for a text that is no published table */
export function parseTable(text: string, path: string): PublishedTable {
  const table = parseInputFile(text, path, publishedTableSchema);
  if (table.experiment === undefined && table.notPredicted === undefined) {
    throw new UserError(
      'input',
      `${path}: experiment is missing, allowed is one of ${Object.keys(EXPERIMENTS).join(', ')}`,
      'A table that no experiment fits says why in notPredicted.',
    );
  }
  return table;
}
