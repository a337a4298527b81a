/**
 * What an accelerator is made with.
 */
import type { AcceleratorKind } from '../abi/accelerators.ts';
import type { VftEntry } from '../abi/vft.ts';
import type { CostValues } from './costs.ts';
import type { InFlight } from '../abi/in-flight.ts';

export interface AcceleratorConfig {
  readonly kind: AcceleratorKind;
  /** One of QM_HW. */
  readonly hardware: number;
  /** 1 to 63. */
  readonly vfCount: number;
  /** Queues of each VF, index 0 being VF 1. Default: the PF driver's split. */
  readonly vft?: readonly VftEntry[];
  /** PF register 0x30. Default 0. */
  readonly isolation?: number;
  /** Hardware V4 and later: whether the migration windows are in the PF's BAR2. Default false. */
  readonly migRegionEnabled?: boolean;
  /** What PAUSE_QM does with tasks in service; [NR], so a parameter. Default `finish`. */
  readonly inFlight?: InFlight;
  /** Cores, and the time in ns that each takes for a task. Default: the kind's cores and its entry in the cost table. */
  readonly engine?: { readonly servers: number; readonly serviceNs: number };
  /** Default: the points of the cost table. */
  readonly costs?: CostValues;
  /** Where the register files lie, as long as acceleratorRegisterBytes says. Default: a buffer of its own. */
  readonly registers?: Uint32Array;
}
