/**
 * The sweep with what a user leaves out.
 */
import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { DEFAULT_IN_FLIGHT } from '../../../sim/abi/in-flight.ts';
import { DEFAULT_GENERATION } from '../../../sim/driver/generation.ts';
import { LOAD_NAMES } from '../../../sim/workload/load.ts';
import { SUITES, type SweepOptions } from './sweep-types.ts';
import { keysOf } from '../../../sim/base/keys.ts';

/** Queue pairs per VF. */
export const QUEUE_PAIRS = { quick: [1, 64], full: [1, 16, 64, 256] } as const;

export function defaultSweep(asked: Partial<SweepOptions>): SweepOptions {
  const { quick = false } = asked;
  return {
    suites: asked.suites ?? keysOf(SUITES),
    quick,
    seed: asked.seed ?? 1,
    accelerators: asked.accelerators ?? ACCELERATOR_KINDS,
    queuePairs: asked.queuePairs ?? (quick ? QUEUE_PAIRS.quick : QUEUE_PAIRS.full),
    loads: asked.loads ?? LOAD_NAMES,
    driver: asked.driver ?? DEFAULT_GENERATION,
    inFlight: asked.inFlight ?? DEFAULT_IN_FLIGHT,
  };
}
