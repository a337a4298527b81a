/**
 * Task of the threads that run jobs.
 */
import './measured-costs.ts';
import { JOB_KINDS } from './job-kinds.ts';
import { batchRunner } from './run-cells.ts';

export const runBatch = batchRunner(JOB_KINDS);
