/**
 * Where the two processes of a pair run: on one core, as only one of them works at a time. Two cores of a machine that others
 * use are never alike, and a process that keeps its core has the better caches.
 */
import { readFileSync } from 'node:fs';

import { runProgram } from '../io/run-program.ts';

/** Words of a list such as `0-3,8`. @throws RangeError when it is no such list */
export function coresInList(list: string): readonly number[] {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      const ends = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (ends === null) throw new RangeError(`no list of cores: ${list}`);
      const first = Number(ends[1]);
      return Array.from({ length: Number(ends[2] ?? first) - first + 1 }, (_, i) => first + i);
    });
}

/** Cores to which a process can be held here; none where the system has no `taskset`. */
export async function pinnableCores(signal: AbortSignal): Promise<readonly number[]> {
  try {
    const { code } = await runProgram('taskset', ['--version'], { cwd: process.cwd(), signal });
    if (code !== 0) return [];
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return list === undefined ? [] : coresInList(list);
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
