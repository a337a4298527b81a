/**
 * What the work of a command sees of the command line: where it prints, and when it has to stop.
 */
import type { Output } from './output.ts';

export interface CommandIo {
  readonly output: Output;
  /** Fires when the user asks to stop; its reason is an `Interrupted`. */
  readonly signal: AbortSignal;
}
