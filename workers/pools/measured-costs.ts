/**
 * The cost table of the thread that started this one.
 */
import { getEnvironmentData } from 'node:worker_threads';

import { type MeasuredTable, useMeasuredCosts } from '../../sim/device/costs.ts';

/** Key of the table among the data that threads are started with. */
export const MEASURED_COSTS = 'stopcopy-costs';

/** To be called before anything is played. */
export function takeMeasuredCosts(): void {
  const given = getEnvironmentData(MEASURED_COSTS) as MeasuredTable | undefined;
  if (given !== undefined) useMeasuredCosts(given);
}
