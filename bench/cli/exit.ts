/**
 * How each kind of error becomes an exit status: a sentence for the user, and a code for a script.
 */
import { Bug } from '../../sim/base/bug.ts';
import { StatusError } from '../../sim/base/status-error.ts';
import { UserError, type UserErrorKind } from '../../sim/base/user-error.ts';
import { type ErrorReport, EXIT, type ExitName, SIGNAL_EXITS, type SignalName } from '../io/exit-status.ts';

const EXIT_OF_USER_ERROR: Readonly<Record<UserErrorKind, ExitName>> = {
  usage: 'usage',
  input: 'badInput',
  infeasible: 'infeasible',
};

/** Thrown or used as an abort reason when the user asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  readonly signal: SignalName;

  constructor(signal: SignalName) {
    super('interrupted');
    this.signal = signal;
  }
}

const MORE_MEMORY = 'Ask for less, or give it more: NODE_OPTIONS=--max-old-space-size=8192 (MiB).';
const REPORT_REQUEST = 'Please report it with the command line, the seed and the lines above.';

export function reportError(error: unknown): ErrorReport {
  if (error instanceof UserError) return report(EXIT_OF_USER_ERROR[error.kind], error.message, error.hint);
  if (error instanceof StatusError) return report(error.status, error.message, error.hint);
  if (error instanceof Interrupted) return interruptedReport(error.signal);
  if (isOutOfMemory(error))
    return report('workerLost', 'the command needs more memory than Node gives it', MORE_MEMORY);
  const code = error instanceof Bug ? error.code : 'UNEXPECTED';
  const seen = error instanceof Bug ? error.seen.map(String).join(', ') : describe(error);
  const values = seen === '' ? '' : ` (${seen})`;
  return report('bug', `this is a bug of stopcopy: ${code}${values}`, REPORT_REQUEST);
}

export function interruptedReport(signal: SignalName): ErrorReport {
  return report(SIGNAL_EXITS[signal], 'interrupted', undefined);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function report(exit: ExitName, message: string, hint: string | undefined): ErrorReport {
  return { exit, exitCode: EXIT[exit], message, hint };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n', 1)[0] ?? ''}` : String(error);
}
