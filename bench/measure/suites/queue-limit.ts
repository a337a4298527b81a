/**
 * No device has more queues than this: said before anything is measured.
 */
import { ACCELERATORS, type AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { QUEUES_TOTAL } from '../../../sim/abi/vft.ts';
import { UserError } from '../../../sim/base/user-error.ts';

/** @throws UserError naming the accelerator that has fewer queues than were asked for */
export function refuseTooManyQueues(accelerators: readonly AcceleratorKind[], queuePairs: readonly number[]): void {
  for (const accelerator of accelerators) {
    const pool = QUEUES_TOTAL - ACCELERATORS[accelerator].pfDefaultQueues;
    const most = Math.max(...queuePairs);
    if (most <= pool) continue;
    throw new UserError(
      'usage',
      `--queue-pairs has ${most}, the ${accelerator} device has ${pool} queues for its VFs`,
      `Give at most ${pool}, or choose other accelerators with --accelerator.`,
    );
  }
}
