/**
 * KubeVirt with one of its Alpha feature gates (1.9): stall detection (VEP 248, as coded in `stall-detector.go` and
 * `live-migration-source.go`, d923fdb815 of 22 Aug 2026), which replaces its other rules, and downtime tuning (VEP 291), which
 * comes before them. Both watch every poll.
 */
import { NS_PER_MS, NS_PER_S } from '../base/units.ts';
import type { ConvergenceRules } from './convergence.ts';
import { type Manager, type ManagerAction, MANAGERS, type MoveProgress, NO_ACTION, type Watcher } from './manager.ts';
import { QEMU } from './parameters.ts';
import { RuleManager } from './rule-manager.ts';

/** Defaults of the gates; `maxDowntimeMs` is the scenario's. */
export const KUBEVIRT_GATES = {
  maxDowntimeNs: 900 * NS_PER_MS,
  stall: {
    /** The limit from the first byte on, unless the highest limit is less. */
    firstLimitNs: 300 * NS_PER_MS,
    marginShare: 0.04,
    progressTimeoutNs: 40 * NS_PER_S,
    switchoverTimeoutNs: 60 * NS_PER_S,
    ewmaAlpha: 0.4,
    precopyPossibleFactor: 1.5,
    patienceDecayFactor: 0.5,
    completionTimeoutFactor: 2,
  },
  tuning: { initialMs: 150, steps: 7, startAfterIteration: 3, cooldownNs: 10 * NS_PER_S },
} as const;

const { pollNs: POLL_NS } = MANAGERS.kubevirt;
/** Rates that differ by less are the same: sums in doubles. */
const SAME_RATE = 1e-12;

/** Undefined where neither gate is on; stall detection leaves downtime tuning without effect. */
export function gatedKubevirt(rules: ConvergenceRules): Manager | undefined {
  const { gates } = rules;
  if (gates?.stallDetection === true) return new StallManager(rules, gates.maxDowntimeNs);
  return gates?.downtimeTuning === true ? new TuningManager(rules, gates.maxDowntimeNs) : undefined;
}

function pollAfter(elapsedNs: number): number {
  return (Math.floor(elapsedNs / POLL_NS) + 1) * POLL_NS;
}

class TuningManager extends RuleManager {
  private readonly maxDowntimeNs: number;

  constructor(rules: ConvergenceRules, maxDowntimeNs: number) {
    super('kubevirt', rules);
    this.maxDowntimeNs = maxDowntimeNs;
  }

  override watcher(): Watcher {
    return new TuningWatcher(this, this.maxDowntimeNs);
  }
}

/** The limit rises from step to step once iterations have begun to repeat; then the other rules hold. */
class TuningWatcher implements Watcher {
  private readonly rules: RuleManager;
  private readonly ceilingNs: number;
  private readonly stepNs: number;
  private tunedNs = Number.NaN;

  constructor(rules: RuleManager, ceilingNs: number) {
    const { initialMs, steps } = KUBEVIRT_GATES.tuning;
    this.rules = rules;
    this.ceilingNs = ceilingNs;
    this.stepNs = Math.max(Math.floor((ceilingNs / NS_PER_MS - initialMs) / steps), 1) * NS_PER_MS;
  }

  act(seen: MoveProgress): ManagerAction {
    const { elapsedNs, paused, forced, iterations } = seen;
    if (!paused && !forced && elapsedNs > 0) {
      const { initialMs, startAfterIteration, cooldownNs } = KUBEVIRT_GATES.tuning;
      if (Number.isNaN(this.tunedNs)) {
        this.tunedNs = elapsedNs;
        return { kind: 'set limit', limitNs: initialMs * NS_PER_MS };
      }
      // libvirt's count of iterations has the sync of the bitmap before the first of them.
      if (iterations + 1 >= startAfterIteration && elapsedNs - this.tunedNs >= cooldownNs) {
        const limitNs = Math.min(seen.limitNs + this.stepNs, this.ceilingNs);
        this.tunedNs = elapsedNs;
        if (limitNs > seen.limitNs) return { kind: 'set limit', limitNs };
      }
    }
    return this.rules.act(seen);
  }

  idleUntilNs(seen: MoveProgress): number {
    return this.isTuned(seen) ? this.rules.idleUntilNs(seen) : seen.elapsedNs;
  }

  nextPollNs(seen: MoveProgress): number {
    const nextNs = this.rules.nextPollNs(seen);
    return this.isTuned(seen) ? nextNs : Math.min(nextNs, pollAfter(seen.elapsedNs));
  }

  timeoutNs(seen: MoveProgress): number {
    return this.rules.timeoutNs(seen);
  }

  private isTuned({ paused, forced, limitNs }: MoveProgress): boolean {
    return paused || forced || (!Number.isNaN(this.tunedNs) && limitNs >= this.ceilingNs);
  }
}

class StallManager implements Manager {
  readonly pollNs = POLL_NS;
  readonly watchesProgress = false;
  readonly movesItsPolls = true;
  readonly actsAtIterations = true;
  readonly iterationsMax = Number.POSITIVE_INFINITY;
  private readonly rules: ConvergenceRules;
  private readonly maxDowntimeNs: number;

  constructor(rules: ConvergenceRules, maxDowntimeNs: number) {
    this.rules = rules;
    this.maxDowntimeNs = maxDowntimeNs;
  }

  watcher(): Watcher {
    return new StallWatcher(this.rules, this.maxDowntimeNs);
  }

  letsEndLate(elapsedNs: number): boolean {
    return this.rules.whenOut === 'stop' && elapsedNs > this.rules.timeoutNs;
  }
}

interface Sample {
  readonly atNs: number;
  readonly bytes: number;
}

class StallWatcher implements Watcher {
  private readonly disrupts: boolean;
  private readonly isPostCopy: boolean;
  private readonly maxDowntimeNs: number;
  private deadlineNs: number;
  /** When a switchover that has begun must be done, or else the move. */
  private switchNs: number;
  private hasBegun = false;
  /** Mean of what the stream carries, bytes per second; 0: no sample yet. */
  private carried = 0;
  /** Remaining memory at passes of late, falling, and the least before. */
  private candidates: Sample[] = [];
  private leastBefore = Number.POSITIVE_INFINITY;
  private isStalled = false;
  private bestBytes = 0;
  private patienceNs = 0;
  private patientUntilNs = 0;
  private history: number[] = [];
  private readonly seenNs = { poll: 0, pass: 0 };

  constructor({ timeoutNs, whenOut, postCopy, hasVfio }: ConvergenceRules, maxDowntimeNs: number) {
    this.isPostCopy = postCopy === 'whenOut' && !hasVfio;
    // allowWorkloadDisruption is what allowPostCopy is, unless it is set.
    this.disrupts = whenOut === 'stop' || this.isPostCopy;
    this.maxDowntimeNs = maxDowntimeNs;
    this.deadlineNs = timeoutNs;
    this.switchNs = timeoutNs;
  }

  act(seen: MoveProgress): ManagerAction {
    const { elapsedNs, paused, pass, bytesPerSecond } = seen;
    const kind = pass ? 'pass' : 'poll';
    if (!paused && elapsedNs > this.seenNs[kind]) {
      this.seenNs[kind] = elapsedNs;
      if (pass) {
        const action = this.atPass(seen);
        if (action.kind !== 'none') return action;
      } else {
        const { ewmaAlpha } = KUBEVIRT_GATES.stall;
        this.carried =
          this.carried === 0 ? bytesPerSecond : ewmaAlpha * bytesPerSecond + (1 - ewmaAlpha) * this.carried;
      }
    }
    return this.atTimeout(seen);
  }

  idleUntilNs({ elapsedNs }: MoveProgress): number {
    return elapsedNs;
  }

  /** Polls at which the mean stays what it is are not played. */
  nextPollNs(seen: MoveProgress): number {
    const isSteady = this.carried > 0 && Math.abs(seen.bytesPerSecond - this.carried) <= SAME_RATE * this.carried;
    return pollAfter(seen.paused || isSteady ? this.timeoutNs(seen) : seen.elapsedNs);
  }

  timeoutNs({ paused }: MoveProgress): number {
    if (!paused) return this.switchNs;
    // A VM that may be disrupted may end the switchover that it has begun.
    return this.disrupts && !this.hasBegun ? this.doubledNs() : this.deadlineNs;
  }

  private doubledNs(): number {
    return KUBEVIRT_GATES.stall.completionTimeoutFactor * this.deadlineNs;
  }

  private atPass({ elapsedNs, remainingBytes }: MoveProgress): ManagerAction {
    if (this.carried === 0 || this.hasBegun) return NO_ACTION;
    this.note(elapsedNs, remainingBytes);
    if (this.isStalled) return this.atStall(elapsedNs, remainingBytes);
    return NO_ACTION;
  }

  private note(elapsedNs: number, bytes: number): void {
    const { progressTimeoutNs, marginShare, patienceDecayFactor } = KUBEVIRT_GATES.stall;
    const old = this.candidates.filter(({ atNs }) => elapsedNs - atNs > progressTimeoutNs);
    this.candidates = this.candidates.slice(old.length);
    this.leastBefore = Math.min(this.leastBefore, ...old.map((each) => each.bytes));
    const last = this.candidates.at(-1)?.bytes ?? Number.POSITIVE_INFINITY;
    if (bytes <= this.leastBefore && bytes < last) this.candidates.push({ atNs: elapsedNs, bytes });
    if (!this.isStalled) {
      if (!Number.isFinite(this.leastBefore) || bytes < this.leastBefore * (1 - marginShare)) return;
      this.isStalled = true;
      this.bestBytes = Math.min(this.leastBefore, ...this.candidates.map((each) => each.bytes));
      this.patienceNs = progressTimeoutNs;
      this.patientUntilNs = elapsedNs + this.patienceNs;
      this.history = [];
      return;
    }
    this.history.push(bytes);
    if (elapsedNs < this.patientUntilNs) return;
    this.bestBytes = Math.min(...this.history);
    this.history.splice(this.history.indexOf(this.bestBytes), 1);
    this.patienceNs *= patienceDecayFactor;
    this.patientUntilNs = elapsedNs + this.patienceNs;
  }

  private atStall(elapsedNs: number, bytes: number): ManagerAction {
    const { marginShare, precopyPossibleFactor } = KUBEVIRT_GATES.stall;
    const pauseNs = this.pauseNs(bytes);
    // It waits for a local minimum, and does nothing where the network has dropped.
    if (bytes > this.bestBytes * (1 + marginShare) || pauseNs > this.doubledNs() - elapsedNs) return NO_ACTION;
    if (this.isPostCopy) return { kind: 'post-copy', reason: 'stall' };
    if (this.disrupts) return this.beginSwitch(elapsedNs, QEMU.downtimeLimitMaxNs, 'stall');
    if (pauseNs <= precopyPossibleFactor * this.maxDowntimeNs) return this.beginSwitch(elapsedNs, this.maxDowntimeNs);
    return { kind: 'cancel', reason: 'stall' };
  }

  private atTimeout(seen: MoveProgress): ManagerAction {
    const { elapsedNs, remainingBytes, paused } = seen;
    if (elapsedNs <= this.timeoutNs(seen)) return NO_ACTION;
    if (paused) return { kind: 'cancel', reason: 'timeout' };
    if (this.hasBegun) return { kind: 'cancel', reason: 'switchover' };
    const fits = this.carried > 0 && this.pauseNs(remainingBytes) <= this.doubledNs() - elapsedNs;
    if (!fits || !this.disrupts) return { kind: 'cancel', reason: 'timeout' };
    if (this.isPostCopy) return { kind: 'post-copy', reason: 'timeout' };
    this.deadlineNs = this.doubledNs();
    return this.beginSwitch(elapsedNs, QEMU.downtimeLimitMaxNs, 'timeout');
  }

  private pauseNs(bytes: number): number {
    return (bytes / this.carried) * NS_PER_S;
  }

  /** The limit is raised; the VM must then be stopped within the time-out of a switchover. */
  private beginSwitch(elapsedNs: number, limitNs: number, forcedBy?: 'stall' | 'timeout'): ManagerAction {
    this.hasBegun = true;
    this.switchNs = elapsedNs + KUBEVIRT_GATES.stall.switchoverTimeoutNs;
    if (forcedBy === undefined) return { kind: 'set limit', limitNs };
    return { kind: 'force limit', limitNs, reason: forcedBy };
  }
}
