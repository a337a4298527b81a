/**
 * Files of moves: which format a text is in, and what is in it.
 */
import { UserError } from '../../../sim/base/user-error.ts';
import { headOfFile, headOfText, linesOfFile, linesOfText } from '../lines.ts';
import type { Reader, Reading } from '../reader.ts';
import type { MoveFile } from './facts.ts';
import { MOVE_READERS } from './readers.ts';

/** A reader that is less sure is none for the text. */
const SURE_MIN = 0.5;
/** Two that are closer than this are both named. */
const CLOSE = 0.03;

/** Documents of stopcopy say what they are, in YAML after comments. */
const OWN = /^(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:\{[ \t]*\n?[ \t]*)?["']?format["']?\s*:\s*["']?stopcopy-/;

/** @returns whether a file is of a move */
export function isMoveFile(path: string): boolean {
  return moveReaderOf(headOfFile(path), path) !== undefined;
}

/** What was read, and by which reader. */
export interface MoveReading extends Reading<MoveFile> {
  /** Word of `--as`. */
  readonly reader: string;
}

/** Words of `--as`. */
export const MOVE_FORMATS: readonly string[] = MOVE_READERS.map(({ id }) => id);

/**
 * The reader that a text is for.
 *
 * @param head the cleaned beginning of the text
 * @returns undefined: none knows it
 * @throws UserError of kind `input` when two are as sure
 */
function moveReaderOf(head: string, file: string): Reader<MoveFile, 'move'> | undefined {
  if (OWN.test(head)) return undefined;
  const sure = MOVE_READERS.map((reader) => ({ reader, sure: reader.sniff(head) }))
    .filter(({ sure: how }) => how >= SURE_MIN)
    .toSorted((a, b) => b.sure - a.sure);
  const [best, second] = sure;
  if (best !== undefined && second !== undefined && best.sure - second.sure < CLOSE) {
    const names = [best, second].map(({ reader }) => reader.id).join(' and ');
    throw new UserError('input', `${file}: looks like ${names}`, 'Say --as with one of them, or split the file.');
  }
  return best?.reader;
}

/**
 * Reads a file of a move; undefined: no reader knows it.
 *
 * @param as word of `--as`; default: the text is recognised
 * @throws UserError of kind `input` for a file that cannot be read; of kind `usage` for a word that is no format
 */
export function readMoveFile(path: string, as?: string): MoveReading | undefined {
  const reader = as === undefined ? moveReaderOf(headOfFile(path), path) : MOVE_READERS.find(({ id }) => id === as);
  if (reader === undefined && as !== undefined) {
    throw new UserError(
      'usage',
      `--as is '${as}', which is no format of a move`,
      `Allowed are ${MOVE_FORMATS.join(', ')}.`,
    );
  }
  return reader === undefined ? undefined : { ...reader.read(linesOfFile(path), path), reader: reader.id };
}

/**
 * The same of a text.
 *
 * @throws UserError of kind `input` for a text in no format of a move
 */
export function readMoveText(text: string, file: string): Reading<MoveFile> {
  const reader = moveReaderOf(headOfText(text), file);
  if (reader === undefined) {
    throw new UserError('input', `${file}: is in no format of a move that is recognised`, `Formats are ${MOVE_FORMATS.join(', ')}.`); // prettier-ignore
  }
  return reader.read(linesOfText(text, file), file);
}
