/**
 * Running the cells of a set: the interface that every place to run them has, what all of them do alike, and the runner on
 * the asking thread.
 */
import { StatusError } from '../../sim/base/status-error.ts';
import { WorkerLost } from './worker-lost.ts';
import { type CellOutcome, errorOf, runCell } from './run-cells.ts';
import type { JobSet, KeyedCell } from './job.ts';
import { type CellResult, JobResults } from './job-results.ts';

/** A cell that has come to its result. */
export interface CellProgress<Value> {
  readonly key: string;
  readonly result: CellResult<Value>;
  /** Place in the set; of a cell that is there twice, the first. */
  readonly index: number;
  /** Cells of this run that have a result, and how many it has. Those that had one before the run do not count. */
  readonly done: number;
  readonly total: number;
}

export interface RunOptions<Value> {
  /** What is there already is not run again. Each new result is added; they stay when the run is aborted, or fails. */
  readonly results?: JobResults<Value>;
  /** Ends the run; cells that were being worked on then are lost. */
  readonly signal?: AbortSignal;
  /** Called after each cell, in the order in which they are finished. */
  readonly onCell?: (progress: CellProgress<Value>) => void;
}

export interface JobRunner {
  /**
   * Runs the cells of a set.
   *
   * @returns the results in the order of the set, whatever the order in which they were finished
   * @throws CellsFailed when cells failed; the others were finished before
   * @throws the reason of the signal
   */
  run<Question, Cell, Value>(
    set: JobSet<Question, Cell, Value>,
    options?: RunOptions<Value>,
  ): Promise<readonly CellResult<Value>[]>;
  /** Ends its threads, also within a cell. */
  close(): Promise<void>;
}

/** A cell that failed, with all that is needed to run it alone. */
export interface FailedCell {
  readonly name: string;
  readonly version: number;
  readonly question: unknown;
  readonly cell: unknown;
  readonly key: string;
  /** Place in the set. */
  readonly index: number;
  /** A bug, or the loss of the thread: twice, of two threads. */
  readonly cause: Error;
}

/** Cells failed by no fault of the user's. */
export class CellsFailed extends StatusError {
  override readonly name = 'CellsFailed';
  /** In the order of the set. */
  readonly cells: readonly [FailedCell, ...FailedCell[]];

  constructor(cells: readonly [FailedCell, ...FailedCell[]]) {
    const [{ name, key, cause }] = cells;
    const lost = cause instanceof WorkerLost;
    const others = cells.length === 1 ? '' : `; ${cells.length - 1} more failed`;
    super(
      lost ? 'workerLost' : 'bug',
      `${lost ? '' : 'this is a bug of stopcopy: '}cell ${key} of ${name}: ${cause.message}${others}`,
      lost ? cause.hint : 'Please report it with the command line, the seed and the lines above.',
      { cause },
    );
    this.cells = cells;
  }
}

/** With so many failed cells nothing further is begun. */
export const FAILED_MAX = 10;

/** One run of a set: which cells are open, and what became of the others. */
export class JobRun<Question, Cell, Value> {
  private readonly set: JobSet<Question, Cell, Value>;
  private readonly options: RunOptions<Value>;
  private readonly results: JobResults<Value>;
  /** Places of open cells, the first at the end. */
  private readonly open: number[];
  private readonly failed: FailedCell[] = [];
  private readonly total: number;
  private done = 0;

  constructor(set: JobSet<Question, Cell, Value>, options: RunOptions<Value>) {
    this.set = set;
    this.options = options;
    this.results = options.results ?? new JobResults();
    const places = new Map<string, number>();
    for (const [index, { key }] of set.cells.entries()) {
      if (!this.results.has(key) && !places.has(key)) places.set(key, index);
    }
    this.open = [...places.values()].toReversed();
    this.total = this.open.length;
  }

  /** How many cells nobody has taken yet. */
  get openCells(): number {
    return this.open.length;
  }

  cellAt(index: number): KeyedCell<Cell> {
    return this.set.cells[index]!;
  }

  /**
   * Takes up to `most` open cells, by their places in the set; none: all are taken, or too many failed.
   *
   * @throws the reason of the signal
   */
  take(most: number): readonly number[] {
    this.options.signal?.throwIfAborted();
    if (this.failed.length >= FAILED_MAX) return [];
    return this.open.splice(-most).toReversed();
  }

  /** Opens a cell again that was taken. */
  putBack(index: number): void {
    this.open.push(index);
  }

  finish(index: number, outcome: CellOutcome<Value>): void {
    if (outcome.kind === 'bug') return this.fail(index, errorOf(outcome));
    const { key } = this.cellAt(index);
    this.results.add(key, outcome);
    this.done += 1;
    this.options.onCell?.({ key, result: outcome, index, done: this.done, total: this.total });
    return undefined;
  }

  fail(index: number, cause: Error): void {
    const { kind, question } = this.set;
    const { key, cell } = this.cellAt(index);
    this.failed.push({ name: kind.name, version: kind.version, question, cell, key, index, cause });
  }

  /** The results in the order of the set, when nothing is open any more. */
  ended(): readonly CellResult<Value>[] {
    const [first, ...others] = this.failed.toSorted((a, b) => a.index - b.index);
    if (first !== undefined) throw new CellsFailed([first, ...others]);
    return this.set.cells.map(({ key }) => this.results.get(key)!);
  }
}

/** Cells are run for so long before others, such as signals, have their turn. */
const TURN_MS = 50;

/** Runs cells where it is asked: for few or small cells, and where there are no threads. */
export class InThreadRunner implements JobRunner {
  async run<Question, Cell, Value>(
    set: JobSet<Question, Cell, Value>,
    options: RunOptions<Value> = {},
  ): Promise<readonly CellResult<Value>[]> {
    const run = new JobRun(set, options);
    let turnEndsMs = performance.now() + TURN_MS;
    for (;;) {
      const [index] = run.take(1);
      if (index === undefined) return run.ended();
      run.finish(index, runCell(set.kind, set.question, run.cellAt(index).cell));
      if (performance.now() < turnEndsMs) continue;
      await new Promise((resolve) => setTimeout(resolve));
      turnEndsMs = performance.now() + TURN_MS;
    }
  }

  async close(): Promise<void> {}
}
