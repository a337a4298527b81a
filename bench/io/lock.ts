/**
 * A lock file beside the history: who has it may append or rewrite. Left behind by a process that died, it is taken over.
 *
 * Own code, because what it takes is small, and the kept packages for it are older than the Node that this runs on. The lock is made
 * with a link, which either succeeds whole or not at all, so that nobody reads a lock without its owner.
 */
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

import { UserError } from '../../sim/base/user-error.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

const WAIT_MS = 20;
/** A lock of another machine, whose processes cannot be asked for, is given up after so long. */
const FOREIGN_MS = 60_000;

let serial = 0;

/** @throws UserError when another process keeps the lock for longer than `limitMs` */
export async function withLock<T>(path: string, body: () => T, limitMs = 60_000): Promise<T> {
  const lock = `${path}.lock`;
  const own = `${lock}.${process.pid}.${serial++}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    const deadline = performance.now() + limitMs;
    while (!taken(own, lock)) {
      if (performance.now() > deadline) {
        throw new UserError(
          'usage',
          `${path}: another process has had ${lock} for ${limitMs / MS_PER_S} s`,
          'Wait for it, or remove the lock.',
        );
      }
      await new Promise((proceed) => setTimeout(proceed, WAIT_MS));
    }
    try {
      return body();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function taken(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeIfDead(lock, `${own}.dead`);
    return false;
  }
}

/**
 * Of several that find a dead lock one moves it away. Should a live one stand there by then, it is put back: a link never
 * replaces what is there.
 */
function removeIfDead(lock: string, aside: string): void {
  try {
    if (!isDead(lock)) return;
    renameSync(lock, aside);
    if (!isDead(aside)) linkSync(aside, lock);
    rmSync(aside, { force: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

function isDead(lock: string): boolean {
  const owner: unknown = parseOwner(readFileSync(lock, 'utf8'));
  const { pid, host } = (owner ?? {}) as { readonly pid?: unknown; readonly host?: unknown };
  if (host !== hostname() || typeof pid !== 'number') return Date.now() - statSync(lock).mtimeMs > FOREIGN_MS;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function parseOwner(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
