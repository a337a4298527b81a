/**
 * What must hold of `compare`: each variant moves, with a pause within the budget.
 */
import type { ConstraintState } from '../answer-parts.ts';
import type { CompareNumbers } from './numbers.ts';

export function compareConstraints({ variants, budgetNs }: CompareNumbers): readonly ConstraintState[] {
  return variants.map(({ name, judgedNs }) => ({
    name: `pause budget, ${name}`,
    unit: 'ns',
    limit: budgetNs,
    used: judgedNs,
    next: null,
    binds: judgedNs === null || judgedNs > budgetNs,
  }));
}
