/**
 * Files that a command writes: whole or not at all, and a sentence when the place does not take them.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { UserError } from '../../sim/base/user-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no folder can be made there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  EISDIR: 'there is a folder of that name',
};

/** Makes the folder and tries a file in it, so that a wrong `--out` is known before the measuring and not after it. */
export function prepareFolder(folder: string, option: string): void {
  const probe = join(folder, `.stopcopy-${process.pid}.tmp`);
  try {
    makeFolder(resolve(folder));
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
  } catch (error) {
    throw unwritable(folder, option, error);
  }
}

/**
 * Refuses a place that no file can be written to, or that is an input of the same command, before the work and not after it.
 *
 * @param inputs files that the command reads
 * @throws UserError of kind `usage`
 */
export function prepareFile(path: string, option: string, inputs: readonly string[] = []): void {
  if (inputs.some((input) => resolve(input) === resolve(path))) {
    throw new UserError(
      'usage',
      `${option} is ${path}, which this command reads and would overwrite`,
      `Give another place with ${option}.`,
    );
  }
  if (isFolder(path)) {
    throw new UserError('usage', `cannot write ${path}: ${REASONS['EISDIR']}`, `Give another place with ${option}.`);
  }
  prepareFolder(dirname(path), option);
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Whatever is wrong with the path, writing to it will say.
    return false;
  }
}

/**
 * Makes a folder and those above it, one by one: Node's recursive form never returns where a file system refuses a folder
 * with ENOENT, as /proc does.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Writes beside the target and renames, so that a reader never sees half a file. Makes the folder. */
export function writeFileAtomically(path: string, text: string, option: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(resolve(dirname(path)));
    const file = openSync(temporary, 'w');
    try {
      const bytes = Buffer.from(text, 'utf8');
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    throw unwritable(path, option, error);
  }
}

function unwritable(path: string, option: string, error: unknown): UserError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new UserError('usage', `cannot write ${path}: ${reason}`, `Give another place with ${option}.`);
}
