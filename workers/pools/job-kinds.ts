/**
 * All kinds of jobs: threads, and whatever else runs cells that came as data, find their functions here.
 */
import { CHECK_CELL } from './check-cell.ts';
import type { AnyJobKind } from './job.ts';
import { PLAN_ANSWER } from './plan-answer.ts';
import { SCENARIO_END } from './scenario-end.ts';

export const JOB_KINDS: readonly AnyJobKind[] = [PLAN_ANSWER, SCENARIO_END, CHECK_CELL];
