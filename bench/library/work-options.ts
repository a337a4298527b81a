/**
 * What every function of the library that takes a while takes in addition.
 */

/** Options of every function that takes a while. */
export interface WorkOptions {
  /** Ends the work when it fires; the promise is then rejected with its reason. */
  readonly signal?: AbortSignal;
  /** Called with each sentence that the command prints on stderr: remarks and progress. Default: they are dropped. */
  readonly onNote?: (sentence: string) => void;
}
