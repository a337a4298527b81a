/**
 * How the bytes of a file are text, or what they are in its place.
 */
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { UserError } from '../../sim/base/user-error.ts';
import { MIB } from '../../sim/base/units.ts';

/** So many of its bytes say what a file is. */
export const MARK_BYTES = 512;
/** Text that one compressed file may have. */
const UNPACKED_BYTES_MAX = 256 * MIB;

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gzip';

/** What begins with these bytes, and what to give instead. */
const OTHERS: readonly (readonly [bytes: string, what: string, hint: string])[] = [
  ['BZh', 'compressed by bzip2', 'Unpack it first: bzip2 -dk FILE.'],
  ['\u00FD7zXZ\0', 'compressed by xz', 'Unpack it first: xz -dk FILE.'],
  ['\u0028\u00B5\u002F\u00FD', 'compressed by zstd', 'Unpack it first: zstd -d FILE.'],
  ['PK\u0003\u0004', 'a ZIP archive', 'Unpack it first, and give the file in it.'],
  ['7z\u00BC\u00AF', 'a 7z archive', 'Unpack it first, and give the file in it.'],
  ['\u0017\u0008\u0044tracing', 'a recording of trace-cmd', 'Give what trace-cmd report prints of it.'],
  ['PERFILE2', 'a recording of perf', 'Give what perf script prints of it.'],
  ['%PDF-', 'a PDF document', 'Give the text that the command printed.'],
  ['\u0089PNG', 'a picture', 'Give the text that the command printed.'],
  ['\u00FF\u00D8\u00FF', 'a picture', 'Give the text that the command printed.'],
  ['\u007FELF', 'a program', 'Give the text that it printed.'],
];

/** A tar archive has its mark here. */
const TAR_AT = 257;
const AS_PRINTED = 'Give the output of the command as it was printed.';
const HTML = /^\s*(?:<!doctype html|<html[\s>]|<head[\s>])/i;

/**
 * How a file is encoded, by its first bytes.
 *
 * @throws UserError of kind `input` for what is no text, or a web page
 */
export function encodingOf(first: Buffer, file: string): Encoding {
  if (first.length >= 2 && first[0] === 0x1f && first[1] === 0x8b) return 'gzip';
  if (first.length >= 2 && first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  if (first.length >= 2 && first[0] === 0xfe && first[1] === 0xff) return 'utf-16be';
  refuseOthers(first, file);
  return 'utf-8';
}

function refuseOthers(first: Buffer, file: string): void {
  const text = first.toString('latin1');
  for (const [bytes, what, hint] of OTHERS) {
    if (text.startsWith(bytes)) throw new UserError('input', `${file}: is ${what}, and not text`, hint);
  }
  if (text.startsWith('ustar', TAR_AT)) {
    throw new UserError(
      'input',
      `${file}: is a tar archive`,
      'Unpack it first (tar -xf FILE), and give the file in it.',
    );
  }
  if (HTML.test(text.replace(/^\u00EF\u00BB\u00BF/, ''))) {
    throw new UserError(
      'input',
      `${file}: is a web page (HTML)`,
      'Save the text itself: the page has marks and escapes between.',
    );
  }
  if (!isUtf8(first) && first.filter(isControl).length * 30 > first.length) {
    throw new UserError('input', `${file}: is no text`, AS_PRINTED);
  }
  const zeros = first.subarray(0, MARK_BYTES).filter((byte) => byte === 0);
  if (zeros.length * 4 <= first.length || first.length === 0) return;
  // Latin text in UTF-16 has a zero in every other byte.
  const even = first.filter((byte, at) => byte === 0 && at % 2 === 0).length;
  const isWide = Math.min(even, zeros.length - even) * 20 < zeros.length;
  const name = even * 2 > zeros.length ? 'UTF-16BE' : 'UTF-16LE';
  throw isWide
    ? new UserError(
        'input',
        `${file}: looks like ${name} without a byte order mark`,
        `Save it as UTF-8: iconv -f ${name} -t UTF-8 FILE.`,
      )
    : new UserError(
        'input',
        `${file}: is no text: ${zeros.length} of its first ${first.length} bytes are zero`,
        AS_PRINTED,
      );
}

/** What no terminal prints but as a tab, an end of a line, or the begin of a colour. */
function isControl(byte: number): boolean {
  return byte < 32 && byte !== 0 && !(byte >= 8 && byte <= 13) && byte !== 27;
}

/** The text of bytes, piece by piece. */
export interface PieceDecoder {
  write(bytes: Buffer): string;
  end(): string;
}

export function pieceDecoder(encoding: Exclude<Encoding, 'gzip'>): PieceDecoder {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
}

/** The bytes in a gzip file. @throws UserError of kind `input` where it is damaged, or has too many */
export function unpacked(bytes: Buffer, file: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    const isLong = error instanceof RangeError;
    throw new UserError(
      'input',
      isLong
        ? `${file}: has more than ${UNPACKED_BYTES_MAX} bytes of text, compressed`
        : `${file}: is compressed by gzip, and damaged`,
      isLong
        ? 'Unpack it first (gzip -dk FILE): a text of any size is read line by line.'
        : 'Copy it again, or unpack what is left: gzip -dc FILE > TEXT.',
    );
  }
}
