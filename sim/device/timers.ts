/**
 * The rare things that happen by themselves: a write-back or a VFT access ending, a fault passing.
 *
 * Few are pending at a time, so that a list searched from end to end is enough. Tasks and mailbox commands, which are
 * many, have their own clocks.
 */
export const TIMER = { cacheWriteBack: 0, vftAccess: 1, faultEnds: 2, doorbellTimeout: 3 } as const;

export interface Timer {
  readonly kind: number;
  readonly fn: number;
  /** For {@link TIMER.faultEnds} the register, for {@link TIMER.doorbellTimeout} the queue. */
  readonly detail: number;
  readonly atNs: number;
}

export class Timers {
  /** When the earliest is due, in virtual ns. */
  nextNs: number = Infinity;
  private readonly pending: Timer[] = [];

  /** Starts a timer; one that never comes (Infinity) is not kept. */
  start(kind: number, fn: number, detail: number, atNs: number): void {
    if (atNs === Infinity) return;
    this.pending.push({ kind, fn, detail, atNs });
    if (atNs < this.nextNs) this.nextNs = atNs;
  }

  /** Takes out the earliest; among equals the one started first. */
  take(): Timer | undefined {
    let at = -1;
    for (let i = 0; i < this.pending.length; i++) {
      if (at < 0 || this.pending[i]!.atNs < this.pending[at]!.atNs) at = i;
    }
    if (at < 0) return undefined;
    const timer = this.pending.splice(at, 1)[0];
    this.reckon();
    return timer;
  }

  has(kind: number, fn: number): boolean {
    return this.pending.some((timer) => timer.kind === kind && timer.fn === fn);
  }

  /** Stops all timers of a kind, of one function. */
  stop(kind: number, fn: number): void {
    for (let i = this.pending.length - 1; i >= 0; i--) {
      const timer = this.pending[i]!;
      if (timer.kind === kind && timer.fn === fn) this.pending.splice(i, 1);
    }
    this.reckon();
  }

  private reckon(): void {
    this.nextNs = Infinity;
    for (const timer of this.pending) if (timer.atNs < this.nextNs) this.nextNs = timer.atNs;
  }
}
