/**
 * How a command may end: names, and the numbers and meanings that scripts and `stopcopy --help` see.
 */
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

/** An error, ready to be printed: as sentences, and as JSON for a script. */
export interface ErrorReport {
  readonly exit: ExitName;
  readonly exitCode: ExitCode;
  /** One sentence: what and where. */
  readonly message: string;
  /** What is allowed, or what to try. */
  readonly hint: string | undefined;
}
