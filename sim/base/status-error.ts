/**
 * An error that carries the exit status of the command that it ends, and is no mistake of the user's. Its thrower knows no
 * command line, and the command line knows none of its kinds.
 */
type ErrorStatus = 'failed' | 'workerLost' | 'bug' | 'outputFailed';

export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  /** Name of the exit status; `bench/io/exit-status.ts` has its number. */
  readonly status: ErrorStatus;
  /** What is allowed, or what to try. */
  readonly hint: string;

  /** @param message one sentence: what and where */
  constructor(status: ErrorStatus, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.hint = hint;
  }
}
