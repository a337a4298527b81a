/**
 * A user's own cost table, in place of the shipped rows: in this thread, and in every one that it starts.
 */
import { setEnvironmentData } from 'node:worker_threads';

import { costFileSchema, measuredTableOf } from '../../sim/device/cost-file.ts';
import { useMeasuredCosts } from '../../sim/device/costs.ts';
import { MEASURED_COSTS } from '../../workers/pools/measured-costs.ts';
import { readInputFile } from './input-file.ts';

/** @throws UserError of kind `input` for a file that is no cost table */
export function useCostTable(path: string | undefined): void {
  if (path === undefined) return;
  const table = readInputFile(path, costFileSchema, 'stopcopy calibrate writes such a file');
  const measured = measuredTableOf(table);
  setEnvironmentData(MEASURED_COSTS, measured);
  useMeasuredCosts(measured);
}
