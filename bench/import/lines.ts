/**
 * The lines of a text as users have it: from a terminal, an editor of any system, a mail or an issue. Files are read piece by
 * piece, so that their size does not matter.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

import { UserError } from '../../sim/base/user-error.ts';
import { KIB, MIB } from '../../sim/base/units.ts';
import { inputUnreadable, readInputBytes } from '../io/input-file.ts';
import { noteRead } from '../io/read-files.ts';
import { type Encoding, encodingOf, MARK_BYTES, pieceDecoder, unpacked } from './encoding.ts';

/** Characters of a line; longer ones are in no text that a reader knows, */
const LINE_MAX = MIB;
/** but for JSON, which programs print without line ends. */
const JSON_LINE_MAX = 64 * MIB;
const PIECE_BYTES = 256 * KIB;
/** So much of a file says which format it is. */
const HEAD_BYTES = 64 * KIB;

/** Colours and cursor movements of terminals. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[0-9;?]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9])/g;
/** Quotation of mails. */
const QUOTED = /^(?:> ?)+/;

/** A text that was given: its beginning, and its lines, which can be read several times. */
export interface TextSource {
  /** Its name, used in messages. */
  readonly file: string;
  /** The cleaned beginning, of at most 64 KiB. */
  readonly head: string;
  /** The cleaned lines, one by one. */
  lines(): Iterable<string>;
}

/**
 * What stands before the lines of a program whose output another one keeps: the journal of systemd and syslog
 * (`Nov 30 10:00:01 host qemu[4711]: `, also with an ISO time), `kubectl logs --prefix`, and logs of containers (CRI).
 */
const KEPT_BY =
  /^(?:(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) [\w.-]+ [\w@.\\/-]+\[\d+\]: |\[pod\/[^\]\s]+\] (?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) )?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d) std(?:out|err) [FP] )/;

/** A line without its carriage return, colours, byte order mark, marks of quotation, and what keeps it. */
function cleaned(line: string): string {
  let text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (text.includes('\u001B')) text = text.replaceAll(ESCAPES, '');
  if (text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.startsWith('>')) text = text.replace(QUOTED, '');
  return mayBeKept(text) ? text.replace(KEPT_BY, '') : text;
}

/** Whether a line may begin as {@link KEPT_BY} says: cheap, since all lines of all files are asked. */
function mayBeKept(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first === 91) return text.startsWith('[pod/');
  if (first >= 48 && first <= 57) return text.charCodeAt(4) === 45 && text.charCodeAt(10) === 84;
  return first >= 65 && first <= 90 && text.charCodeAt(3) === 32;
}

/** @param pieces of a text, in order @param file name of the file, used in messages */
function* linesOfPieces(pieces: Iterable<string>, file: string): Generator<string> {
  let rest: string[] = [];
  let restChars = 0;
  let number = 1;
  const checked = (line: string): string => {
    refuseLong(line, line.length, file, number);
    if (line.includes('\u0000')) throw new UserError('input', `${file}: line ${number} has a zero byte`, NO_TEXT);
    number += 1;
    return cleaned(line);
  };
  for (const piece of pieces) {
    const lines = piece.split('\n');
    const last = lines.pop()!;
    if (lines.length > 0) {
      rest.push(lines[0]!);
      yield checked(rest.join(''));
      for (let i = 1; i < lines.length; i++) yield checked(lines[i]!);
      rest = [];
      restChars = 0;
    }
    rest.push(last);
    restChars += last.length;
    refuseLong(rest[0]!, restChars, file, number);
  }
  yield checked(rest.join(''));
}

function refuseLong(begin: string, chars: number, file: string, number: number): void {
  if (chars <= LINE_MAX) return;
  const max = /^\s*[[{]/.test(begin.slice(0, 100)) ? JSON_LINE_MAX : LINE_MAX;
  if (chars > max) throw new UserError('input', `${file}: line ${number} has more than ${max} characters`, NO_TEXT);
}

const NO_TEXT = 'It is no text: give the output of the command as it was printed.';

/** The cleaned lines of a text. */
export function linesOfText(text: string, file: string): Iterable<string> {
  return linesOfPieces([text], file);
}

/** A text as a source. @param file name of it, used in messages */
export function sourceOfText(text: string, file: string): TextSource {
  return { file, head: headOfText(text), lines: () => linesOfText(text, file) };
}

/**
 * A file as a source: UTF-8, or UTF-16 with its mark, also compressed by gzip; a pipe too.
 *
 * @throws UserError of kind `input` for a file that cannot be read, is empty, or is no text
 */
export function sourceOfFile(path: string): TextSource {
  const source = isRegularFile(path) ? openSource(path) : sourceOfBytes(readInputBytes(path), path);
  if (source.head.trim() !== '') return source;
  // The head has blanks alone: the text may begin after it.
  for (const line of source.lines()) if (line.trim() !== '') return source;
  throw new UserError('input', `${path}: is empty`, 'Did the command fail? Its errors may say why; some need root.');
}

function openSource(path: string): TextSource {
  const [first = Buffer.alloc(0)] = [...bytesOf(path, MARK_BYTES)];
  const encoding = encodingOf(first, path);
  if (encoding === 'gzip') return sourceOfBytes(readInputBytes(path), path);
  const head = decoded(bytesOf(path, HEAD_BYTES), encoding);
  return {
    file: path,
    head: headOfText([...head].join('')),
    lines: () => linesOfPieces(decoded(bytesOf(path, Infinity), encoding), path),
  };
}

function sourceOfBytes(given: Buffer, file: string): TextSource {
  const isPacked = encodingOf(given.subarray(0, MARK_BYTES), file) === 'gzip';
  const bytes = isPacked ? unpacked(given, file) : given;
  const encoding = encodingOf(bytes.subarray(0, MARK_BYTES), file);
  if (encoding === 'gzip')
    throw new UserError('input', `${file}: is compressed twice`, 'Unpack it first: gzip -dk FILE.');
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  };
  return {
    file,
    head: headOfText([...decoded([bytes.subarray(0, HEAD_BYTES)], encoding)].join('')),
    lines: () => linesOfPieces(decoded(pieces(), encoding), file),
  };
}

function* decoded(pieces: Iterable<Buffer>, encoding: Exclude<Encoding, 'gzip'>): Generator<string> {
  const decoder = pieceDecoder(encoding);
  for (const piece of pieces) yield decoder.write(piece);
  yield decoder.end();
}

/** Whether a file can be read twice. */
export function isRegularFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The cleaned beginning of a text. Zero bytes, which the lines are refused for, do not hide what it is. */
export function headOfText(text: string): string {
  return text.slice(0, HEAD_BYTES).replaceAll('\u0000', '').split('\n').map(cleaned).join('\n');
}

function* bytesOf(path: string, bytesMax: number): Generator<Buffer> {
  const piece = Buffer.alloc(Math.min(PIECE_BYTES, bytesMax));
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    noteRead(fstatSync(file));
    for (let left = bytesMax; left > 0;) {
      const bytes = readSync(file, piece, 0, Math.min(piece.length, left), null);
      if (bytes === 0) break;
      left -= bytes;
      yield piece.subarray(0, bytes);
    }
  } catch (error) {
    throw error instanceof UserError ? error : inputUnreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
