/**
 * A VF that could migrate and is not allowed to: where it sits, a party with no right to its image could
 * reach the registers that a migration works with. docs/isolation-report.md 1.
 *
 * Plain data, so that it can be handed to threads.
 */
export interface MigrationRefusal {
  /** What refuses and why: a sentence without its full stop. */
  readonly why: string;
  /** The hops of the request that gets there, first to last; empty when the refusal needs none. */
  readonly path: readonly string[];
}

/** A refusal as one line for logs and errors. */
export function refusalSentence({ why, path }: MigrationRefusal): string {
  return path.length === 0 ? why : `${why}; the way there: ${path.join(' -> ')}`;
}
