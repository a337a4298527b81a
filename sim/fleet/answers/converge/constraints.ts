/**
 * What must hold of `converge`: the downtime limit and the time-out.
 */
import type { ConstraintState } from '../answer-parts.ts';
import { type ConstraintRow, rowStates } from '../constraints.ts';
import type { ConvergeNumbers } from './numbers.ts';

const ROWS: readonly ConstraintRow<ConvergeNumbers>[] = [
  {
    name: 'downtime limit',
    unit: 'ns',
    limit: (numbers) => (numbers.value === null ? lastLimitNs(numbers) : numbers.limitNs),
    used: () => null,
    next: ({ limitNs }) => limitNs,
    binds: () => true,
  },
  {
    name: 'time-out',
    unit: 'ns',
    limit: ({ timeoutNs }) => timeoutNs,
    used: ({ totalNs }) => totalNs,
    binds: ({ value }) => value === null,
  },
];

export function convergeConstraints(numbers: ConvergeNumbers): readonly ConstraintState[] {
  return rowStates(ROWS, numbers);
}

/** The limit of the last step. */
export function lastLimitNs({ steps }: ConvergeNumbers): number {
  return steps.at(-1)?.limitNs ?? 0;
}
