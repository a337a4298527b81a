/**
 * What must hold of `most` and `least`, at the number found and one step further.
 */
import type { ConstraintState } from '../answer-parts.ts';
import { verdictStates } from '../constraints.ts';
import { AXES } from './axes.ts';
import type { BoundNumbers } from './numbers.ts';

export function boundConstraints({ axis, here, further }: BoundNumbers): readonly ConstraintState[] {
  const states = verdictStates(here, further);
  if (further !== null) return states;
  const { unit, direction, low, high, scale } = AXES[axis];
  const limit = (direction === 1 ? high : low) / scale;
  return [
    ...states,
    {
      name: direction === 1 ? 'most that can be asked for' : 'least that can be asked for',
      unit,
      limit,
      used: limit,
      next: null,
      binds: true,
    },
  ];
}
