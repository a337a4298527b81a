/**
 * The pool that a sweep of a plan runs on.
 */
import { Piscina } from 'piscina';

import { poolModule } from './worker-url.ts';
import type { PoolOutcome, CellTask } from './cell-tasks.ts';

export class CellPool {
  private readonly pool: Piscina;

  /** @param threads so many cells at once */
  constructor(threads: number) {
    this.pool = new Piscina({
      ...poolModule(import.meta.url, 'cell-tasks'),
      minThreads: 0,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
    });
  }

  async cell(task: CellTask): Promise<PoolOutcome> {
    return (await this.pool.run(task, { name: 'planCell' })) as PoolOutcome;
  }

  /** Ends the threads, also in the middle of a cell. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
