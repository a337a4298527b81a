/**
 * The interval of an answer: what is asked for, in draws of everything unknown.
 *
 * A tenth of the draws with an answer lies below the interval and a tenth above, and it holds the nominal answer. Where one
 * answer is a closed form, all draws are answered. Where it takes the play of registers or of a fleet, draws are ranked by a closed form
 * of what is asked, and those at 10, 50 and 90 % are answered.
 */
import { placeAt } from '../base/draws.ts';
import type { OwnSpreads } from '../memory/platform.ts';
import { DRAWS, type Unknowns, unknownsOf } from '../scenario/unknowns.ts';

/** Questions have no seed: all are asked of the same draws. */
const SEED = 1;

/** Where the ends and the median of an interval stand among its draws. */
const PLACES = [0.1, 0.5, 0.9] as const;

export interface AnswerInterval {
  /** In the unit of the answer; null: a draw there has no answer, as nothing satisfies the question in it. */
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
  readonly draws: number;
  readonly seed: number;
  /** How many draws were answered in full, and in how many of these there is an answer. */
  readonly played: number;
  readonly answered: number;
  /** In how many draws what is answered holds; null: not all draws were answered, or the answer is no bound. */
  readonly holding: number | null;
}

/** At which end of the answers a draw without one stands: no number is less than any, no time is longer than any. */
export type NoAnswerIs = 'least' | 'most';

/** @param own parameters of a platform, in place of the shipped ones */
export function answerDraws(own?: OwnSpreads): Unknowns {
  return unknownsOf(SEED, own);
}

/**
 * By the answer in each draw; null: nothing satisfies the question in it.
 *
 * @param bound what is answered, where that is a bound; null: nothing, or it is none
 */
export function intervalOfDraws(
  nominal: number | null,
  answerIn: (draw: number) => number | null,
  none: NoAnswerIs,
  bound: number | null = null,
): AnswerInterval {
  const answers = Array.from({ length: DRAWS }, (_, draw) => answerIn(draw));
  const holds = (answer: number | null): boolean =>
    answer !== null && bound !== null && (none === 'least' ? answer >= bound : answer <= bound);
  const holding = bound === null ? null : answers.filter((answer) => holds(answer)).length;
  return { ...intervalFrom(nominal, answers, none), holding };
}

/** By the answers of three draws that stand for the others, ranked by a figure on which the answer depends. */
export function intervalOfRanked(
  nominal: number | null,
  rankOf: (draw: number) => number,
  answerIn: (draw: number) => number | null,
  none: NoAnswerIs,
): AnswerInterval {
  const ranks = Array.from({ length: DRAWS }, (_, draw) => rankOf(draw));
  const played = PLACES.map((share) => answerIn(placeAt(ranks, share)));
  return { ...intervalFrom(nominal, played, none), holding: null };
}

function intervalFrom(
  nominal: number | null,
  answers: readonly (number | null)[],
  none: NoAnswerIs,
): Omit<AnswerInterval, 'holding'> {
  const noneAt = none === 'least' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const placed = answers.map((answer) => answer ?? noneAt);
  const at = nominal ?? noneAt;
  const [low, median, high] = PLACES.map((share) => placed[placeAt(placed, share)]!);
  const orNull = (answer: number): number | null => (answer === noneAt ? null : answer);
  return {
    low: orNull(Math.min(low!, at)),
    median: orNull(median!),
    high: orNull(Math.max(high!, at)),
    draws: DRAWS,
    seed: SEED,
    played: answers.length,
    answered: answers.filter((answer) => answer !== null).length,
  };
}
