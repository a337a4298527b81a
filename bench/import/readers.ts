/**
 * All readers of foreign formats, and which of them a text is for.
 */
import { UserError } from '../../sim/base/user-error.ts';
import { readInputText } from '../io/input-file.ts';
import { headOfFile, headOfText, isRegularFile, linesOfFile, linesOfText } from './lines.ts';
import type { MachineFacts } from './machine/facts.ts';
import { MACHINE_READERS } from './machine/readers.ts';
import type { Reader, Reading } from './reader.ts';

/** A reader of any kind; its `kind` says what its facts are. */
type AnyReader = Reader<MachineFacts, 'machine'>;

const READERS: readonly AnyReader[] = [...MACHINE_READERS];

/** A reader that is less sure is none for the text. */
const SURE_MIN = 0.5;
/** Two that are closer than this are both named. */
const CLOSE = 0.05;

/**
 * The reader that a text is for.
 *
 * @param head beginning of the text, as `headOfFile` gives it
 * @returns undefined when none knows it
 * @throws UserError of kind `input` when two are as sure
 */
function recognise(head: string, file: string): AnyReader | undefined {
  const sure = READERS.map((reader) => ({ reader, sure: reader.sniff(head) }))
    .filter(({ sure: how }) => how >= SURE_MIN)
    .toSorted((a, b) => b.sure - a.sure);
  const [best, second] = sure;
  if (best !== undefined && second !== undefined && best.sure - second.sure < CLOSE) {
    const names = sure.filter((each) => best.sure - each.sure < CLOSE).map(({ reader }) => reader.id);
    throw new UserError(
      'input',
      `${file}: looks like ${names.join(' and ')}`,
      `Say --as with one of ${names.join(', ')}.`,
    );
  }
  return best?.reader;
}

/** The reader of `--as`. @throws UserError of kind `usage` */
function readerOf(id: string): AnyReader {
  const reader = READERS.find((each) => each.id === id);
  if (reader !== undefined) return reader;
  throw new UserError('usage', `--as is '${id}', which is no format`, `Allowed are ${formatNames()}.`);
}

/** Words of `--as`. */
export function formatNames(): string {
  return READERS.map(({ id }) => id).join(', ');
}

/** A file that was read by one of the readers. */
export interface ForeignFile {
  readonly file: string;
  readonly reader: AnyReader;
  readonly reading: Reading<MachineFacts>;
}

/** The same of a text. @param file name of it, used in messages */
export function readText(text: string, file: string, as?: string): ForeignFile {
  return readLines(linesOfText(text, file), () => headOfText(text), file, as);
}

/**
 * Reads a file of a foreign format.
 *
 * @param as format, when the user says it; else the text is recognised
 * @throws UserError of kind `input` for a file that no reader knows, or that is damaged beyond reading
 */
export function readForeign(path: string, as?: string): ForeignFile {
  // What cannot be read twice is read at once.
  if (!isRegularFile(path)) return readText(readInputText(path), path, as);
  return readLines(linesOfFile(path), () => headOfFile(path), path, as);
}

/** The same of a file that may be none of these: undefined when no reader knows it. */
export function readIfForeign(path: string): ForeignFile | undefined {
  if (!isRegularFile(path)) return undefined;
  const reader = recognise(headOfFile(path), path);
  return reader === undefined ? undefined : { file: path, reader, reading: reader.read(linesOfFile(path), path) };
}

function readLines(lines: Iterable<string>, head: () => string, file: string, as: string | undefined): ForeignFile {
  const reader = as === undefined ? recognise(head(), file) : readerOf(as);
  if (reader === undefined) {
    const hint = `Formats that are read: ${formatNames()}; docs/import.md describes them. --as says which it is.`;
    throw new UserError('input', `${file}: is in no format that is recognised`, hint);
  }
  return { file, reader, reading: reader.read(lines, file) };
}
