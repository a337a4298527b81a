/**
 * What is said of `compare`.
 */
import { bug } from '../../../base/bug.ts';
import { formatNs } from '../../../base/units.ts';
import { FACTS, factWords } from '../../../driver/generation-facts.ts';
import { GENERATIONS } from '../../../driver/generation.ts';
import type { AnswerTable, AnswerWords } from '../answer-parts.ts';
import type { CompareNumbers, VariantNumbers } from './numbers.ts';

export function compareWords(numbers: CompareNumbers): AnswerWords {
  const { value, variants, facts } = numbers;
  return {
    sentences: [bestSentence(numbers), withinSentence(numbers)],
    proof: [],
    relaxing: [],
    tables: [variantTable(variants), ...(facts.length === 0 ? [] : [factTable(numbers)])],
    methods: variants.flatMap(({ name, closedFormNs, pauseNs }) =>
      closedFormNs === null
        ? []
        : [{ figure: `pause, ${name}`, unit: 'ns', closedForm: closedFormNs, simulated: pauseNs.point }],
    ),
    nearest: value === null ? `The nearest that holds: a budget of ${formatNs(bestOf(numbers).judgedNs)}.` : null,
  };
}

function bestSentence(numbers: CompareNumbers): string {
  const { name, pauseNs, deviceNs } = bestOf(numbers);
  const [first] = numbers.variants;
  const gain =
    first === undefined || numbers.best === 0
      ? ''
      : `, ${formatNs(first.pauseNs.point - pauseNs.point)} less than ${first.name}`;
  return (
    `${name} has the shortest pause, ${formatNs(pauseNs.point)} (${formatNs(pauseNs.short)} to ` +
    `${formatNs(pauseNs.long)})${gain}; ${formatNs(deviceNs)} of it are steps of VFs.`
  );
}

function bestOf({ variants, best }: CompareNumbers): VariantNumbers {
  return variants[best] ?? bug('NO_VARIANT', best);
}

function withinSentence({ variants, budgetNs }: CompareNumbers): string {
  const within = variants.filter(({ withinBudget }) => withinBudget).map(({ name }) => name);
  if (within.length === 0) return `None of them stays within ${formatNs(budgetNs)}.`;
  return `${within.join(', ')} ${within.length === 1 ? 'stays' : 'stay'} within ${formatNs(budgetNs)}.`;
}

function variantTable(variants: CompareNumbers['variants']): AnswerTable {
  return {
    title: 'Variants',
    columns: [
      { name: 'variant', title: 'variant', unit: '' },
      { name: 'short', title: 'pause, short', unit: 'ns' },
      { name: 'point', title: 'best guess', unit: 'ns' },
      { name: 'long', title: 'long', unit: 'ns' },
      { name: 'deviceNs', title: 'steps of VFs', unit: 'ns' },
      { name: 'accesses', title: 'register accesses', unit: '' },
    ],
    rows: variants.map(({ name, pauseNs, deviceNs, accesses }) => [
      name,
      pauseNs.short,
      pauseNs.point,
      pauseNs.long,
      deviceNs,
      accesses,
    ]),
  };
}

function factTable({ drivers, facts }: CompareNumbers): AnswerTable {
  return {
    title: 'Facts of the driver generations that differ',
    columns: ['fact', ...drivers].map((title) => ({ name: title, title, unit: '' })),
    rows: facts.map((name) => [FACTS[name].what, ...drivers.map((id) => factWords(GENERATIONS[id], name))]),
  };
}
