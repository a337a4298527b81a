/**
 * Many traces: finding them, replaying each, telling the outcome. A file that cannot be read or is no trace is an error
 * of its own and does not stop the others.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { VerifyResult } from '../../../sim/trace/verify.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { EXIT, type ExitCode } from '../../cli/exit.ts';
import type { Output } from '../../io/output.ts';
import { packageRoot } from '../../io/package-root.ts';

/** How one trace is verified. */
export interface Verifier {
  readonly verifyTrace: (text: string, fileName: string) => VerifyResult;
  /** The generations with which a trace passes, whatever driver it names. */
  readonly generationsThatPass: (text: string, fileName: string) => readonly string[];
}

export type FileOutcome =
  | ({
      readonly kind: 'verified';
      readonly file: string;
      /** Of a trace that failed: the other generations with which it passes. */
      readonly passesIn?: readonly string[];
    } & VerifyResult)
  | { readonly kind: 'error'; readonly file: string; readonly message: string; readonly hint: string | undefined };

export interface Verification {
  readonly outcomes: readonly FileOutcome[];
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
  readonly interrupted: boolean;
}

export function defaultTracePath(): string {
  return join(packageRoot(), 'traces');
}

export async function verifyPaths(
  paths: readonly string[],
  verifier: Verifier,
  signal: AbortSignal,
): Promise<Verification> {
  const outcomes: FileOutcome[] = [];
  const files = new Set<string>();
  for (const path of paths) {
    const found = attempt(path, () => traceFiles(path));
    if ('kind' in found) outcomes.push(found);
    else for (const file of found) files.add(file);
  }
  for (const file of files) {
    if (signal.aborted) break;
    outcomes.push(attempt(file, () => verifyFile(file, verifier)));
    // A signal is heard only when the event loop runs.
    await nextTurn();
  }
  outcomes.sort((a, b) => (a.file < b.file ? -1 : 1));
  const errors = outcomes.filter((outcome) => outcome.kind === 'error').length;
  const passed = outcomes.filter((outcome) => outcome.kind === 'verified' && outcome.passed).length;
  return { outcomes, passed, failed: outcomes.length - errors - passed, errors, interrupted: signal.aborted };
}

function verifyFile(file: string, { verifyTrace, generationsThatPass }: Verifier): FileOutcome {
  const text = readFileSync(file, 'utf8');
  const result = verifyTrace(text, file);
  const passesIn = result.passed ? {} : { passesIn: generationsThatPass(text, file) };
  return { kind: 'verified', file, ...result, ...passesIn };
}

export function exitOf(verification: Verification): ExitCode {
  if (verification.interrupted) return EXIT.interrupted;
  if (verification.failed > 0) return EXIT.failed;
  return verification.errors > 0 ? EXIT.badInput : EXIT.fine;
}

export function printVerification(verification: Verification, output: Output, quiet: boolean): void {
  output.document({ format: 'stopcopy-verification', version: 1, ...verification });
  for (const outcome of verification.outcomes) {
    if (outcome.kind === 'error') {
      output.note(`error ${sentenceOf(outcome)}`);
      if (outcome.hint !== undefined) output.note(`  ${outcome.hint}`);
    } else if (!outcome.passed) {
      output.text(`${output.style('red', 'FAIL')} ${outcome.name} ${outcome.driver} ${outcome.accessCount}`);
      if (outcome.difference !== undefined) output.text(outcome.difference.trimEnd().replace(/^/gm, '  '));
      const others = outcome.passesIn ?? [];
      output.text(`  passes in ${others.length === 0 ? 'no other generation' : others.join(', ')}`);
    } else if (!quiet) {
      output.text(`${output.style('green', 'pass')} ${outcome.name} ${outcome.driver} ${outcome.accessCount}`);
    }
  }
  const { passed, failed, errors, interrupted } = verification;
  const tail = errors === 0 ? '' : `, ${errors} ${errors === 1 ? 'error' : 'errors'}`;
  output.text(`${passed} passed, ${failed} failed${tail}${interrupted ? ' (interrupted)' : ''}`);
}

/** Messages of readers name the file themselves; others get it in front. */
function sentenceOf({ file, message }: { readonly file: string; readonly message: string }): string {
  return message.startsWith(`${file}: `) ? message : `${file}: ${message}`;
}

function traceFiles(path: string): readonly string[] {
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
