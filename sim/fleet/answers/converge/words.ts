/**
 * What is said of `converge`.
 */
import { formatGigabytes, formatNs } from '../../../base/units.ts';
import type { AnswerTable, AnswerWords, MethodPair } from '../answer-parts.ts';
import { BAND_ENDS, partsTable } from '../pause-parts.ts';
import { methodPhrase } from '../phrases.ts';
import { lastLimitNs } from './constraints.ts';
import type { ConvergeChange, ConvergeNumbers, TriedSteps } from './numbers.ts';

const CHANGES: Readonly<Record<ConvergeChange, string>> = {
  twiceLine: 'twice the line',
  autoConverge: 'auto-converge, which slows the guest',
};

export function convergeWords(numbers: ConvergeNumbers): AnswerWords {
  const { value, tried, relaxing, parts } = numbers;
  return {
    sentences: value === null ? [infeasibleSentence(numbers)] : feasibleSentences(numbers, value),
    proof: tried.map((each) => ({
      at: each.at,
      holds: each.moved,
      method: methodPhrase(each.simulated),
      finding: findingPhrase(each),
    })),
    relaxing: relaxing.map(({ change, answer }) => ({ change: CHANGES[change], answer })),
    tables: [stepTable(numbers), ...(parts === null ? [] : [partsTable(parts)])],
    methods: methodPairs(numbers),
    nearest: value === null ? nearestSentence(numbers) : null,
  };
}

function feasibleSentences(numbers: ConvergeNumbers, step: number): readonly string[] {
  const { steps, limitNs, stoppedAtNs, pauseNs } = numbers;
  return [
    `It converges at step ${step} of ${steps.length}, with a limit of ${formatNs(limitNs)}, ` +
      `${formatNs(stoppedAtNs)} after the begin; it then stands still for ${formatNs(pauseNs)}.`,
    `What binds is the limit: ${ratesPhrase(numbers)}.`,
  ];
}

function infeasibleSentence(numbers: ConvergeNumbers): string {
  return (
    `It does not converge within ${formatNs(numbers.timeoutNs)}: ${ratesPhrase(numbers)}; ` +
    `the last limit is ${formatNs(lastLimitNs(numbers))}.`
  );
}

/** What the stream carries against what the guest writes. */
function ratesPhrase(numbers: ConvergeNumbers): string {
  const { carriedBytesPerSecond, carriedBound, dirtiedBytes, dirtiedBytesPerSecond } = numbers;
  return (
    `the stream carries ${formatGigabytes(carriedBytesPerSecond)} per second, bound by ${carriedBound}, and ` +
    `the guest left ${formatGigabytes(dirtiedBytes)} dirty in its last round (${formatGigabytes(dirtiedBytesPerSecond)} per second)`
  );
}

function findingPhrase({ moved, pauseNs, totalNs }: TriedSteps): string {
  return moved ? `stopped for ${formatNs(pauseNs)}` : `given up after ${formatNs(totalNs)}`;
}

/** Closed form against simulation, at the answer. */
function methodPairs({ tried, pauseNs, totalNs }: ConvergeNumbers): readonly MethodPair[] {
  const found = tried.at(-1);
  if (found?.simulated !== true) return [];
  return [
    { figure: 'pause', unit: 'ns', closedForm: pauseNs, simulated: found.pauseNs },
    { figure: 'whole move', unit: 'ns', closedForm: totalNs, simulated: found.totalNs },
  ];
}

function nearestSentence({ limitNs }: ConvergeNumbers): string {
  return Number.isFinite(limitNs)
    ? `The nearest that converges: a limit of ${formatNs(limitNs)} from the begin.`
    : 'No downtime limit makes it converge in that time: give a faster line, auto-converge, or a guest that writes less.';
}

function stepTable({ steps, band }: ConvergeNumbers): AnswerTable {
  return {
    title: 'Steps of the limit',
    columns: [
      { name: 'step', title: 'step', unit: '' },
      { name: 'afterNs', title: 'after', unit: 'ns' },
      { name: 'limitNs', title: 'limit', unit: 'ns' },
      { name: 'short', title: 'short', unit: '' },
      { name: 'point', title: 'best guess', unit: '' },
      { name: 'long', title: 'long', unit: '' },
    ],
    rows: steps.map(({ afterNs, limitNs }, i) => [
      i + 1,
      afterNs,
      limitNs,
      ...BAND_ENDS.map((end) => (band[end] === i + 1 ? 'converges' : '')),
    ]),
  };
}
