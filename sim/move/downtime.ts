/**
 * Downtime and its named parts.
 *
 * From the first vCPU stopped at the source to the last vCPU running at the destination. The parts follow one another, so
 * that they add up to the whole; both sides are checked.
 */
import { bug } from '../base/bug.ts';

/** Parts of the virtual world's downtime, in their order. */
export const DOWNTIME_PARTS = [
  'vcpuStop',
  'pauseAndDrain',
  'statusChecks',
  'cacheWriteBack',
  'save',
  'transfer',
  'load',
  'start',
  'vcpuStart',
] as const;

export type DowntimePart = (typeof DOWNTIME_PARTS)[number];

/** Collects the parts by the moments at which each began. */
export class DowntimeClock {
  readonly partsNs: Record<DowntimePart, number> = {
    vcpuStop: 0,
    pauseAndDrain: 0,
    statusChecks: 0,
    cacheWriteBack: 0,
    save: 0,
    transfer: 0,
    load: 0,
    start: 0,
    vcpuStart: 0,
  };
  private readonly startNs: number;
  private part: DowntimePart = 'vcpuStop';
  private sinceNs: number;

  constructor(nowNs: number) {
    this.startNs = nowNs;
    this.sinceNs = nowNs;
  }

  /** The current part ends, another begins. */
  enter(part: DowntimePart, nowNs: number): void {
    this.partsNs[this.part] += nowNs - this.sinceNs;
    this.part = part;
    this.sinceNs = nowNs;
  }

  /** The last part ends. @returns the whole, in ns */
  finish(nowNs: number): number {
    this.enter(this.part, nowNs);
    const totalNs = nowNs - this.startNs;
    let sumNs = 0;
    for (const part of DOWNTIME_PARTS) sumNs += this.partsNs[part];
    // Differences of doubles: equal but for rounding far below a nanosecond.
    if (Math.abs(sumNs - totalNs) > 1e-3) bug('DOWNTIME_SUM', sumNs, totalNs);
    return totalNs;
  }
}
