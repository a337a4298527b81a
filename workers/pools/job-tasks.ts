/**
 * Task of the threads that run jobs.
 */
import { takeMeasuredCosts } from './measured-costs.ts';
import { JOB_KINDS } from './job-kinds.ts';
import { batchRunner } from './run-cells.ts';

takeMeasuredCosts();

export const runBatch = batchRunner(JOB_KINDS);
