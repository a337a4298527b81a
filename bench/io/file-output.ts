/**
 * Files that a command writes: whole or not at all, never over what it has read, and a sentence when the place does not take
 * them.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';
import { StatusError } from '../../sim/base/status-error.ts';
import { errorCode, mistakeOf, unwritableReason } from './write-errors.ts';
import { wasRead } from './read-files.ts';
import { withoutStop } from './stop-words.ts';
import { writeAll } from './write-all.ts';

/** Permission bits of a mode: a new file keeps those of the file that it replaces. */
const MODE_BITS = 0o777;

let serial = 0;

/**
 * Makes the folder and tries a file in it, so that a wrong `--out` is known before the measuring and not after it.
 *
 * @throws UserError of kind `usage`, or StatusError `outputFailed`, for a folder that takes no files
 */
export function prepareFolder(folder: string, option: string): void {
  try {
    makeFolder(resolve(folder));
    probe(folder);
  } catch (error) {
    throw unwritable(folder, option, error);
  }
}

/**
 * Makes a folder and those above it, one by one: Node's recursive form never returns where a file system refuses a folder
 * with ENOENT, as /proc does.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process made it meanwhile.
    if (errorCode(error) !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  }
}

function probe(folder: string): void {
  const file = temporaryIn(folder);
  withoutStop(() => {
    closeSync(openSync(file, 'wx'));
    rmSync(file);
  });
}

function temporaryIn(folder: string): string {
  serial += 1;
  return join(folder, `.stopcopy-${process.pid}-${serial}.tmp`);
}

/**
 * Checks before the work that a file can be written after it. Makes nothing.
 *
 * @param option the option that names the file, used in messages
 * @param inputs files that the command reads
 * @throws UserError of kind `usage` for a path that is wrong, or is one of the inputs; StatusError `outputFailed` for a place
 *   that takes no file
 */
export function checkOutputFile(path: string, option: string, inputs: readonly string[]): void {
  try {
    const found = statOf(path);
    if (found?.isDirectory() === true) throw systemError('EISDIR');
    if (found !== undefined && inputs.some((input) => isSame(found, statOf(input)))) throw isInput(path, option);
    if (found !== undefined && !found.isFile()) accessSync(path, constants.W_OK);
    else probe(dirname(targetOf(path)));
  } catch (error) {
    throw unwritable(path, option, error);
  }
}

/**
 * Writes a temporary file in the target's folder and renames it, so that a reader never sees half a file. What is no regular
 * file, such as a pipe or a device, is written to as it is.
 *
 * @param option the option that names the file, used in messages
 * @throws UserError of kind `usage` for a path that is wrong, or that this process has read as an input; StatusError
 *   `outputFailed` when the place does not take the file
 */
export function writeFileAtomically(path: string, text: string, option: string): void {
  if (wasRead(path)) throw isInput(path, option);
  replaceFile(path, text, option);
}

/** The same for a file that is read, changed and written again. */
export function replaceFile(path: string, content: string | Buffer, option: string): void {
  try {
    const found = statOf(path);
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    withoutStop(() => {
      if (found !== undefined && !found.isFile()) writeInPlace(path, bytes);
      else replace(targetOf(path), bytes, found);
    });
  } catch (error) {
    throw unwritable(path, option, error);
  }
}

/**
 * Writes a file that is not there yet, whole or not at all, against other processes that do the same.
 *
 * @returns false where there is a file of that name, which stays as it is
 */
export function writeNewFile(path: string, text: string, option: string): boolean {
  try {
    withoutStop(() => link(path, Buffer.from(text, 'utf8')));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw unwritable(path, option, error);
  }
}

function link(path: string, bytes: Buffer): void {
  const temporary = temporaryIn(dirname(path));
  try {
    fill(temporary, bytes, undefined);
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeInPlace(path: string, bytes: Buffer): void {
  const file = openSync(path, 'w');
  try {
    writeAll(file, bytes);
  } finally {
    closeSync(file);
  }
}

function replace(target: string, bytes: Buffer, before: Stats | undefined): void {
  const temporary = temporaryIn(dirname(target));
  try {
    fill(temporary, bytes, before);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a file; its bytes are on the disk when this returns. */
function fill(path: string, bytes: Buffer, before: Stats | undefined): void {
  const file = openSync(path, 'wx');
  try {
    if (before !== undefined) fchmodSync(file, before.mode & MODE_BITS);
    writeAll(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A link is followed: what it leads to is replaced, and the link stays. */
function targetOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return one.isFile() && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

function isInput(path: string, option: string): UserError {
  return new UserError(
    'usage',
    `${option} is ${path}, which is an input of this command`,
    `Name another file with ${option}: the input would be gone.`,
  );
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** What becomes of an error of the file system; what is a sentence already stays as it is. */
export function unwritable(path: string, option: string, error: unknown): UserError | StatusError {
  if (error instanceof UserError || error instanceof StatusError) return error;
  const message = `cannot write ${path}: ${unwritableReason(error)}`;
  const hint = `Give another place with ${option}.`;
  return mistakeOf(error) === 'path'
    ? new UserError('usage', message, hint)
    : new StatusError('outputFailed', message, hint, { cause: error });
}
