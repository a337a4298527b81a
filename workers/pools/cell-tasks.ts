/**
 * Task of the pool that a sweep of a plan runs on: one cell of the grid, answered.
 */
import { UserError } from '../../sim/base/user-error.ts';
import { answer, type QuestionFiles } from '../../sim/fleet/answer.ts';
import type { Answer } from '../../sim/fleet/answers/answer-parts.ts';
import type { Question } from '../../sim/fleet/question.ts';

export interface CellTask {
  readonly question: Question;
  readonly files: QuestionFiles;
  /** Name of the question, for messages. */
  readonly file: string;
}

/** What a cell came to: the heart of its answer, or why it cannot be. */
export type PoolOutcome =
  | (Pick<Answer, 'feasible' | 'value' | 'unit' | 'band' | 'nearest'> & {
      readonly kind: 'answered';
      /** Names of the constraints that bind. */
      readonly binding: readonly string[];
    })
  | { readonly kind: 'refused'; readonly why: string };

export function planCell({ question, files, file }: CellTask): PoolOutcome {
  try {
    const { feasible, value, unit, band, nearest, constraints } = answer(question, files, file, { tornado: false });
    const binding = constraints.filter(({ binds }) => binds).map(({ name }) => name);
    return { kind: 'answered', feasible, value, unit, band, nearest, binding };
  } catch (error) {
    // The class of an error does not survive the way between threads.
    if (error instanceof UserError) return { kind: 'refused', why: error.message };
    throw error;
  }
}
