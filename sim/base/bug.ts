/**
 * Our own mistakes. A failed invariant ends the run; nobody catches it on the way, so that the command line can say
 * "this is a bug of stopcopy" (exit status 70) and not blame the input.
 */
export class Bug extends Error {
  override readonly name = 'Bug';
  readonly code: string;
  readonly seen: readonly unknown[];

  constructor(code: string, seen: readonly unknown[]) {
    super(`${code}${seen.length === 0 ? '' : `: ${seen.map(String).join(', ')}`}`);
    this.code = code;
    this.seen = seen;
  }
}

/** Ends the run: an invariant named `code` does not hold, with the values seen. */
export function bug(code: string, ...seen: readonly unknown[]): never {
  throw new Bug(code, seen);
}
