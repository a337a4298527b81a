/**
 * What must hold of `evacuate`: what each line and limit takes at least, and what may not happen to VMs.
 */
import { stuckVms } from '../../fleet-plan.ts';
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
    name: 'VMs that do not converge',
    unit: '',
    limit: () => 0,
    used: (numbers) => stuckVms(judgedOf(numbers)),
    binds: (numbers) => stuckVms(judgedOf(numbers)) > 0,
  },
  {
    name: 'VMs for which there is no room',
    unit: '',
    limit: () => 0,
    used: (numbers) => judgedOf(numbers).noRoom,
    binds: (numbers) => judgedOf(numbers).noRoom > 0,
  },
  {
    name: 'time in which it must be done',
    unit: 'ns',
    limit: ({ withinNs }) => withinNs,
    used: (numbers) => judgedOf(numbers).totalNs,
    binds: (numbers) => judgedOf(numbers).totalNs > numbers.withinNs,
    applies: ({ withinNs }) => Number.isFinite(withinNs),
  },
  {
    name: 'pause budget',
    unit: 'ns',
    limit: ({ budgetNs }) => budgetNs,
    used: (numbers) => judgedOf(numbers).pauseMaxNs,
    binds: (numbers) => judgedOf(numbers).overBudget > 0,
  },
];

/** Bounds are of the time with nominal parameters; the longest binds, unless VMs do not converge. */
export function evacuateConstraints(numbers: EvacuateNumbers): readonly ConstraintState[] {
  const { bounds, outcomes } = numbers;
  const converges = stuckVms(judgedOf(numbers)) === 0;
  const boundStates = bounds.map(({ name, ns }, index) => ({
    name,
    unit: 'ns',
    limit: outcomes.point.totalNs,
    used: ns,
    next: null,
    binds: index === 0 && converges,
  }));
  return [...boundStates, ...rowStates(ROWS, numbers)];
}
