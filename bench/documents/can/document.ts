/**
 * The answer of `stopcopy can` as one JSON document. docs/can.md describes it.
 */
import type { CanAnswer } from '../../../sim/manager/can-answer.ts';
import { CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import { asOfSentences } from '../../../sim/manager/coverage.ts';
import type { CanQuestion } from '../../../sim/manager/question.ts';
import { type Basis, EVIDENCE, SOURCES } from '../../../sim/manager/source.ts';
import { type DocumentHead, documentHead } from '../../io/document-head.ts';

export interface CanDocument extends DocumentHead, Omit<CanAnswer, 'facts'> {
  readonly question: CanQuestion;
  /** Whether the VM arrives with all of its state. */
  readonly moves: boolean;
  readonly facts: readonly { readonly source: string; readonly date: string; readonly evidence: string }[];
}

export function canDocument(question: CanQuestion, answer: CanAnswer): CanDocument {
  return {
    ...documentHead('stopcopy-can-answer'),
    question,
    ...answer,
    moves: CAN_OUTCOMES[answer.outcome].moves,
    facts: uniqueFacts(answer.facts),
  };
}

function uniqueFacts(facts: readonly Basis[]): CanDocument['facts'] {
  const lines = new Map<string, CanDocument['facts'][number]>();
  for (const { source, evidence } of facts) {
    const { title, date } = SOURCES[source];
    lines.set(`${source} ${evidence}`, { source: title, date, evidence: EVIDENCE[evidence] });
  }
  return [...lines.values()];
}

/** What is kept of the answer where a move is played. */
export interface PlayedCan extends Pick<CanAnswer, 'outcome' | 'condition' | 'why' | 'notes'> {
  /** As of when it answers for releases that are later than all that is on record; left out: none is. */
  readonly asOf?: readonly string[];
}

export function playedCan({
  question,
  answer: { outcome, condition, why, notes },
}: {
  readonly question: CanQuestion;
  readonly answer: CanAnswer;
}): PlayedCan {
  const asOf = asOfSentences(question);
  return { outcome, condition, why, notes, ...(asOf.length === 0 ? {} : { asOf }) };
}
