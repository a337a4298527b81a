/**
 * What is said of `at-once`.
 */
import { countOf, formatNs } from '../../../base/units.ts';
import type { AnswerWords, ConstraintState } from '../answer-parts.ts';
import { guaranteeSentences } from '../guarantee-words.ts';
import { partsTable } from '../pause-parts.ts';
import { bindingSentence, proofOf } from '../phrases.ts';
import type { AtOnceQuestion } from './moves-at-once.ts';
import type { AtOnceChange, AtOnceNumbers } from './numbers.ts';

const WHERE: Readonly<Record<AtOnceQuestion['over'], string>> = {
  host: 'from one host',
  pf: 'over one PF',
  uplink: 'over one uplink',
};

const CHANGES: Readonly<Record<AtOnceChange, string>> = {
  twicePause: 'twice the pause budget',
  twiceHostLink: "twice the host's link",
  twiceUplink: 'twice the uplink',
};

export function atOnceWords(numbers: AtOnceNumbers, constraints: readonly ConstraintState[]): AnswerWords {
  const { value, over, tried, relaxing, parts, methods } = numbers;
  const knows = over === 'pf' ? ' (the closed form knows of no waiting for the PF)' : '';
  return {
    sentences: [sentence(numbers, constraints), ...guaranteeSentences(numbers, 'every smaller number')],
    proof: proofOf(tried),
    relaxing: relaxing.map(({ change, answer }) => ({ change: CHANGES[change], answer })),
    tables: parts === null ? [] : [partsTable(parts)],
    methods: methods.map(({ moves, closedFormNs, simulatedNs }) => ({
      figure: `pause with ${moves} at once${knows}`,
      unit: 'ns',
      closedForm: closedFormNs,
      simulated: simulatedNs,
    })),
    nearest: value === null ? nearestSentence(numbers) : null,
  };
}

function sentence({ value, over, budgetNs }: AtOnceNumbers, constraints: readonly ConstraintState[]): string {
  const binding = constraints.filter(({ binds }) => binds);
  if (value === null) {
    return `Not even one move ${WHERE[over]}: ${binding.map(({ name }) => `${name} cannot be met`).join('; ')}.`;
  }
  const what = binding.length === 0 ? 'More were not asked for.' : bindingSentence(constraints);
  return `At most ${countOf(value, 'move')} at once ${WHERE[over]}, each with a pause of at most ${formatNs(budgetNs)}. ${what}`;
}

function nearestSentence({ nearestBudgetNs }: AtOnceNumbers): string {
  return nearestBudgetNs === null
    ? 'The nearest that holds is another VM, link or limit.'
    : `The nearest that holds: one at a time with a budget of ${formatNs(nearestBudgetNs)}.`;
}
