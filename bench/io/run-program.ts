/**
 * Other programs: run to their end, and what git says in a word.
 */
import { spawn } from 'node:child_process';

/** Far above what any stage of a comparison takes on a slow machine. */
const PROCESS_LIMIT_MS = 300_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a signal ends it early and rejects. */
export function runProgram(
  program: string,
  words: readonly string[],
  options: { readonly cwd: string; readonly signal: AbortSignal; readonly limitMs?: number },
): Promise<Finished> {
  const { cwd, signal, limitMs = PROCESS_LIMIT_MS } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // What the user set for his own Node must not change what is measured.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(program, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    const parts: { stdout: string; stderr: string } = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (parts[stream] += text));
    }
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ code, ...parts });
    });
  });
}

/** The commit that a word of the user's means to git, or null when it means none. */
export async function commitOf(word: string, cwd: string, signal: AbortSignal): Promise<string | null> {
  // A word that begins with a dash would be an option of git.
  if (word.startsWith('-')) return null;
  return gitWord(['rev-parse', '--verify', '--quiet', `${word}^{commit}`], cwd, signal);
}

/** One line that git says, or null when it does not. */
export async function gitWord(words: readonly string[], cwd: string, signal: AbortSignal): Promise<string | null> {
  try {
    const { code, stdout } = await runProgram('git', words, { cwd, signal });
    return code === 0 ? stdout.trim() : null;
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
