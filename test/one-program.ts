/**
 * Many command lines in one process that is not that of the test: of another build, or with a stdout of its own. Starting a
 * process for each takes most of the time of such a test; what is said of a process, such as its exit, has to have one
 * (test/program.ts).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { packageRoot } from '../bench/io/package-root.ts';
import type { Ended } from './bench/command.ts';

const CHILD = fileURLToPath(new URL('./one-program.mjs', import.meta.url));

export interface OneProgramOptions {
  /** In which it runs. */
  readonly cwd: string;
  /** In which `dist` is. Default: that of the package. */
  readonly build?: string;
  /** File that takes what commands print; then {@link OneProgram.run} has none of it. */
  readonly stdout?: string;
}

export class OneProgram {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start({ cwd, build = packageRoot(), stdout }: OneProgramOptions): Promise<OneProgram> {
    const modules = ['bench/io/output.js', 'bench/cli/program.js'].map(
      (file) => pathToFileURL(join(build, 'dist', file)).href,
    );
    const own = stdout === undefined ? 'ignore' : openSync(stdout, 'w');
    const child = fork(CHILD, [...modules, ...(own === 'ignore' ? [] : ['own'])], {
      cwd,
      stdio: ['ignore', own, 'inherit', 'ipc'],
    });
    if (own !== 'ignore') closeSync(own);
    await answerOf(child);
    return new OneProgram(child);
  }

  /** Runs a command line to its end, after those that were asked for before it. */
  async run(...words: readonly string[]): Promise<Ended> {
    this.child.send(words);
    return (await answerOf(this.child)) as Ended;
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** @throws Error when the process ends without one */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([status, signal]) => {
    throw new Error(`the program ended with ${status ?? signal} before it answered`);
  });
  const [answer] = await Promise.race([once(child, 'message'), ended]);
  return answer;
}
