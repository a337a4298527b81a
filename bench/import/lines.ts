/**
 * The lines of a text as users have it: from a terminal, an editor of any system, a mail or an issue. Files are read piece by
 * piece, so that their size does not matter.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

import { UserError } from '../../sim/base/user-error.ts';
import { KIB, MIB } from '../../sim/base/units.ts';
import { inputUnreadable } from '../io/input-file.ts';
import { noteRead } from '../io/read-files.ts';

/** Characters of a line; longer ones are in no text that a reader knows. */
const LINE_MAX = MIB;
const PIECE_BYTES = 256 * KIB;
/** So much of a file says which format it is. */
const HEAD_BYTES = 64 * KIB;

/** Colours and cursor movements of terminals. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[0-9;?]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9])/g;
/** Quotation of mails. */
const QUOTED = /^(?:> ?)+/;

/** A line without its carriage return, colours, byte order mark and marks of quotation. */
function cleaned(line: string): string {
  let text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (text.includes('\u001B')) text = text.replaceAll(ESCAPES, '');
  if (text.startsWith('\uFEFF')) text = text.slice(1);
  return text.startsWith('>') ? text.replace(QUOTED, '') : text;
}

/** @param pieces of a text, in order @param file name of the file, used in messages */
function* linesOfPieces(pieces: Iterable<string>, file: string): Generator<string> {
  let rest = '';
  let number = 0;
  const checked = (line: string): string => {
    number += 1;
    if (line.length > LINE_MAX) {
      throw new UserError('input', `${file}: line ${number} has more than ${LINE_MAX} characters`, NO_TEXT);
    }
    if (line.includes('\u0000')) throw new UserError('input', `${file}: line ${number} has a zero byte`, NO_TEXT);
    return cleaned(line);
  };
  for (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield checked(line);
    if (rest.length > LINE_MAX) checked(rest);
  }
  yield checked(rest);
}

const NO_TEXT = 'It is no text: give the output of the command as it was printed.';

/** The cleaned lines of a text. */
export function linesOfText(text: string, file: string): Iterable<string> {
  return linesOfPieces([text], file);
}

/**
 * The cleaned lines of a file.
 *
 * @throws UserError of kind `input` for a file that cannot be read, or is no text
 */
export function linesOfFile(path: string): Iterable<string> {
  return linesOfPieces(piecesOf(path, Infinity), path);
}

/** The cleaned beginning of a file; empty for what is no text, and for a pipe, which could not be read a second time. */
export function headOfFile(path: string): string {
  if (!isRegularFile(path)) return '';
  return headOfText([...piecesOf(path, HEAD_BYTES)].join(''));
}

/** Whether a file can be read twice. */
export function isRegularFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The same of a text. */
export function headOfText(text: string): string {
  const head = text.slice(0, HEAD_BYTES);
  return head.includes('\u0000') ? '' : head.split('\n').map(cleaned).join('\n');
}

function* piecesOf(path: string, bytesMax: number): Generator<string> {
  const piece = Buffer.alloc(Math.min(PIECE_BYTES, bytesMax));
  const decoder = new StringDecoder('utf8');
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    noteRead(fstatSync(file));
    for (let left = bytesMax; left > 0;) {
      const bytes = readSync(file, piece, 0, Math.min(piece.length, left), null);
      if (bytes === 0) break;
      left -= bytes;
      yield decoder.write(piece.subarray(0, bytes));
    }
    yield decoder.end();
  } catch (error) {
    throw error instanceof UserError ? error : inputUnreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
