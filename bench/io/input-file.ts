/**
 * Input files of the commands: YAML or JSON, checked against a schema, with errors that name file, place and field.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { type Document, type ErrorCode, isScalar, parseDocument as parseYaml, visit, YAMLParseError } from 'yaml';
import type { z } from 'zod';

import { parseDocument } from '../../sim/base/schema.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { MIB } from '../../sim/base/units.ts';
import { noteRead } from './read-files.ts';

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
  if (text.trim() === '') throw new UserError('input', `${path}: is empty`, HOW_TO_START);
  try {
    // Aliases may not multiply the document beyond what was written.
    const document = parseYaml(text, { prettyErrors: true, strict: true, uniqueKeys: true, logLevel: 'error' });
    const [mistake] = document.errors;
    if (mistake !== undefined) throw mistake;
    return withReleases(document).toJS({ maxAliasCount: 1000 });
  } catch (error) {
    if (!(error instanceof YAMLParseError) && !(error instanceof ReferenceError)) throw error;
    const line = error instanceof YAMLParseError ? error.linePos?.[0] : undefined;
    const where = line === undefined ? '' : `line ${line.line}, column ${line.col}: `;
    throw new UserError('input', `${path}: ${where}${yamlMistake(error)}`, ONE_DOCUMENT);
  }
}

/** Fields that have a release of a program: 6.10 is none of 6.1, so what was written counts, not the number that YAML makes of it. */
const RELEASES: ReadonlySet<unknown> = new Set(['kernel', 'vmmVersion', 'managerVersion', 'libvirtVersion']);

function withReleases(document: Document.Parsed): Document.Parsed {
  visit(document, {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || !RELEASES.has(key.value)) return;
      if (isScalar(value) && typeof value.value === 'number' && value.source !== undefined) value.value = value.source;
    },
  });
  return document;
}

const ONE_DOCUMENT = 'The file has to be YAML or JSON, one document.';
const HOW_TO_START =
  'A format has examples: `stopcopy run --help` and `stopcopy plan --help` name files that come with stopcopy, and docs/ ' +
  'explains each field.';

/** What is wrong with a text that is no YAML; whichever the parser does not tell apart is said by its kind. */
const YAML_MISTAKES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) has an anchor or a tag of its own',
  BAD_ALIAS: 'an alias (*name) is not well formed',
  BAD_DIRECTIVE: 'a line that begins with % is no directive of YAML',
  BAD_DQ_ESCAPE: 'a text in double quotes has a \\ that escapes nothing',
  BAD_INDENT: 'the indent does not fit the lines above, or a bracket there is not closed',
  BAD_PROP_ORDER: 'an anchor or a tag is not where it belongs',
  BAD_SCALAR_START: 'a value begins with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a list or an object begins in a line that already has a value; a second "key:" may be too many',
  BLOCK_IN_FLOW: 'a list or an object of lines is inside brackets',
  DUPLICATE_KEY: 'the field stands there twice',
  IMPOSSIBLE: 'the text cannot be read',
  KEY_OVER_1024_CHARS: 'a name of a field has more than 1024 characters',
  MISSING_CHAR: 'a bracket, a quote or a comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a name of a field takes several lines; a colon may be missing above',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_DOCS: 'a second document begins (---), and one is read',
  MULTIPLE_TAGS: 'a value has two tags',
  NON_STRING_KEY: 'the name of a field has to be a text',
  RESOURCE_EXHAUSTION: 'aliases would multiply the document beyond what is read',
  TAB_AS_INDENT: 'a tab is used as indent; YAML takes blanks only',
  TAG_RESOLVE_FAILED: 'a tag (!name) is not known',
  UNEXPECTED_TOKEN: 'a character is not where it may be',
  BAD_COLLECTION_TYPE: 'a tag (!name) does not fit its value',
};

function yamlMistake(error: YAMLParseError | ReferenceError): string {
  if (error instanceof YAMLParseError) return YAML_MISTAKES[error.code];
  const [, name] = /Unresolved alias.*: (\S+)/.exec(error.message) ?? [];
  if (name !== undefined) return `the alias *${name} has no anchor (&${name}) above it`;
  return YAML_MISTAKES.RESOURCE_EXHAUSTION;
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
    const stats = fstatSync(file);
    noteRead(stats);
    const { size } = stats;
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
