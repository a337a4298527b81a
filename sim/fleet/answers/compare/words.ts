/**
 * What is said of `compare`.
 */
import { bug } from '../../../base/bug.ts';
import { formatNs } from '../../../base/units.ts';
import { FACTS, factWords } from '../../../driver/generation-facts.ts';
import { GENERATIONS } from '../../../driver/generation.ts';
import { blockerPhrase, reasonPhrase } from '../../../memory/cause-words.ts';
import type { AnswerTable, AnswerWords } from '../answer-parts.ts';
import type { CompareNumbers, NotMoved, VariantNumbers } from './numbers.ts';

export function compareWords(numbers: CompareNumbers): AnswerWords {
  const { value, variants, facts, best } = numbers;
  return {
    sentences: [
      best === null ? 'None of them moves.' : bestSentence(numbers, bestOf(variants, best)),
      ...variants.flatMap(({ name, notMoved }) => (notMoved === null ? [] : [stayingSentence(name, notMoved)])),
      ...(best === null ? [] : [withinSentence(numbers)]),
    ],
    proof: [],
    relaxing: [],
    tables: [variantTable(variants), ...(facts.length === 0 ? [] : [factTable(numbers)])],
    methods: variants.flatMap(({ name, closedFormNs, pauseNs }) =>
      closedFormNs === null || pauseNs.point === null
        ? []
        : [{ figure: `pause, ${name}`, unit: 'ns', closedForm: closedFormNs, simulated: pauseNs.point }],
    ),
    nearest: value === null ? nearestSentence(variants, best) : null,
  };
}

function nearestSentence(variants: CompareNumbers['variants'], best: number | null): string {
  return best === null
    ? 'Nothing but other limits or another VM lets one of them move.'
    : `The nearest that holds: a budget of ${formatNs(bestOf(variants, best).judgedNs ?? bug('NOT_MOVED', best))}.`;
}

function bestSentence({ variants }: CompareNumbers, { name, pauseNs, interval, deviceNs }: VariantNumbers): string {
  const [first] = variants;
  const pointNs = pauseNs.point ?? bug('NOT_MOVED', name);
  const { low, high } = interval;
  const range =
    low === null ? 'in no draw' : high === null ? `${formatNs(low)} or more` : `${formatNs(low)} to ${formatNs(high)}`;
  const less = (first?.pauseNs.point ?? pointNs) - pointNs;
  const gain =
    first === undefined || first.name === name || less <= 0 ? '' : `, ${formatNs(less)} less than ${first.name}`;
  return `${name} has the shortest pause, ${formatNs(pointNs)} (${range})${gain}; ${formatNs(deviceNs ?? 0)} of it are steps of VFs.`;
}

/** Why a variant does not move, as it was recorded. */
function stayingSentence(name: string, { failed, cause }: NotMoved): string {
  const why = failed === null ? [reasonPhrase(cause, false), blockerPhrase(cause)] : [failed];
  return `${name} does not move: ${why.filter((each) => each !== '').join('; ')}.`;
}

function bestOf(variants: CompareNumbers['variants'], best: number): VariantNumbers {
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
      { name: 'point', title: 'pause', unit: 'ns' },
      { name: 'low', title: 'low', unit: 'ns' },
      { name: 'high', title: 'high', unit: 'ns' },
      { name: 'long', title: 'every corner', unit: 'ns' },
      { name: 'deviceNs', title: 'steps of VFs', unit: 'ns' },
      { name: 'accesses', title: 'register accesses', unit: '' },
    ],
    rows: variants.map(({ name, pauseNs, interval, deviceNs, accesses }) => [
      name,
      pauseNs.point,
      interval.low,
      interval.high,
      cornerNs(pauseNs),
      deviceNs,
      accesses,
    ]),
  };
}

/** The longest of the corners; null where it does not move in one of them. */
function cornerNs({ short, point, long }: VariantNumbers['pauseNs']): number | null {
  return short === null || point === null || long === null ? null : Math.max(short, point, long);
}

function factTable({ drivers, facts }: CompareNumbers): AnswerTable {
  return {
    title: 'Facts of the driver generations that differ',
    columns: ['fact', ...drivers].map((title) => ({ name: title, title, unit: '' })),
    rows: facts.map((name) => [FACTS[name].what, ...drivers.map((id) => factWords(GENERATIONS[id], name))]),
  };
}
