/**
 * A manager that goes by rules and remembers nothing: steps of the limit, a time-out, a progress time-out and a number of
 * iterations, each by what the manager can see.
 */
import type { ConvergenceRules } from './convergence.ts';
import {
  type Manager,
  type ManagerAction,
  type ManagerName,
  MANAGERS,
  type MoveProgress,
  NO_ACTION,
  type Watcher,
} from './manager.ts';
import { QEMU } from './parameters.ts';

export class RuleManager implements Manager, Watcher {
  readonly pollNs: number;
  readonly watchesProgress: boolean;
  readonly movesItsPolls = false;
  readonly actsAtIterations: boolean;
  readonly iterationsMax: number;
  private readonly rules: ConvergenceRules;
  private readonly actsAfter: boolean;
  private readonly stops: boolean;
  private readonly progressTimeoutNs: number;
  /** Time that a move has in all once its manager has forced it; Infinity: any. */
  private readonly forcedTimeoutNs: number;
  private readonly limits: readonly ManagerAction[];
  private readonly disruption: ManagerAction;
  private readonly outOfIterations: ManagerAction;
  private readonly outOfTime: ManagerAction = { kind: 'cancel', reason: 'timeout' };
  private readonly noProgress: ManagerAction = { kind: 'cancel', reason: 'no progress' };

  constructor(name: ManagerName, rules: ConvergenceRules) {
    const { pollNs, actsAfter, watchesProgress, disrupts } = MANAGERS[name];
    this.rules = rules;
    this.pollNs = pollNs;
    this.actsAfter = actsAfter;
    const isPostCopy = rules.postCopy === 'whenOut' && !rules.hasVfio;
    this.stops = rules.whenOut === 'stop' || isPostCopy;
    this.actsAtIterations = pollNs === Number.POSITIVE_INFINITY || (isPostCopy && Number.isFinite(rules.roundsMax));
    this.iterationsMax = rules.roundsMax;
    this.watchesProgress = watchesProgress && Number.isFinite(rules.progressTimeoutNs);
    this.progressTimeoutNs = this.watchesProgress ? rules.progressTimeoutNs : Number.POSITIVE_INFINITY;
    this.forcedTimeoutNs = forcedTimeoutNs(name, rules.timeoutNs);
    this.limits = rules.limitSteps.map(({ limitNs }) => ({ kind: 'take step', limitNs }));
    const limitNs = Math.min(2 * rules.timeoutNs, QEMU.downtimeLimitMaxNs);
    this.disruption =
      disrupts === 'stop or raise' && rules.hasVfio
        ? { kind: 'force limit', limitNs, reason: 'timeout' }
        : { kind: isPostCopy ? 'post-copy' : 'stop', reason: 'timeout' };
    const atLast = this.stops ? 'stop' : 'cancel';
    this.outOfIterations = { kind: isPostCopy ? 'post-copy' : atLast, reason: 'iterations' };
  }

  watcher(): Watcher {
    return this;
  }

  act(seen: MoveProgress): ManagerAction {
    const { elapsedNs, iterations, fellNs, stepsTaken, paused, forced } = seen;
    const { rules } = this;
    const isOut = this.isOver(elapsedNs, this.timeoutNs(seen));
    // A manager that stops the VM when time is out lets a switchover that has begun end; progress is not reported in it.
    if (paused) return isOut ? this.outOfTime : NO_ACTION;
    const step = rules.limitSteps[stepsTaken];
    if (step !== undefined && this.isOver(elapsedNs, step.afterNs)) return this.limits[stepsTaken] ?? NO_ACTION;
    if (isOut && this.stops && !forced) return this.disruption;
    if (this.isOver(elapsedNs - fellNs, this.progressTimeoutNs)) return this.noProgress;
    if (isOut) return this.outOfTime;
    return iterations >= rules.roundsMax ? this.outOfIterations : NO_ACTION;
  }

  idleUntilNs(seen: MoveProgress): number {
    const timeoutNs = this.timeoutNs(seen);
    if (seen.paused) return timeoutNs;
    const stepNs = this.rules.limitSteps[seen.stepsTaken]?.afterNs ?? Number.POSITIVE_INFINITY;
    return Math.min(stepNs, timeoutNs, seen.fellNs + this.progressTimeoutNs);
  }

  timeoutNs({ paused, forced }: MoveProgress): number {
    return forced || (paused && this.stops) ? this.forcedTimeoutNs : this.rules.timeoutNs;
  }

  nextPollNs(seen: MoveProgress): number {
    const idleUntilNs = this.idleUntilNs(seen);
    const { pollNs } = this;
    if (pollNs === 0 || idleUntilNs === Number.POSITIVE_INFINITY) return idleUntilNs;
    if (pollNs === Number.POSITIVE_INFINITY) return pollNs;
    return this.actsAfter ? (Math.floor(idleUntilNs / pollNs) + 1) * pollNs : Math.ceil(idleUntilNs / pollNs) * pollNs;
  }

  letsEndLate(elapsedNs: number): boolean {
    return this.stops && elapsedNs > this.rules.timeoutNs;
  }

  /** What holds from the first byte on holds at once. */
  private isOver(sinceNs: number, limitNs: number): boolean {
    return this.actsAfter && limitNs > 0 ? sinceNs > limitNs : sinceNs >= limitNs;
  }
}

/** Time that a move has in all once its manager has forced it, ns; Infinity: any. */
function forcedTimeoutNs(name: ManagerName, timeoutNs: number): number {
  return MANAGERS[name].disrupts === 'stop or raise' ? 2 * timeoutNs : Number.POSITIVE_INFINITY;
}
