/**
 * Cells run on the threads of a Piscina pool. Each thread has one batch at a time: as many cells as take some 100 ms
 * together, so that messages cost little in comparison, and fewer towards the end, so that no thread waits for another.
 */
import { Piscina } from 'piscina';

import type { JobSet } from './job.ts';
import { JobRun, type JobRunner, type RunOptions } from './job-runner.ts';
import type { CellResult } from './job-results.ts';
import type { Batch, BatchOutcome, CellOutcome } from './run-cells.ts';
import { WorkerLost } from './worker-lost.ts';
import { type PoolModule, poolModule } from './worker-url.ts';

/** What a batch should take. */
const BATCH_MS = 100;
/** Cells of one batch at most. */
const BATCH_MAX = 1000;
/** The last cells are divided into so many batches for each thread. */
const LAST_BATCHES = 2;

export interface PoolOptions {
  /** Cells that are run at once. */
  readonly threads: number;
  /** Module with the function `runBatch`; default: that of the kinds that come with stopcopy. */
  readonly tasks?: PoolModule;
}

/**
 * How many cells the next batch has. What is measured decides about batches only, never about results.
 *
 * @param open cells that nobody has taken yet
 * @param cellMs what a cell took up to now, in ms; undefined: none was finished yet
 */
export function batchSize(open: number, threads: number, cellMs: number | undefined): number {
  if (cellMs === undefined) return 1;
  const share = Math.ceil(open / (LAST_BATCHES * threads));
  return Math.max(1, Math.min(BATCH_MAX, share, Math.floor(BATCH_MS / cellMs)));
}

interface OpenPool {
  readonly pool: Piscina;
  /** Rejects when its threads cannot even start. */
  readonly broken: Promise<never>;
}

/** Runs one set at a time. */
export class PoolRunner implements JobRunner {
  private readonly threads: number;
  private readonly tasks: PoolModule;
  private pool: OpenPool | undefined;

  constructor({ threads, tasks = poolModule(import.meta.url, 'job-tasks') }: PoolOptions) {
    this.threads = threads;
    this.tasks = tasks;
  }

  async run<Question, Cell, Value>(
    set: JobSet<Question, Cell, Value>,
    options: RunOptions<Value> = {},
  ): Promise<readonly CellResult<Value>[]> {
    const run = new JobRun(set, options);
    const { signal } = options;
    signal?.throwIfAborted();
    const threads = Math.min(this.threads, run.openCells);
    if (threads === 0) return run.ended();
    const { pool, broken } = (this.pool ??= this.opened(threads));
    const batches = new Batches(pool, threads, set, run);
    const abandon = (): void => void this.close();
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      await Promise.race([broken, Promise.all(Array.from({ length: threads }, () => batches.serve()))]);
    } catch (error) {
      batches.stop();
      await this.close();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
    return run.ended();
  }

  async close(): Promise<void> {
    const open = this.pool;
    this.pool = undefined;
    await open?.pool.destroy();
  }

  /** @param threads that are started at once; more are when a later run has more cells */
  private opened(threads: number): OpenPool {
    const pool = new Piscina({
      ...this.tasks,
      name: 'runBatch',
      minThreads: threads,
      maxThreads: this.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      concurrentTasksPerWorker: 1,
    });
    const broken = new Promise<never>((_, reject) => {
      // Each thread of it may report one; the first counts.
      pool.on('error', (cause: Error) => reject(new WorkerLost('job', null, { cause })));
    });
    // Heard by the caller that runs cells then.
    broken.catch(() => undefined);
    return { pool, broken };
  }
}

/** The batches of one run. */
class Batches<Question, Cell, Value> {
  private readonly pool: Piscina;
  private readonly threads: number;
  private readonly set: JobSet<Question, Cell, Value>;
  private readonly run: JobRun<Question, Cell, Value>;
  /** Places of cells whose thread was lost once. */
  private readonly again = new Set<number>();
  private stopped = false;
  private finished = 0;
  private elapsedMs = 0;

  constructor(pool: Piscina, threads: number, set: JobSet<Question, Cell, Value>, run: JobRun<Question, Cell, Value>) {
    this.pool = pool;
    this.threads = threads;
    this.set = set;
    this.run = run;
  }

  /** Keeps one thread busy until nothing is open. */
  async serve(): Promise<void> {
    while (!this.stopped) {
      const places = this.run.take(this.size());
      if (places.length === 0) return;
      await this.batch(places);
    }
  }

  /** No further batch is begun. */
  stop(): void {
    this.stopped = true;
  }

  private size(): number {
    // Cells that have lost a thread may lose another: alone, so that no other cell is in doubt with them.
    if (this.again.size > 0) return 1;
    const cellMs = this.finished === 0 ? undefined : this.elapsedMs / this.finished;
    return batchSize(this.run.openCells, this.threads, cellMs);
  }

  private async batch(places: readonly number[]): Promise<void> {
    const { kind, question } = this.set;
    const cells = places.map((place) => this.run.cellAt(place).cell);
    const again = places.some((place) => this.again.has(place));
    const batch: Batch = { name: kind.name, version: kind.version, question, cells, again };
    let outcome: BatchOutcome;
    try {
      outcome = (await this.pool.run(batch)) as BatchOutcome;
    } catch (error) {
      for (const place of places) this.lost(place, error);
      return;
    }
    this.finished += places.length;
    this.elapsedMs += outcome.elapsedMs;
    for (const [index, place] of places.entries()) {
      this.again.delete(place);
      this.run.finish(place, outcome.outcomes[index] as CellOutcome<Value>);
    }
  }

  /** Once may have been bad luck, or another cell of the batch. */
  private lost(place: number, error: unknown): void {
    if (this.again.has(place)) {
      this.again.delete(place);
      this.run.fail(place, new WorkerLost('job', null, { cause: error }));
    } else {
      this.again.add(place);
      this.run.putBack(place);
    }
  }
}
