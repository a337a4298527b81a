/**
 * A question answered, with progress.
 */
import { answer } from '../../../sim/fleet/answer.ts';
import type { Output } from '../../io/output.ts';
import { type PlanDocument, planDocument } from '../../documents/plan/document.ts';
import type { AskedQuestion } from './read-question.ts';

export interface PlayOptions {
  readonly output: Output;
  readonly tornado: boolean;
}

/** Most answers are there before anybody asks how far they are. */
const QUIET_MS = 2000;

export function playPlan(asked: AskedQuestion, { output, tornado }: PlayOptions): PlanDocument {
  const progress = output.progress();
  const startedMs = performance.now();
  try {
    const given = answer(asked.question, asked.files, asked.file, {
      tornado,
      onProgress: (done, total, what) => {
        if (performance.now() - startedMs > QUIET_MS) progress.update(done, total, what);
      },
    });
    return planDocument(asked, given);
  } finally {
    progress.stop();
  }
}
