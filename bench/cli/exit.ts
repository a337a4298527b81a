/**
 * Exit codes, and how each kind of error becomes one: a sentence for a person, and a code for a script.
 */
import { Bug } from '../../sim/base/bug.ts';
import { UserError, type UserErrorKind } from '../../sim/base/user-error.ts';
import { WorkerLost } from '../../workers/pools/worker-lost.ts';
import { MigrationRefused } from '../studies/isolation/migration-refused.ts';
import { TasksLost } from '../measure/suites/tasks-lost.ts';

export const EXIT = {
  fine: 0,
  failed: 1,
  usage: 2,
  badInput: 3,
  infeasible: 4,
  regression: 5,
  bug: 70,
  workerLost: 71,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT;
export type ExitCode = (typeof EXIT)[ExitName];

/** What `stopcopy --help` says about each code. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  fine: 'fine',
  failed: 'a check or verification failed, or a policy refused the migration driver',
  usage: 'the command line was wrong',
  badInput: 'an input file was missing, foreign or damaged',
  infeasible: 'no feasible plan, or the VM will not move as asked',
  regression: 'a regression was found',
  bug: 'a bug of stopcopy itself',
  workerLost: 'a worker was lost',
  interrupted: 'interrupted; results so far are kept',
};

const EXIT_OF_USER_ERROR: Readonly<Record<UserErrorKind, ExitName>> = {
  usage: 'usage',
  input: 'badInput',
  infeasible: 'infeasible',
};

/** An error, ready to be said: to a person as sentences, to a script as JSON. */
export interface ErrorReport {
  readonly exit: ExitName;
  readonly exitCode: ExitCode;
  /** One sentence: what and where. */
  readonly message: string;
  /** What is allowed, or what to try. */
  readonly hint: string | undefined;
}

/** Thrown or used as an abort reason when the user asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

const REPORT_REQUEST = 'Please report it with the command line, the seed and the lines above.';

export function reportError(error: unknown): ErrorReport {
  if (error instanceof UserError) return report(EXIT_OF_USER_ERROR[error.kind], error.message, error.hint);
  if (error instanceof Interrupted) return report('interrupted', 'interrupted', undefined);
  if (error instanceof TasksLost) return report('failed', error.message, 'Run the cell alone with the same --seed.');
  if (error instanceof MigrationRefused) return report('failed', error.message, error.hint);
  if (error instanceof WorkerLost) {
    return report('workerLost', error.message, 'Run the command again; if it happens twice, report it with the seed.');
  }
  const code = error instanceof Bug ? error.code : 'UNEXPECTED';
  const seen = error instanceof Bug ? error.seen.map(String).join(', ') : describe(error);
  const values = seen === '' ? '' : ` (${seen})`;
  return report('bug', `this is a bug of stopcopy: ${code}${values}`, REPORT_REQUEST);
}

function report(exit: ExitName, message: string, hint: string | undefined): ErrorReport {
  return { exit, exitCode: EXIT[exit], message, hint };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split('\n', 1)[0] ?? ''}` : String(error);
}
