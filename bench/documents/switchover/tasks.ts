/**
 * A VM's account of its tasks, at the end of its life.
 */
import { countOf } from '../../../sim/base/units.ts';
import type { CheckReport } from '../../../sim/workload/checker.ts';

/** For a document: counts, and the first findings. */
export function tasksDocument({ ok, accepted, completed, lostTasks, violationCount, violations }: CheckReport): object {
  return { ok, accepted, completed, lost: lostTasks, violations: violationCount, first: violations.slice(0, 10) };
}

/** In a sentence. */
export function tasksText({ ok, accepted, completed, lostTasks, violationCount }: CheckReport): string {
  const counts = `${countOf(accepted, 'task')} accepted, ${completed} completed`;
  return ok
    ? `${counts}, each exactly once and in order`
    : `${counts}, ${lostTasks} lost, ${violationCount} went wrong`;
}
