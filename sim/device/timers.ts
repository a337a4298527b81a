/**
 * The rare things that happen by themselves: a write-back or a VFT access ending, a fault passing.
 *
 * Few are pending at a time, so that a list searched from end to end is enough. Tasks and mailbox commands, which are
 * many, have their own clocks.
 */
export const TIMER = { cacheWriteBack: 0, vftAccess: 1, faultEnds: 2, doorbellTimeout: 3 } as const;

/** Timers pending at once: a write-back and two fault ends per function, doorbells that nobody answers. */
const CAPACITY_FIRST = 64;

export class Timers {
  /** Earliest event time, in virtual ns; Infinity when nothing is pending. */
  nextNs: number = Infinity;
  /** The timer that {@link take} took out: what, whose, and its event time. */
  kind = 0;
  fn = 0;
  /** For {@link TIMER.faultEnds} the register, for {@link TIMER.doorbellTimeout} the queue. */
  detail = 0;
  atNs = 0;

  private count = 0;
  private kinds: Int32Array = new Int32Array(CAPACITY_FIRST);
  private fns: Int32Array = new Int32Array(CAPACITY_FIRST);
  private details: Int32Array = new Int32Array(CAPACITY_FIRST);
  private times: Float64Array = new Float64Array(CAPACITY_FIRST);

  /** Starts a timer; one that never comes (Infinity) is not kept. */
  start(kind: number, fn: number, detail: number, atNs: number): void {
    if (atNs === Infinity) return;
    if (this.count === this.times.length) this.grow();
    const at = this.count++;
    this.kinds[at] = kind;
    this.fns[at] = fn;
    this.details[at] = detail;
    this.times[at] = atNs;
    if (atNs < this.nextNs) this.nextNs = atNs;
  }

  /** Takes out the earliest, among equals the one started first. @returns false when none is pending */
  take(): boolean {
    if (this.count === 0) return false;
    let at = 0;
    for (let i = 1; i < this.count; i++) if (this.times[i]! < this.times[at]!) at = i;
    this.kind = this.kinds[at]!;
    this.fn = this.fns[at]!;
    this.detail = this.details[at]!;
    this.atNs = this.times[at]!;
    this.remove(at);
    this.updateNext();
    return true;
  }

  has(kind: number, fn: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.kinds[i] === kind && this.fns[i] === fn) return true;
    return false;
  }

  /** Stops all timers of a kind, of one function. */
  stop(kind: number, fn: number): void {
    if (this.count === 0) return;
    for (let i = this.count - 1; i >= 0; i--) if (this.kinds[i] === kind && this.fns[i] === fn) this.remove(i);
    this.updateNext();
  }

  /** Takes a place out and keeps the order of the others. */
  private remove(at: number): void {
    this.count -= 1;
    for (let i = at; i < this.count; i++) {
      this.kinds[i] = this.kinds[i + 1]!;
      this.fns[i] = this.fns[i + 1]!;
      this.details[i] = this.details[i + 1]!;
      this.times[i] = this.times[i + 1]!;
    }
  }

  private updateNext(): void {
    this.nextNs = Infinity;
    for (let i = 0; i < this.count; i++) if (this.times[i]! < this.nextNs) this.nextNs = this.times[i]!;
  }

  private grow(): void {
    const capacity = this.times.length * 2;
    const wider = (from: Int32Array): Int32Array => {
      const to = new Int32Array(capacity);
      to.set(from);
      return to;
    };
    this.kinds = wider(this.kinds);
    this.fns = wider(this.fns);
    this.details = wider(this.details);
    const times = new Float64Array(capacity);
    times.set(this.times);
    this.times = times;
  }
}
