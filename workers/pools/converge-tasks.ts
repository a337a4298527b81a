/**
 * Task of the threads that play policies: modules of users are loaded before the first batch.
 */
import { takeMeasuredCosts } from './measured-costs.ts';
import type { ConvergeAsked } from './converge-cell.ts';
import { CONVERGE_CELL } from './converge-cell.ts';
import { loadOwnPolicy } from './own-modules.ts';
import { type Batch, type BatchOutcome, batchRunner } from './run-cells.ts';

takeMeasuredCosts();

const run = batchRunner([CONVERGE_CELL]);

export async function runBatch(batch: Batch): Promise<BatchOutcome> {
  for (const { module } of (batch.question as ConvergeAsked).policies) {
    if (module !== undefined) await loadOwnPolicy(module);
  }
  return run(batch);
}
