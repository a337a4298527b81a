/**
 * Input files of the commands: YAML or JSON, checked against a schema, with errors that name file, place and field.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { parse, YAMLParseError } from 'yaml';
import type { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { MIB } from '../../sim/base/units.ts';

/** Larger files are refused unread: nobody writes such a file by hand, and a parser would only exhaust the memory. */
export const INPUT_BYTES_MAX = 64 * MIB;

/**
 * Reads an input file.
 *
 * @param path as the user wrote it; messages use the same words
 * @param schema what is allowed in it
 * @param hint what to try when the document does not fit; default: how many other fields are wrong
 * @throws UserError of kind `input` for a file that cannot be read, is no YAML, or does not fit the schema
 */
export function readInputFile<T extends z.ZodType>(path: string, schema: T, hint?: string): z.output<T> {
  return parseInputFile(readInputText(path), path, schema, hint);
}

/** The same for a text that was read. */
export function parseInputFile<T extends z.ZodType>(text: string, path: string, schema: T, hint?: string): z.output<T> {
  return parseDocument(schema, parseInput(text, path), path, hint);
}

/**
 * Parses the text of an input file; JSON is YAML too.
 *
 * @throws UserError of kind `input`, with line and column
 */
export function parseInput(text: string, path: string): unknown {
  if (text.trim() === '')
    throw new UserError('input', `${path}: is empty`, 'Start from one of the files shipped with stopcopy.');
  try {
    // Aliases may not multiply the document beyond what was written.
    return parse(text, { prettyErrors: true, maxAliasCount: 1000, strict: true, uniqueKeys: true });
  } catch (error) {
    if (!(error instanceof YAMLParseError) && !(error instanceof ReferenceError)) throw error;
    const line = error instanceof YAMLParseError ? error.linePos?.[0] : undefined;
    const where = line === undefined ? '' : `line ${line.line}, column ${line.col}: `;
    const why = error.message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '');
    throw new UserError('input', `${path}: ${where}${why}`, 'The file has to be YAML or JSON, one document.');
  }
}

/**
 * The text of an input file.
 *
 * @throws UserError of kind `input`
 */
export function readInputText(path: string): string {
  let bytes: Buffer | number;
  try {
    bytes = bytesOrSize(path);
  } catch (error) {
    throw new UserError('input', `${path}: cannot be read: ${systemReason(error)}`, 'Check the path.');
  }
  const size = typeof bytes === 'number' ? bytes : bytes.length;
  if (typeof bytes === 'number' || size > INPUT_BYTES_MAX) {
    throw new UserError('input', `${path}: has ${size} bytes, allowed are ${INPUT_BYTES_MAX}`, 'Split it.');
  }
  return bytes.toString('utf8');
}

/** What is in the file, or its size when that is too much to be read. */
function bytesOrSize(path: string): Buffer | number {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return size > INPUT_BYTES_MAX ? size : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
