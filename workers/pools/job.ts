/**
 * A job: a pure function of a question and a cell. Whatever is asked many times with other numbers is one: a cell of a sweep,
 * a draw, a seed, a check. No thread, file or clock here, so that a browser can run jobs as well.
 *
 * Question, cell and value are plain data (sim/base/plain-data.ts): they go between threads and into files.
 */

/** What a cell is computed by. */
export interface JobKind<Question, Cell, Value> {
  /** Part of every key; a thread finds the function by it. */
  readonly name: string;
  /** Part of every key: raise it whenever the same question and cell mean or give something else than before. */
  readonly version: number;
  /**
   * Pure: on any thread and machine the same value.
   *
   * @throws UserError where the cell cannot be asked; any other error is a bug
   */
  run(question: Question, cell: Cell): Value;
}

export type AnyJobKind = JobKind<never, never, unknown>;

export interface KeyedCell<Cell> {
  /** Hash over everything that the value depends on (job-key.ts). */
  readonly key: string;
  readonly cell: Cell;
}

/** Cells that are asked together; all have one question. */
export interface JobSet<Question, Cell, Value> {
  readonly kind: JobKind<Question, Cell, Value>;
  readonly question: Question;
  /** A cell may be there twice; it is run once. */
  readonly cells: readonly KeyedCell<Cell>[];
}
