/**
 * An answer at a terminal: the sentence, the binding constraint, the proof, what relaxing buys, tables, and the tornado
 * as text.
 */
import type { Answer, AnswerTable, ConstraintState } from '../../../sim/fleet/answers/answer-parts.ts';
import type { Tornado } from '../../../sim/fleet/tornado.ts';
import { assumedSentence } from '../../../sim/manager/can-answer.ts';
import type { Output } from '../../io/output.ts';
import { type BareColumn, bareTable } from '../../show/bare-table.ts';
import { wrap } from '../../show/wrap.ts';
import { costsSentence, platformSentence } from '../platform/words.ts';
import type { PlanDocument, SweepDocument } from './document.ts';
import { parameterWords } from '../../../sim/scenario/parameter-words.ts';
import { bandSentence, besideLimit, presetsSentence, words } from './words.ts';

const WIDTH = 100;
const WIDTH_MAX = 140;
/** Parameters that are drawn, the longest bars first. */
const BARS_SHOWN = 8;
const BAR_WIDTH = 24;
const ROWS_SHOWN = 12;

function sayAssumed({ assume = {}, asOf = [] }: PlanDocument['question'], output: Output): void {
  const assumed = assumedSentence(assume);
  const sentences = [...(assumed === null ? [] : [assumed]), ...asOf];
  for (const sentence of sentences) output.text(wrap(sentence, Math.min(output.columns ?? WIDTH, WIDTH_MAX)));
}

export function printPlan(
  { question, answer, platform, costs, costNotes, presets = [] }: PlanDocument,
  output: Output,
): void {
  const width = Math.min(output.columns ?? WIDTH, WIDTH_MAX);
  const { wide } = output;
  output.text(output.style('bold', question.name));
  output.text(wrap(`${question.description}.`, width));
  sayAssumed(question, output);
  if (platform !== undefined) output.text(wrap(platformSentence(platform), width));
  if (costs !== undefined) output.text(wrap(costsSentence(costs, costNotes), width));
  output.text('');
  for (const sentence of answer.sentences) output.text(wrap(sentence, width));
  if (answer.nearest !== null) output.text(wrap(answer.nearest, width));
  output.text(wrap(bandSentence(answer), width));
  if (presets.length > 0) output.text(wrap(presetsSentence(presets), width));
  const titled = (title: string, text: string): void => output.text(`\n${output.style('bold', title)}\n${text}`);
  if (answer.constraints.length > 0) titled('What must hold', constraintTable(answer.constraints, wide));
  if (answer.proof.length > 0) titled('Shown by', proofTable(answer, wide));
  const bought = answer.relaxing.filter((each) => each.answer !== null);
  if (bought.length > 0) {
    titled(
      'What relaxing buys',
      bareTable(
        columns('l', 'r', ['change', 'answer']),
        bought.map(({ change, answer: then }) => [change, words(then, answer.unit)]),
        { wide },
      ),
    );
  }
  for (const table of answer.tables) titled(table.title, tableText(table, wide));
  if (answer.tornado !== null && answer.tornado.bars.length > 0) {
    const { figure, value, unit } = answer.tornado;
    titled(
      `What the ${figure} (${words(value, unit)}) depends on, one parameter at a time`,
      tornadoText(answer.tornado, wide),
    );
  }
  for (const { figure, unit, closedForm, simulated } of answer.methods) {
    const apart = simulated === 0 ? '' : `, ${(100 * (closedForm / simulated - 1)).toFixed(2)} % apart`;
    output.text(
      wrap(`\n${figure}: closed form ${words(closedForm, unit)}, simulated ${words(simulated, unit)}${apart}.`, width),
    );
  }
  output.text(
    wrap(
      '\nAll figures are modelled. Intervals are of 80 %; in a corner all parameters are at the ends that make pauses ' +
        'short (low) or long (high): docs/pause.md.',
      width,
    ),
  );
}

export function printSweep({ question, cells, presets = [] }: SweepDocument, output: Output): void {
  output.text(output.style('bold', question.name));
  if (presets.length > 0) output.text(presetsSentence(presets));
  sayAssumed(question, output);
  const fields = Object.keys(cells[0]?.at ?? {});
  const rows = cells.map(({ at, outcome }) => {
    const where = fields.map((field) => String(at[field]));
    if (outcome.kind === 'refused') return [...where, 'refused', '', '', outcome.why];
    const { value, unit, interval, binding, nearest } = outcome;
    const one = (figure: number | null): string => (figure === null ? 'none' : words(figure, unit));
    return [
      ...where,
      one(value),
      one(interval?.low ?? null),
      one(interval?.high ?? null),
      nearest ?? binding.join('; '),
    ];
  });
  const heads = [...fields, 'answer', 'low', 'high', 'binding constraint'];
  output.text(
    bareTable(
      heads.map((head, i): BareColumn => ({ head, align: i === heads.length - 1 ? 'left' : 'right' })),
      rows,
      { wide: output.wide },
    ),
  );
}

function columns(first: 'l' | 'r', others: 'l' | 'r', heads: readonly string[]): BareColumn[] {
  const align = (letter: 'l' | 'r'): BareColumn['align'] => (letter === 'l' ? 'left' : 'right');
  return heads.map((head, index) => ({ head, align: align(index === 0 ? first : others) }));
}

function constraintTable(states: readonly ConstraintState[], wide: boolean): string {
  return bareTable(
    columns('l', 'r', ['constraint', 'here', 'limit', 'one further', '']),
    states.map(({ name, unit, used, limit, next, binds }) => [
      name,
      used === null ? '' : besideLimit(used, limit, unit, words),
      words(limit, unit),
      next === null ? '' : besideLimit(next, limit, unit, words),
      binds ? 'binding' : '',
    ]),
    { wide },
  );
}

function proofTable({ proof, unit }: Answer, wide: boolean): string {
  return bareTable(
    [...columns('r', 'l', ['at', '', 'by', 'finding'])],
    proof.map(({ at, holds, method, finding }) => [
      unit === 'ns' ? String(at) : words(at, unit),
      holds ? 'holds' : 'does not',
      method,
      finding,
    ]),
    { wide },
  );
}

function tableText({ columns: heads, rows }: AnswerTable, wide: boolean): string {
  const shown = rows.length <= ROWS_SHOWN * 2 ? rows : rows.slice(0, ROWS_SHOWN);
  const text = bareTable(
    heads.map(({ title }, index): BareColumn => ({ head: title, align: index === 0 ? 'left' : 'right' })),
    shown.map((row) => row.map((value, index) => words(value, heads[index]!.unit))),
    { wide },
  );
  return shown.length < rows.length ? `${text}\n… and ${rows.length - shown.length} more; --json has all` : text;
}

/** Each bar goes from low to high; `|` is the nominal value. */
function tornadoText({ value, unit, bars }: Tornado, wide: boolean): string {
  const shown = bars.slice(0, BARS_SHOWN);
  const low = Math.min(value, ...shown.flatMap(({ short, long }) => [short, long]));
  const high = Math.max(value, ...shown.flatMap(({ short, long }) => [short, long]));
  const place = (at: number): number => Math.round(((at - low) / (high - low || 1)) * (BAR_WIDTH - 1));
  const draw = (from: number, to: number): string => {
    const [a, b] = [place(Math.min(from, to, value)), place(Math.max(from, to, value))];
    const middle = place(value);
    return Array.from({ length: BAR_WIDTH }, (_, i) => (i === middle ? '|' : i >= a && i <= b ? '=' : ' ')).join('');
  };
  return bareTable(
    [
      { head: 'parameter', align: 'left' },
      { head: 'from', align: 'left' },
      { head: 'low', align: 'right' },
      { head: '', align: 'left' },
      { head: 'high', align: 'left' },
    ],
    shown.map(({ parameter, from, short, long }) => [
      parameterWords(parameter),
      from,
      words(short, unit),
      draw(short, long),
      words(long, unit),
    ]),
    { wide },
  );
}
