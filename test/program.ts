/**
 * `stopcopy` as a program of its own, from the build that test/build.ts makes. Whatever does not need a process of its own is
 * quicker in this one: test/bench/command.ts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { packageRoot } from '../bench/io/package-root.ts';
import type { Ended } from './bench/command.ts';

const ROOT = packageRoot();

/** Words for Node that make it the program, before those of a command line. */
export const STOPCOPY: readonly string[] = [join(ROOT, 'dist', 'bench', 'main.js')];

export interface RunOptions {
  /** In which it runs. Default: that of the package. */
  readonly cwd?: string;
  /** In addition to the variables of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command line to its end, in a process of its own. */
export function runStopcopy(words: readonly string[], options: RunOptions = {}): Ended {
  const { cwd = ROOT, env = {} } = options;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...STOPCOPY, ...words], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}
