/**
 * Whether a VM keeps everything that must hold: limits of hardware and VMM, calls of drivers that succeed, an end of its
 * pre-copy, and its pause budget.
 */
import type { MoveCause } from '../memory/outcome.ts';
import type { ConstraintUse } from './constraint.ts';
import type { Budget, QuestionVm } from './question.ts';
import type { TrialAt, VmTrial, VmTrials } from './vm-trials.ts';

/** Where the parameters are, or every corner: whichever end is worst for the VM. */
export type JudgedEnd = TrialAt | 'worst';

/** Everything that must hold of a VM, with what was used of it. */
export interface VmVerdict {
  readonly holds: boolean;
  readonly uses: readonly ConstraintUse[];
  /** Null: it was not tried, or others moved with it. */
  readonly trial: VmTrial | null;
}

/** A number that was tried, by its verdict. */
export interface TriedNumber {
  readonly at: number;
  readonly verdict: VmVerdict;
  /** Whether it was simulated; otherwise by closed form. */
  readonly simulated: boolean;
}

/** Nominal, or whichever end of the parameters is worst, as the budget says. */
export function judgedEnd({ judge }: Budget): JudgedEnd {
  return judge === 'long' ? 'worst' : 'point';
}

/**
 * Tries a VM.
 *
 * @param method `full`: register by register
 * @param vms how many such VMs move at once over one PF
 */
export function judgeVm(
  trials: VmTrials,
  vm: QuestionVm,
  { pause }: Budget,
  end: JudgedEnd,
  method: 'quick' | 'full',
  vms: number = 1,
): VmVerdict {
  const uses: ConstraintUse[] = trials.structures(vm, vms).map((structure) => ({
    ...structure,
    broken: structure.used > structure.limit,
  }));
  if (uses.some(({ broken }) => broken)) return { holds: false, uses, trial: null };
  const ends: readonly TrialAt[] = end === 'worst' ? ['long', 'point', 'short'] : [end];
  const tried = ends.map((each) => ({ each, trial: trials.quick(vm, each, undefined, vms) }));
  const worst = tried.reduce((a, b) => (endlessOrPauseNs(b.trial) > endlessOrPauseNs(a.trial) ? b : a));
  const { each } = worst;
  // Registers are not played for each draw.
  const trial = method === 'quick' || typeof each === 'object' ? worst.trial : trials.full(vm, each, vms);
  uses.push(useOf(trial, pause));
  return { holds: uses.every(({ broken }) => !broken), uses, trial };
}

/** A VM that is not moved fares worse than any pause. */
export function endlessOrPauseNs({ moved, pauseNs }: VmTrial): number {
  return moved ? pauseNs : Number.POSITIVE_INFINITY;
}

/** What a trial used of the pause budget; of a VM that is never stopped, what keeps it from stopping. */
export function useOf({ moved, failed, pauseNs, result }: VmTrial, budgetNs: number): ConstraintUse {
  if (failed !== null) return { id: 'driverCalls', detail: failed, used: 1, limit: 0, broken: true };
  if (moved) return pauseUse(pauseNs, budgetNs);
  return blockedUse(result.cause);
}

/** What kept a VM from being stopped, as it was recorded. */
export function blockedUse(cause: MoveCause): ConstraintUse {
  const { blocker, writers, deviceBytes, fitsBytes, timeoutNs, usedNs } = cause;
  const { dirtiedBytesPerSecond, carriedBytesPerSecond } = cause;
  switch (blocker) {
    case 'device state':
      return { id: 'deviceState', used: deviceBytes, limit: fitsBytes, broken: true };
    case 'guest writes':
      return {
        id: 'guestWrites',
        detail: writers,
        used: dirtiedBytesPerSecond,
        limit: carriedBytesPerSecond,
        broken: true,
      };
    default:
      return { id: 'timeout', used: usedNs, limit: timeoutNs, broken: true };
  }
}

/** A pause against its budget. */
export function pauseUse(pauseNs: number, budgetNs: number): ConstraintUse {
  return { id: 'pause', used: pauseNs, limit: budgetNs, broken: pauseNs > budgetNs };
}

/** The pause that a verdict is about; null: the VM was not moved. */
export function pauseOf({ uses }: VmVerdict): number | null {
  return uses.find(({ id }) => id === 'pause')?.used ?? null;
}
