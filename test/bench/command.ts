/**
 * Command lines in this process: starting another one for each takes most of the time of such a test.
 */
import { runCommandLine } from '../../bench/cli/program.ts';
import { captured } from './captured.ts';

/** How a command line ended; the status is null when a signal ended its program. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line to its end, as `stopcopy` does with those words. */
export async function stopcopy(...words: readonly string[]): Promise<Ended> {
  return stopcopyAt(process.cwd(), ...words);
}

/** The same with a folder as the current one. */
export async function stopcopyAt(folder: string, ...words: readonly string[]): Promise<Ended> {
  const { output, stdout, stderr } = captured(words.includes('--json'), false, words.includes('--wide'));
  const here = process.cwd();
  process.chdir(folder);
  try {
    const status = await runCommandLine(words, { output });
    return { status, stdout: stdout(), stderr: stderr() };
  } finally {
    process.chdir(here);
  }
}
