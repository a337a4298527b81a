/**
 * What must hold of `converge`: the downtime limit and the time-out.
 */
import type { ConstraintState } from '../answer-parts.ts';
import { type ConstraintRow, rowStates } from '../constraints.ts';
import { neverFits } from '../../../memory/precopy-end.ts';
import type { ConvergeNumbers } from './numbers.ts';

const ROWS: readonly ConstraintRow<ConvergeNumbers>[] = [
  {
    name: 'downtime limit',
    unit: 'ns',
    limit: (numbers) => (numbers.value === null ? lastLimitNs(numbers) : numbers.limitNs),
    used: () => null,
    next: ({ limitNs }) => (Number.isFinite(limitNs) ? limitNs : null),
    // Where it moves, the limit decides when; where it does not, only if what is left never fits.
    binds: ({ value, cause }) => value !== null || neverFits(cause.blocker),
  },
  {
    name: 'time-out',
    unit: 'ns',
    limit: ({ timeoutNs }) => timeoutNs,
    used: ({ totalNs }) => totalNs,
    next: ({ value, neededTimeoutNs }) => (value === null && Number.isFinite(neededTimeoutNs) ? neededTimeoutNs : null),
    binds: ({ value, cause }) => value === null && cause.reason === 'timeout' && !neverFits(cause.blocker),
  },
];

export function convergeConstraints(numbers: ConvergeNumbers): readonly ConstraintState[] {
  return rowStates(ROWS, numbers);
}

/** The limit of the last step. */
export function lastLimitNs({ steps }: ConvergeNumbers): number {
  return steps.at(-1)?.limitNs ?? 0;
}
