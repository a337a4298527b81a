/**
 * What must hold, as rows of an answer: at the answer, one step further, and whether it is the binding one.
 */
import { constraintName, CONSTRAINTS } from '../constraint.ts';
import type { VmVerdict } from '../vm-verdict.ts';
import type { ConstraintState } from './answer-parts.ts';

/** A constraint of one kind of question, in terms of its numbers. */
export interface ConstraintRow<Numbers> {
  readonly name: string;
  readonly unit: string;
  readonly limit: (numbers: Numbers) => number;
  readonly used: (numbers: Numbers) => number | null;
  /** What one step further would use; left out where there is no such step. */
  readonly next?: (numbers: Numbers) => number | null;
  readonly binds: (numbers: Numbers) => boolean;
  /** Left out: always. */
  readonly applies?: (numbers: Numbers) => boolean;
}

/** The rows that apply, with what the numbers say of each. */
export function rowStates<Numbers>(rows: readonly ConstraintRow<Numbers>[], numbers: Numbers): ConstraintState[] {
  return rows
    .filter(({ applies }) => applies?.(numbers) ?? true)
    .map(({ name, unit, limit, used, next, binds }) => ({
      name,
      unit,
      limit: limit(numbers),
      used: used(numbers),
      next: next?.(numbers) ?? null,
      binds: binds(numbers),
    }));
}

/** Every constraint of two verdicts: what is broken one step further is binding. */
export function verdictStates(here: VmVerdict, further: VmVerdict | null): ConstraintState[] {
  const states = new Map<string, ConstraintState>();
  for (const use of here.uses) {
    const name = constraintName(use);
    if (states.has(name)) continue;
    states.set(name, {
      name,
      unit: CONSTRAINTS[use.id].unit,
      limit: use.limit,
      used: use.used,
      next: null,
      binds: false,
    });
  }
  const met = new Set<string>();
  for (const use of further?.uses ?? []) {
    const name = constraintName(use);
    if (met.has(name)) continue;
    met.add(name);
    const { unit, limit, used } = states.get(name) ?? { unit: CONSTRAINTS[use.id].unit, limit: use.limit, used: null };
    states.set(name, { name, unit, limit, used, next: use.used, binds: use.broken });
  }
  return [...states.values()];
}
