/**
 * What must hold of `evacuate`: what each link and limit takes at least, and what may not happen to VMs.
 */
import { leftVms, stuckVms } from '../../fleet-plan.ts';
import { type Blocker, BLOCKERS, neverFits } from '../../../memory/precopy-end.ts';
import type { ConstraintState } from '../answer-parts.ts';
import { type ConstraintRow, rowStates } from '../constraints.ts';
import { type EvacuateNumbers, judgedOf } from './numbers.ts';

const ROWS: readonly ConstraintRow<EvacuateNumbers>[] = [
  {
    name: 'VMs that do not move at all',
    unit: '',
    limit: () => 0,
    used: ({ staying }) => staying.reduce((sum, { vms }) => sum + vms, 0),
    binds: ({ staying }) => staying.length > 0,
    applies: ({ staying }) => staying.length > 0,
  },
  {
    name: 'VMs that are given up',
    unit: '',
    limit: () => 0,
    used: (numbers) => stuckVms(judgedOf(numbers)),
    binds: (numbers) => stuckVms(judgedOf(numbers)) > 0,
  },
  timeoutRow('time-out of a move, per GiB', 'GiB'),
  timeoutRow('time-out of a move', 'move'),
  {
    name: 'VMs for which there is no room',
    unit: '',
    limit: () => 0,
    used: (numbers) => judgedOf(numbers).lacking.room,
    binds: (numbers) => judgedOf(numbers).lacking.room > 0,
  },
  {
    name: 'VMs that find no host without their group',
    unit: '',
    limit: () => 0,
    used: (numbers) => judgedOf(numbers).lacking.apart,
    binds: (numbers) => judgedOf(numbers).lacking.apart > 0,
    applies: ({ hasGroups }) => hasGroups,
  },
  {
    name: 'VMs that would use the reserve',
    unit: '',
    limit: () => 0,
    used: (numbers) => judgedOf(numbers).lacking.reserve,
    binds: (numbers) => judgedOf(numbers).lacking.reserve > 0,
    applies: ({ reserve }) => reserve !== null,
  },
  {
    name: 'time in which it must be done',
    unit: 'ns',
    limit: ({ withinNs }) => withinNs,
    used: (numbers) => (leftVms(judgedOf(numbers)) === 0 ? judgedOf(numbers).totalNs : null),
    binds: (numbers) => leftVms(judgedOf(numbers)) === 0 && judgedOf(numbers).totalNs > numbers.withinNs,
    applies: ({ withinNs }) => Number.isFinite(withinNs),
  },
  {
    name: 'pause budget',
    unit: 'ns',
    limit: ({ budgetNs }) => budgetNs,
    used: (numbers) => (judgedOf(numbers).moved === 0 ? null : judgedOf(numbers).pauseMaxNs),
    binds: (numbers) => judgedOf(numbers).overBudget > 0,
    applies: ({ budgetNs }) => Number.isFinite(budgetNs),
  },
];

/** The time-out of a move, in an evacuation whose time-out is for that. */
function timeoutRow(name: string, per: EvacuateNumbers['timeoutPer']): ConstraintRow<EvacuateNumbers> {
  return {
    name,
    unit: 'ns',
    limit: ({ timeoutNs }) => timeoutNs,
    used: ({ usedTimeoutNs, nearest }) =>
      nearest?.kind === 'longer time-out' ? nearest.timeoutNs : usedTimeoutNs || null,
    binds: (numbers) => judgedOf(numbers).timeout > 0 && BLOCKERS.some((blocker) => isLate(blocker, numbers)),
    applies: ({ timeoutPer }) => timeoutPer === per,
  };
}

/** Whether moves were given up that only needed more time. */
function isLate(blocker: Blocker, numbers: EvacuateNumbers): boolean {
  return judgedOf(numbers).blockers[blocker] > 0 && !neverFits(blocker);
}

/** Bounds are of the time with nominal parameters; the longest limits; there are none where VMs are left. */
export function evacuateConstraints(numbers: EvacuateNumbers): readonly ConstraintState[] {
  const { bounds, outcomes } = numbers;
  const boundStates = bounds.map(({ name, ns }, index) => ({
    name,
    unit: 'ns',
    limit: outcomes.point.totalNs,
    used: ns,
    next: null,
    binds: index === 0,
  }));
  return [...boundStates, ...rowStates(ROWS, numbers)];
}
