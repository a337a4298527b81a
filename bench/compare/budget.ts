/**
 * The wall time of a comparison: work that does not fit is not begun, and work that takes far longer than it did before is
 * broken off.
 */
import { MS_PER_S } from '../../sim/base/units.ts';

/** By so much work that was begun in time may overrun: a share of the budget, and for small ones some seconds. */
const OVERRUN_SHARE = 0.1;
const OVERRUN_LEAST_SECONDS = 5;

/** Why work was broken off. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
}

export class Budget {
  readonly seconds: number;
  /** Fires when the user stops the comparison, with his reason, or when work overruns, with {@link BudgetSpent}. */
  readonly signal: AbortSignal;
  private readonly now: () => number;
  private readonly startedMs: number;
  private readonly cut = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * @param seconds Infinity: any time
   * @param stop the user's
   * @param now milliseconds; for tests
   * @param overrunSeconds by which work may overrun
   */
  constructor(
    seconds: number,
    stop: AbortSignal,
    now: () => number = () => performance.now(),
    overrunSeconds: number = Math.max(OVERRUN_LEAST_SECONDS, OVERRUN_SHARE * seconds),
  ) {
    this.seconds = seconds;
    this.now = now;
    this.startedMs = now();
    this.signal = AbortSignal.any([stop, this.cut.signal]);
    if (!Number.isFinite(seconds)) return;
    // A timer holds at most 2^31 - 1 ms.
    const lastMs = Math.max(0, seconds + overrunSeconds) * MS_PER_S;
    this.timer = setTimeout(() => this.cut.abort(new BudgetSpent()), Math.min(lastMs, 2 ** 31 - 1));
    this.timer.unref();
  }

  get spentSeconds(): number {
    return (this.now() - this.startedMs) / MS_PER_S;
  }

  /** Whether work of so many seconds is over within a share of the budget. */
  fits(seconds: number, share = 1): boolean {
    return !this.isCut && this.spentSeconds + seconds <= share * this.seconds;
  }

  /** Whether work was broken off: nothing further is begun. */
  get isCut(): boolean {
    return this.cut.signal.aborted;
  }

  /** Whether the user has stopped the comparison. */
  get isStopped(): boolean {
    return this.signal.aborted && !this.isCut;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}
