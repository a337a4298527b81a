/**
 * The answer of `stopcopy can` for a reader at a terminal: the outcome, what decides, the words in which it is met, what to change.
 */
import { assumedSentence, CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import type { Output } from '../../io/output.ts';
import { wrap } from '../../show/wrap.ts';
import type { CanDocument } from './document.ts';

const WIDTH = 100;

/** @param document the answer; of a run that is not played, as its document has it */
export function printCan(document: Omit<CanDocument, 'format' | 'version' | 'stopcopy'>, output: Output): void {
  const say = (text: string): void => output.text(wrap(text, Math.min(output.columns ?? WIDTH, WIDTH)));
  const heading = (title: string): void => output.text(`\n${output.style('bold', title)}`);
  const list = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    heading(title);
    for (const line of lines) output.text(indented(line, Math.min(output.columns ?? WIDTH, WIDTH)));
  };
  output.text(output.style('bold', `${CAN_OUTCOMES[document.outcome].title}.`));
  const assumed = assumedSentence(document.question.assume);
  if (assumed !== null) say(assumed);
  say(document.why);
  // As it is printed, to be searched for: not wrapped.
  if (document.messages.length > 0) heading('What is printed');
  for (const { by, where, text } of document.messages) {
    output.text(`  ${by}, ${where}:\n    ${text ?? '(the words of this release are not on record)'}`);
  }
  list(
    'Missing facts',
    document.asks.flatMap(({ field, gives }) => [
      `  ${field}`,
      ...gives.map(({ value, outcomes }) => `    ${value}: ${outcomes.map((each) => titleOf(each)).join('; or ')}`),
    ]),
  );
  const open = document.outcome === 'asks' && document.condition !== 'notOnRecord';
  list('What to change', open ? [] : document.change.map((line) => `  ${line}`));
  list(
    'Also',
    document.notes.map((line) => `  ${line}`),
  );
  list(
    'Facts',
    document.facts.map(({ source, date, evidence }) => `  ${source} (${date}), ${evidence}`),
  );
}

/** Further lines stand below the first word. */
function indented(line: string, width: number): string {
  const blanks = /^ */.exec(line)![0];
  return wrap(line.trimStart(), width - blanks.length)
    .split('\n')
    .map((each) => blanks + each)
    .join('\n');
}

function titleOf(outcome: keyof typeof CAN_OUTCOMES): string {
  const { title } = CAN_OUTCOMES[outcome];
  return title.charAt(0).toLowerCase() + title.slice(1);
}
