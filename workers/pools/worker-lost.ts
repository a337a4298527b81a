/**
 * A worker thread died, or stopped answering, while the program needed it. Not the user's mistake and not a failed
 * invariant: the command line gives it an exit status of its own (71).
 */
import { StatusError } from '../../sim/base/status-error.ts';

export class WorkerLost extends StatusError {
  override readonly name = 'WorkerLost';
  /** Which worker, in words: `PF`, `VF 3`. */
  readonly worker: string;
  /** The last thing it is known to have done, for instance a register access; undefined when nothing is known. */
  readonly lastAccess: string | undefined;

  /** @param lastAccess null: such a worker makes no accesses */
  constructor(worker: string, lastAccess?: string | null, options?: ErrorOptions) {
    const after = lastAccess === undefined ? ' before its first access' : ` after ${lastAccess}`;
    super(
      'workerLost',
      `the ${worker} worker was lost${lastAccess === null ? '' : after}`,
      'Run the command again; if it happens twice, report it with the seed.',
      options,
    );
    this.worker = worker;
    this.lastAccess = lastAccess ?? undefined;
  }
}
