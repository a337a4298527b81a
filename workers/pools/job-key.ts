/**
 * Keys of cells: SHA-256 over everything that a cell's value depends on. Equal keys are the same work, wherever and whenever
 * it was done.
 */
import { createHash } from 'node:crypto';

import { canonicalText } from '../../sim/base/plain-data.ts';
import { COST } from '../../sim/device/costs.ts';
import { VMM_PARAMETER } from '../../sim/memory/parameters.ts';
import { PUBLISHED_PARAMETERS } from '../../sim/workload/published/experiments.ts';
import { JOB_RATES } from '../../sim/workload/rates.ts';
import type { JobKind, JobSet } from './job.ts';

/** What is asked of all cells of a set. */
export interface Asked<Question> {
  readonly question: Question;
  /** {@link dataVersion}. */
  readonly data: string;
}

/**
 * Puts cells of one kind together.
 *
 * @throws Bug NOT_PLAIN for a question or a cell that is no plain data
 */
export function jobSet<Question, Cell, Value>(
  kind: JobKind<Question, Cell, Value>,
  { question, data }: Asked<Question>,
  cells: readonly Cell[],
): JobSet<Question, Cell, Value> {
  // The question is the same in all cells and may be long: its hash stands for it.
  const head = { kind: kind.name, version: kind.version, data, question: sha256(canonicalText(question)) };
  return { kind, question, cells: cells.map((cell) => ({ key: sha256(canonicalText({ ...head, cell })), cell })) };
}

/**
 * What cells depend on in addition to their arguments: the release, and the constants of the model, which change more often.
 *
 * @param release version of the package
 */
export function dataVersion(release: string): string {
  return `${release} ${sha256(canonicalText([COST, VMM_PARAMETER, JOB_RATES, PUBLISHED_PARAMETERS]))}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
