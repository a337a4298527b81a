/**
 * Virtual time: a count of nanoseconds that its owner advances.
 */
import { bug } from './bug.ts';

export class VirtualClock {
  /** Nanoseconds since the start of the run. Exact up to 2^53, about 104 days. */
  nowNs = 0;

  /** Advances to a later time. */
  moveTo(nowNs: number): void {
    if (!(nowNs >= this.nowNs)) bug('CLOCK_BACKWARD', nowNs, this.nowNs);
    this.nowNs = nowNs;
  }
}
