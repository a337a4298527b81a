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
  outputFailed: 74,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** Exit status of a command that a signal stopped. */
export const SIGNAL_EXITS = {
  SIGINT: 'interrupted',
  SIGTERM: 'terminated',
  SIGHUP: 'hungUp',
} as const satisfies Readonly<Record<string, keyof typeof EXIT>>;

export type SignalName = keyof typeof SIGNAL_EXITS;

export type ExitName = keyof typeof EXIT;
export type ExitCode = (typeof EXIT)[ExitName];

/** What `stopcopy --help` says about each code. */
export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  fine: 'fine',
  failed: 'a check, an expectation or an assertion failed, or a policy refused the migration driver',
  usage: 'the command line was wrong',
  badInput: 'an input file was missing, foreign or damaged',
  infeasible: 'no feasible plan, or the VM will not move as asked',
  regression: 'a regression was found',
  bug: 'a bug of stopcopy itself',
  workerLost: 'a worker was lost',
  outputFailed: 'a result could not be written: the disk is full, or the place takes no files',
  hungUp: 'the terminal was closed (SIGHUP); results so far are kept',
  interrupted: 'interrupted (SIGINT); results so far are kept',
  terminated: 'ended by SIGTERM; results so far are kept',
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
