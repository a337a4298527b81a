/**
 * The pause of a whole VM, part by part, where parts may overlap: what each adds on the critical path, and how long it is
 * busy.
 */
import { bug } from '../base/bug.ts';
import { checkParts, PAUSE_VIEW, type PausePart } from '../base/pause-parts.ts';

export interface PauseSpan {
  readonly part: PausePart;
  /** Which of several that overlap, such as a device; undefined for the VM itself. */
  readonly what: string | undefined;
  readonly startNs: number;
  readonly endNs: number;
}

export type PartTimes = Record<PausePart, number>;

/** Collects the spans of one pause, in the order in which they begin. */
export class PauseRecord {
  readonly spans: PauseSpan[] = [];
  /** On the critical path; these add up to the pause. */
  readonly criticalNs: PartTimes = PAUSE_VIEW.noTimes();
  /** With everything that overlaps. */
  readonly busyNs: PartTimes = PAUSE_VIEW.noTimes();
  readonly startNs: number;
  /** End of the critical path so far. */
  private toldNs: number;

  constructor(startNs: number) {
    this.startNs = startNs;
    this.toldNs = startNs;
  }

  get nowNs(): number {
    return this.toldNs;
  }

  /** A part that follows the path so far. @returns its end */
  add(part: PausePart, lastsNs: number, what?: string): number {
    return this.overlap(part, this.toldNs, lastsNs, what);
  }

  /**
   * A part that begins at a given time, in parallel with others. It adds to the critical path what exceeds the path so far.
   *
   * @returns its end
   */
  overlap(part: PausePart, startNs: number, lastsNs: number, what?: string): number {
    if (!(lastsNs >= 0) || !(startNs >= this.startNs) || startNs > this.toldNs) bug('PAUSE_SPAN', startNs, lastsNs);
    const endNs = startNs + lastsNs;
    if (lastsNs === 0) return endNs;
    this.spans.push({ part, what, startNs, endNs });
    // Computed as below, so that rounding is the same.
    this.busyNs[part] += endNs - startNs;
    if (endNs > this.toldNs) {
      this.criticalNs[part] += endNs - this.toldNs;
      this.toldNs = endNs;
    }
    return endNs;
  }

  /** The pause, in ns. The parts on the critical path must add up to it. */
  finish(): number {
    const totalNs = this.toldNs - this.startNs;
    checkParts(this.criticalNs, totalNs);
    return totalNs;
  }
}
