/**
 * Words on the guarantee of an answer: what it holds for, which unknown decides, and what a lucky move would do.
 */
import type { Decider } from '../deciders.ts';
import type { StatedGuarantee } from '../guarantee.ts';
import { parameterWords } from '../../scenario/parameter-words.ts';
import { quantity } from './phrases.ts';

interface Guaranteed {
  readonly value: number | null;
  readonly unit: string;
  /** With nominal parameters, wherever the iterations end. */
  readonly band: { readonly point: number | null };
  /** Null or left out: it is judged by nominal parameters. */
  readonly guarantee?: StatedGuarantee | null;
  /** The number of a move with nominal parameters, whose iterations end as they happen to. */
  readonly lucky: number | null;
  readonly deciders: readonly Decider[];
}

/** @param easier which other numbers hold too, such as `every smaller number` */
export function guaranteeSentences(numbers: Guaranteed, easier: string): readonly string[] {
  const { value, unit, band, guarantee, lucky } = numbers;
  const decides = deciderSentence(numbers);
  const luck =
    lucky === null || lucky === band.point || lucky === value
      ? []
      : [`A nominal move whose iterations happen to end well allows ${quantity(lucky, unit)}: not to be relied on.`];
  return [...(value === null ? [] : [holdsSentence(guarantee ?? null, easier)]), ...decides, ...luck];
}

function holdsSentence(guarantee: StatedGuarantee | null, easier: string): string {
  const phases = `It holds with ${easier}, wherever iterations end`;
  if (guarantee === null) return `${phases}, with nominal parameters.`;
  const { confidence, draws, needed, holding } = guarantee;
  const corners = confidence === 1 ? ' and in every corner' : '';
  return (
    `${phases}, in ${holding} of ${draws} draws of the unknowns${corners}; ` +
    `${needed} are needed for a confidence of ${percent(confidence)}.`
  );
}

function deciderSentence({ deciders }: Guaranteed): readonly string[] {
  const [first] = deciders;
  if (first === undefined) return [];
  const { name, share, range, measure } = first;
  return [
    `The pause depends most on: ${parameterWords(name)} (${range}), ${percent(share)} of its variance. To narrow it, ${measure}.`,
  ];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(share >= 0.995 ? 4 : 2))} %`;
}
