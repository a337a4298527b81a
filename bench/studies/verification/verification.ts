/**
 * Many traces: finds them and replays each. A file that cannot be read or is no trace is an error of its own and does not
 * stop the others.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { alignCapture } from '../../../sim/trace/align.ts';
import type { VerifyResult } from '../../../sim/trace/verify.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { FileOutcome, Verification } from '../../documents/verification/document.ts';
import type { ExitName } from '../../io/exit-status.ts';
import type { FileCapture } from '../driver/read-driver.ts';
import { stopsItself } from '../../io/stop-words.ts';
import { readInputText } from '../../io/input-file.ts';
import { packageRoot } from '../../io/package-root.ts';

/** How one trace is verified. */
export interface Verifier {
  readonly verifyTrace: (text: string, fileName: string) => VerifyResult;
  /** The generations with which a trace passes, whatever driver it names. */
  readonly generationsThatPass: (text: string, fileName: string) => readonly string[];
}

/** Traces of hardware, each held against all generations. */
export function alignCaptures(captures: readonly FileCapture[]): readonly FileOutcome[] {
  return captures.map(({ file, capture }): FileOutcome => {
    const alignment = alignCapture(capture);
    return { kind: 'aligned', file, passed: alignment.differences.length === 0, ...alignment };
  });
}

export function defaultTracePath(): string {
  return join(packageRoot(), 'traces');
}

export async function verifyPaths(
  paths: readonly string[],
  verifier: Verifier,
  signal: AbortSignal,
  before: readonly FileOutcome[] = [],
): Promise<Verification> {
  const outcomes: FileOutcome[] = [...before];
  const files = new Set<string>();
  for (const path of paths) {
    const found = attempt(path, () => traceFiles(path));
    if ('kind' in found) outcomes.push(found);
    else for (const file of found) files.add(file);
  }
  stopsItself();
  for (const file of files) {
    if (signal.aborted) break;
    outcomes.push(attempt(file, () => verifyFile(file, verifier)));
    // A signal is heard only when the event loop runs.
    await nextTurn();
  }
  outcomes.sort((a, b) => (a.file < b.file ? -1 : 1));
  const errors = outcomes.filter((outcome) => outcome.kind === 'error').length;
  const passed = outcomes.filter((outcome) => outcome.kind !== 'error' && outcome.passed).length;
  return { outcomes, passed, failed: outcomes.length - errors - passed, errors, interrupted: signal.aborted };
}

function verifyFile(file: string, { verifyTrace, generationsThatPass }: Verifier): FileOutcome {
  const text = readInputText(file);
  const result = verifyTrace(text, file);
  const passesIn = result.passed ? {} : { passesIn: generationsThatPass(text, file) };
  return { kind: 'verified', file, ...result, ...passesIn };
}

/** How a command ends that verified these traces. */
export function exitOf({ interrupted, failed, errors }: Verification): ExitName {
  if (interrupted) return 'interrupted';
  if (failed > 0) return 'failed';
  return errors > 0 ? 'badInput' : 'fine';
}

/** Files of a folder that may be traces, or the file itself. */
export function traceFiles(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw new UserError('input', 'the folder holds no traces', 'Traces are .json files.');
  return names.toSorted().map((name) => join(path, name));
}

type ErrorOutcome = Extract<FileOutcome, { kind: 'error' }>;

function attempt<T>(file: string, work: () => T): T | ErrorOutcome {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) return { kind: 'error', file, message: error.message, hint: error.hint };
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    const message = code === 'ENOENT' ? 'there is no such file or folder' : `cannot be read (${code})`;
    return { kind: 'error', file, message, hint: 'Check the path.' };
  }
}
