/**
 * A VF that could migrate and is not allowed to: where it sits, somebody whom its image is none of the business of could
 * reach the registers that a migration works with. docs/isolation-report.md 1.
 *
 * Plain data, so that it can be handed to threads.
 */
export interface MigrationRefusal {
  /** Who refuses and why: a sentence without its full stop. */
  readonly why: string;
  /** The hops of the request that gets there, first to last; empty when the refusal needs none. */
  readonly path: readonly string[];
}

/** A refusal as one line for logs and errors. */
export function refusalSentence({ why, path }: MigrationRefusal): string {
  return path.length === 0 ? why : `${why}; the way there: ${path.join(' -> ')}`;
}
