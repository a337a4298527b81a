/**
 * Files as they can be posted: without names, addresses and serial numbers, and read as before.
 */
import { basename, join } from 'node:path';

import { UserError } from '../../../sim/base/user-error.ts';
import { sourceOfFile } from '../../import/lines.ts';
import { maskedTexts } from '../../import/mask/mask.ts';
import { kindOf } from '../../import/readers.ts';
import { prepareFolder, writeFileAtomically } from '../../io/file-output.ts';
import type { Output } from '../../io/output.ts';
import { headed } from '../../io/document-head.ts';

/** Lines that are printed at once. */
const LINES_AT_ONCE = 1000;

/**
 * Prints files masked, or writes them.
 *
 * @param out a file for one, a folder for several; default: one is printed
 * @throws UserError of kind `usage` for several files without a folder
 */
export function writeMasked(paths: readonly string[], out: string | undefined, output: Output): void {
  const names = paths.map((path) => basename(path));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new UserError('usage', `two of the files are called ${twice}`, 'Give files of different names.');
  if (paths.length > 1 && out === undefined) {
    throw new UserError(
      'usage',
      `--mask is given with ${paths.length} files, and no --out`,
      'Give --out FOLDER: each is written there under its name.',
    );
  }
  const sources = paths.map((path) => sourceOfFile(path));
  const texts = maskedTexts(sources.map((source) => ({ source, hasNames: kindOf(source) !== 'results' })));
  if (output.json) {
    output.document(
      headed('stopcopy-masked', { files: texts.map(({ file, lines }) => ({ file, text: [...lines()].join('\n') })) }),
    );
  }
  if (out === undefined) {
    if (!output.json) for (const text of texts) printMasked(text.lines(), output);
    return;
  }
  if (paths.length > 1) prepareFolder(out, '--out');
  for (const [index, { lines }] of texts.entries()) {
    const path = paths.length > 1 ? join(out, names[index]!) : out;
    writeFileAtomically(path, [...lines()].join('\n'), '--out');
    output.path(path);
  }
}

function printMasked(lines: Iterable<string>, output: Output): void {
  let held: string[] = [];
  let isFirst = true;
  const print = (): void => {
    output.piece(`${isFirst ? '' : '\n'}${held.join('\n')}`);
    isFirst = false;
    held = [];
  };
  for (const line of lines) {
    held.push(line);
    if (held.length >= LINES_AT_ONCE) print();
  }
  if (held.length > 0) print();
}
