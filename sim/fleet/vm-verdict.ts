/**
 * Whether a VM keeps everything that must hold: limits of hardware and VMM, calls of drivers that succeed, an end of its
 * pre-copy, and its pause budget.
 */
import type { MoveCause } from '../memory/outcome.ts';
import type { ConstraintUse } from './constraint.ts';
import type { VmTrial } from './vm-trials.ts';

/** Everything that must hold of a VM, with what was used of it. */
export interface VmVerdict {
  readonly holds: boolean;
  readonly uses: readonly ConstraintUse[];
  /** The trial that was judged; null: it was not tried. */
  readonly trial: VmTrial | null;
  /** The same move by both methods; null: it was not played, or it does not move. */
  readonly methods: MethodPauses | null;
}

/** A pause by both methods, in ns. */
interface MethodPauses {
  readonly closedFormNs: number;
  readonly simulatedNs: number;
}

/** What a simulation found that a closed form does not know. */
export interface Played {
  /** Null: it does not move. */
  readonly methods: MethodPauses | null;
  /** What keeps it from moving although the closed form moves it; null: nothing. */
  readonly broken: ConstraintUse | null;
}

/** A number that was tried, by its verdict. */
export interface TriedNumber {
  readonly at: number;
  readonly verdict: VmVerdict;
  /** Whether it was simulated; otherwise by closed form. */
  readonly simulated: boolean;
}

/**
 * Judges a trial.
 *
 * @param own what was used of limits that are known without a trial
 * @param trialOf the trial; not asked for where such a limit is broken
 * @param playedOf what its simulation found; null: it was not simulated
 */
export function verdictOn(
  own: readonly ConstraintUse[],
  trialOf: () => VmTrial,
  budgetNs: number,
  playedOf: (() => Played) | null,
): VmVerdict {
  if (own.some(({ broken }) => broken)) return { holds: false, uses: own, trial: null, methods: null };
  const trial = trialOf();
  const played = trial.moved ? (playedOf?.() ?? null) : null;
  const use = played?.broken ?? useOf(trial, budgetNs, moreNs(played));
  return { holds: !use.broken, uses: [...own, use], trial, methods: played?.methods ?? null };
}

/** By how much a simulation is longer than its closed form, in ns. */
export function moreNs(played: Pick<Played, 'methods'> | null): number {
  const { methods } = played ?? { methods: null };
  return methods === null ? 0 : Math.max(0, methods.simulatedNs - methods.closedFormNs);
}

/** What a trial used of the pause budget; of a VM that is never stopped, what keeps it from stopping. */
export function useOf(
  { moved, failed, pauseNs, result }: VmTrial,
  budgetNs: number,
  addedNs: number = 0,
): ConstraintUse {
  if (failed !== null) return { id: 'driverCalls', detail: failed, used: 1, limit: 0, broken: true };
  if (moved) return pauseUse(pauseNs + addedNs, budgetNs);
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
