/**
 * A lock of a file: the process that has it may write the file. A lock that a killed process left there is taken over.
 *
 * Own code, because what it takes is small, and the kept packages for it are older than the Node that this runs on. The lock is a
 * symbolic link whose target names its owner: it is made at once, or not at all, so that nobody reads a lock without its owner,
 * and no other file is needed.
 */
import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { UserError } from '../../sim/base/user-error.ts';
import { MS_PER_S } from '../../sim/base/units.ts';
import { unwritable } from './file-output.ts';
import { withoutStop } from './stop-words.ts';
import { errorCode } from './write-errors.ts';

const WAIT_MS = 20;
/** A lock of another machine, whose processes cannot be asked for, is given up after so long. */
const FOREIGN_MS = 60_000;

/** What the target of a lock is made of. */
const OWNER = /^stopcopy-(\d+)@(.*)$/s;

/**
 * Runs something while it has the lock; a signal does not end it in between.
 *
 * @param option the option that names the file, used in messages
 * @param limitMs how long to wait for another process, in ms
 * @throws StatusError `outputFailed` for a place that takes no files; UserError when another process keeps the lock for longer than that
 */
export async function withLock<T>(path: string, option: string, body: () => T, limitMs = 60_000): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const done = withoutStop(() => {
      if (!taken(path, option)) return null;
      try {
        return { value: body() };
      } finally {
        releaseLock(path);
      }
    });
    if (done !== null) return done.value;
    if (performance.now() > deadline) {
      throw new UserError(
        'usage',
        `${path}: another process has had ${lockOf(path)} for ${limitMs / MS_PER_S} s`,
        'Wait for it, or remove the lock.',
      );
    }
    await new Promise((proceed) => setTimeout(proceed, WAIT_MS));
  }
}

/**
 * Takes the lock for as long as a command works, or does not wait. It is given back with {@link releaseLock}.
 *
 * @param option the option that names the file, used in messages
 * @throws UserError of kind `usage` when another process has it
 */
export function takeLock(path: string, option: string): void {
  // A dead owner is removed by the first try.
  if (taken(path, option) || taken(path, option)) return;
  throw new UserError(
    'usage',
    `another stopcopy is writing ${path} (${ownerOf(lockOf(path)) ?? 'it has just ended'})`,
    `Wait for it, or give another place with ${option}.`,
  );
}

/** Gives a lock back that this process has. */
export function releaseLock(path: string): void {
  rmSync(lockOf(path), { force: true });
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/** @returns whether this process has the lock now */
function taken(path: string, option: string): boolean {
  const lock = lockOf(path);
  try {
    symlinkSync(`stopcopy-${process.pid}@${hostname()}`, lock);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw unwritable(lock, option, error);
    withoutStop(() => removeIfDead(lock, `${lock}.${process.pid}`));
    return false;
  }
}

/** Several may find a dead lock: one moves it away. Should a live one stand there by then, it is put back. */
function removeIfDead(lock: string, aside: string): void {
  try {
    if (!isDead(lock)) return;
    renameSync(lock, aside);
    if (!isDead(aside)) symlinkSync(readlinkSync(aside), lock);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isDead(lock: string): boolean {
  const [, pid, host] = OWNER.exec(ownerOf(lock) ?? '') ?? [];
  if (pid === undefined || host !== hostname()) return Date.now() - lstatSync(lock).mtimeMs > FOREIGN_MS;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

/** Owner of a lock; null: what is there is no lock of this program, or it has gone. */
function ownerOf(lock: string): string | null {
  try {
    return readlinkSync(lock);
  } catch (error) {
    if (errorCode(error) !== 'EINVAL' && errorCode(error) !== 'ENOENT') throw error;
    return null;
  }
}
