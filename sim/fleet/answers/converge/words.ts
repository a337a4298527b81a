/**
 * What is said of `converge`.
 */
import { formatNs } from '../../../base/units.ts';
import { blockerPhrase, bytesPhrase, reasonPhrase, WRITER_WORDS } from '../../../memory/cause-words.ts';
import { BOUND_WORDS } from '../../../memory/stream.ts';
import type { AnswerTable, AnswerWords, MethodPair } from '../answer-parts.ts';
import { BAND_ENDS, partsTable } from '../pause-parts.ts';
import { formatLong, methodPhrase } from '../phrases.ts';
import { lastLimitNs } from './constraints.ts';
import type { ConvergeChange, ConvergeNumbers, TriedSteps } from './numbers.ts';

const CHANGES: Readonly<Record<ConvergeChange, string>> = {
  twiceLink: 'twice the link rate',
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
      `${formatLong(stoppedAtNs)} after the start; the pause is ${formatNs(pauseNs)}.`,
    `Binding constraint: the downtime limit; ${ratesPhrase(numbers)}.`,
  ];
}

function infeasibleSentence(numbers: ConvergeNumbers): string {
  return (
    `It does not move, and is given up after ${formatLong(numbers.totalNs)}: ${reasonPhrase(numbers.cause, false)}; ` +
    `${blockerPhrase(numbers.cause)}. The stream is limited by ${BOUND_WORDS[numbers.carriedBound]}, and the last limit is ` +
    `${formatNs(lastLimitNs(numbers))}.`
  );
}

/** What the stream carries against what is written. */
function ratesPhrase(numbers: ConvergeNumbers): string {
  const { cause, carriedBytesPerSecond, carriedBound, dirtiedBytes, dirtiedBytesPerSecond } = numbers;
  return (
    `the stream carries ${bytesPhrase(carriedBytesPerSecond)} per second, limited by ${BOUND_WORDS[carriedBound]}, and ` +
    `${WRITER_WORDS[cause.writers].left} ${bytesPhrase(dirtiedBytes)} dirty in its last iteration (${bytesPhrase(dirtiedBytesPerSecond)} per second)`
  );
}

function findingPhrase({ moved, pauseNs, totalNs }: TriedSteps): string {
  return moved ? `pause of ${formatNs(pauseNs)}` : `given up after ${formatLong(totalNs)}`;
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

function nearestSentence(numbers: ConvergeNumbers): string {
  const { isGated, limitNs, neededTimeoutNs, neededTimeoutNsPerGib, relaxing } = numbers;
  if (Number.isFinite(limitNs) && isGated)
    return `The nearest that moves: kubevirt.maxDowntime of ${formatNs(limitNs)}.`;
  if (Number.isFinite(limitNs)) return `The nearest that moves: a limit of ${formatNs(limitNs)} from the start.`;
  if (Number.isFinite(neededTimeoutNs)) {
    const perGib = `${formatNs(neededTimeoutNsPerGib)} per GiB`;
    return `The nearest that moves: a time-out of ${formatNs(neededTimeoutNs)} or more, such as ${perGib}; no downtime limit is enough in the time that it has.`;
  }
  const helps = relaxing.filter(({ answer }) => answer !== null).map(({ change }) => CHANGES[change]);
  return helps.length === 0
    ? 'Nothing that was tried lets it move: no downtime limit, no time-out, not twice the link rate.'
    : `No downtime limit and no time-out lets it move; what does: ${helps.join(', ')}.`;
}

function stepTable({ steps, band }: ConvergeNumbers): AnswerTable {
  return {
    title: 'Steps of the limit',
    columns: [
      { name: 'step', title: 'step', unit: '' },
      { name: 'afterNs', title: 'after', unit: 'ns' },
      { name: 'limitNs', title: 'limit', unit: 'ns' },
      { name: 'short', title: 'low corner', unit: '' },
      { name: 'point', title: 'nominal', unit: '' },
      { name: 'long', title: 'high corner', unit: '' },
    ],
    rows: steps.map(({ afterNs, limitNs }, i) => [
      i + 1,
      afterNs,
      limitNs,
      ...BAND_ENDS.map((end) => (band[end] === i + 1 ? 'converges' : '')),
    ]),
  };
}
