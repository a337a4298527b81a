/**
 * The way between two hosts: bandwidth shared first come first served, and a latency.
 */
import { bug } from '../base/bug.ts';
import { BITS_PER_BYTE } from '../base/units.ts';

export class Link {
  readonly gigabitsPerSecond: number;
  readonly latencyNs: number;
  private freeNs = 0;

  /**
   * @param gigabitsPerSecond 10^9 bits per second, above 0
   * @param latencyNs one way
   */
  constructor(gigabitsPerSecond: number, latencyNs: number) {
    if (!(gigabitsPerSecond > 0) || !(latencyNs >= 0)) bug('LINK', gigabitsPerSecond, latencyNs);
    this.gigabitsPerSecond = gigabitsPerSecond;
    this.latencyNs = latencyNs;
  }

  /** Sends bytes from a given time on. @returns when the last of them has arrived, in ns */
  send(nowNs: number, bytes: number): number {
    const startNs = Math.max(nowNs, this.freeNs);
    this.freeNs = startNs + (bytes * BITS_PER_BYTE) / this.gigabitsPerSecond;
    return this.freeNs + this.latencyNs;
  }
}
