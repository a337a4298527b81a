/**
 * What a VF's driver was busy with, and when: the rows of a timeline.
 */
import type { VfSpanPart } from '../base/pause-parts.ts';

export interface VfSpan {
  /** Place among the VM's VFs with a register model, from 0. */
  readonly vf: number;
  readonly part: VfSpanPart;
  /** ns of the world's clock. */
  readonly startNs: number;
  readonly endNs: number;
}
