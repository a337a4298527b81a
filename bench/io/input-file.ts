/**
 * Input files of the commands: YAML or JSON, checked against a schema, with errors that name file, place and field.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { type ErrorCode, isScalar, LineCounter, parseDocument, type Range, visit, type YAMLMap } from 'yaml';
import type { z } from 'zod';

import { parseDocument as checked } from '../../sim/base/schema.ts';
import { LEVELS_MAX } from '../../sim/base/json-text.ts';
import { UserError } from '../../sim/base/user-error.ts';
import { KIB, MIB } from '../../sim/base/units.ts';
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
  return checked(schema, parseInput(text, path), path, hint);
}

/**
 * Parses the text of an input file that users write; JSON is YAML too.
 *
 * @param bytesMax size of the text that is read at most
 * @throws UserError of kind `input`, with line and column
 */
export function parseInput(text: string, path: string, bytesMax = WRITTEN_BYTES_MAX): unknown {
  if (text.trim() === '') throw new UserError('input', `${path}: is empty`, HOW_TO_START);
  refuseUnbounded(text, path, bytesMax);
  const lines = new LineCounter();
  const refuse = (offset: number, sentence: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new UserError('input', `${path}: line ${line}, column ${col}: ${sentence}`, ONE_DOCUMENT);
  };
  // The parser compares each field with all before it; a set does not.
  const document = parseDocument(text, { strict: true, uniqueKeys: false, logLevel: 'error', lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) return refuse(error.pos[0], YAML_MISTAKES[error.code]);
  let aliases = 0;
  let names = 0;
  const countName = (range: Range | null | undefined): void => {
    names += 1;
    if (names > NAMES_MAX) refuse(range?.[0] ?? 0, `more than ${NAMES_MAX} anchors (&name) and aliases (*name) are not read`); // prettier-ignore
  };
  visit(document, {
    Alias(_, { range }) {
      aliases += 1;
      countName(range);
    },
    Scalar(_, { anchor, range }) {
      if (anchor !== undefined) countName(range);
    },
    Seq(_, { anchor, range }) {
      if (anchor !== undefined) countName(range);
    },
    Map(_, map) {
      if (map.anchor !== undefined) countName(map.range);
      const twice = fieldTwice(map);
      if (twice !== null) refuse(twice, YAML_MISTAKES.DUPLICATE_KEY);
    },
    Pair(_, { key, value }) {
      if (!isScalar(key) || !RELEASES.has(key.value)) return;
      if (isScalar(value) && typeof value.value === 'number' && value.source !== undefined) value.value = value.source;
    },
  });
  try {
    // To count what aliases multiply, the parser would search the whole document for each of them.
    const read: unknown = document.toJS({ maxAliasCount: -1 });
    if (aliases > 0 && valuesWrittenOut(read) > VALUES_MAX) throw new ReferenceError('Excessive alias count');
    return withoutSchemaName(read);
  } catch (thrown) {
    if (!(thrown instanceof ReferenceError)) throw thrown;
    throw new UserError('input', `${path}: ${aliasMistake(thrown)}`, ONE_DOCUMENT);
  }
}

/** Values of a document whose aliases are written out; Infinity where one is within itself. */
function valuesWrittenOut(value: unknown, known = new Map<object, number>()): number {
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  known.set(value, Infinity);
  let values = 1;
  for (const each of Object.values(value)) values += valuesWrittenOut(each, known);
  known.set(value, values);
  return values;
}

/** Fields that have a release of a program: 6.10 is none of 6.1, so what was written counts, not the number that YAML makes of it. */
const RELEASES: ReadonlySet<unknown> = new Set(['kernel', 'vmmVersion', 'managerVersion', 'libvirtVersion']);

/** Where a field begins that is there twice; null: none is. */
function fieldTwice(map: YAMLMap): number | null {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    const name = isScalar(key) ? key.value : undefined;
    if (name !== undefined && name !== '<<' && seen.has(name)) return isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    seen.add(name);
  }
  return null;
}

/** Files that users write are far smaller; the time of the parser grows with these. */
const WRITTEN_BYTES_MAX = 256 * KIB;
const INDENT_MAX = 400;
/** Anchors and aliases: the parser compares each alias with all that is before it. */
const NAMES_MAX = 1000;
/** Values that a document with aliases may have. */
const VALUES_MAX = 20_000;

/** Refuses what would keep the parser busy for seconds. */
function refuseUnbounded(text: string, path: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > bytesMax) {
    throw new UserError(
      'input',
      `${path}: has ${bytes} bytes, allowed are ${bytesMax} of what users write`,
      'Is it the result of a command? `stopcopy report` draws those. Else split it.',
    );
  }
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[{}\]]/g)) {
    depth = Math.max(0, depth + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (depth > LEVELS_MAX) throw tooDeep(path);
  }
  if (DEEP_LINE.test(text)) throw tooDeep(path);
}

/** More blanks at the begin of a line, or signs of nested lists anywhere, than any document has. */
const DEEP_LINE = new RegExp(`^ {${INDENT_MAX}}|(?:[-?:] ){${LEVELS_MAX}}`, 'm');

function tooDeep(path: string): UserError {
  return new UserError('input', `${path}: is nested more than ${LEVELS_MAX} deep`, 'No document of stopcopy is.');
}

/** Editors read the name of a schema from the field `$schema` of a document; stopcopy does not. */
function withoutSchemaName(document: unknown): unknown {
  if (typeof document === 'object' && document !== null && '$schema' in document) {
    if (typeof document.$schema === 'string') delete document.$schema;
  }
  return document;
}

const ONE_DOCUMENT = 'The file has to be YAML or JSON, one document.';
const HOW_TO_START =
  'A format has examples: `stopcopy run --help` and `stopcopy plan --help` name files that come with stopcopy, and docs/ ' +
  'explains each field.';

/** What is wrong with a text that is no YAML; what the parser does not distinguish is named by its kind. */
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
  RESOURCE_EXHAUSTION: 'lists and objects are nested too deep there',
  TAB_AS_INDENT: 'a tab is used as indent; YAML takes blanks only',
  TAG_RESOLVE_FAILED: 'a tag (!name) is not known',
  UNEXPECTED_TOKEN: 'a character is not where it may be',
  BAD_COLLECTION_TYPE: 'a tag (!name) does not fit its value',
};

function aliasMistake(error: ReferenceError): string {
  const [, name] = /Unresolved alias.*: (\S+)/.exec(error.message) ?? [];
  if (name !== undefined) return `the alias *${name} has no anchor (&${name}) above it`;
  return 'aliases would multiply the document beyond what is read';
}

/**
 * The text of an input file.
 *
 * @throws UserError of kind `input`
 */
export function readInputText(path: string): string {
  const bytes = readInputBytes(path);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new UserError('input', `${path}: is no text in UTF-8`, 'Give a YAML or JSON file, saved as UTF-8.');
}

/** The same as bytes. */
export function readInputBytes(path: string): Buffer {
  let bytes: Buffer | number;
  try {
    bytes = bytesOrSize(path);
  } catch (error) {
    throw inputUnreadable(path, error);
  }
  const size = typeof bytes === 'number' ? bytes : bytes.length;
  if (typeof bytes === 'number' || size > INPUT_BYTES_MAX) {
    throw new UserError('input', `${path}: has ${size} bytes, allowed are ${INPUT_BYTES_MAX}`, 'Split it.');
  }
  return bytes;
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

/** The refusal of a file that the system does not let read. */
export function inputUnreadable(path: string, error: unknown): UserError {
  return new UserError('input', `${path}: cannot be read: ${systemReason(error)}`, 'Check the path.');
}

function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
