/**
 * The interval of an answer: what is asked for, in draws of everything unknown.
 *
 * A tenth of the draws with an answer lies below the interval and a tenth above, and it holds the nominal answer. Where one
 * answer is a closed form, all draws are answered. Where it takes the play of registers or of a fleet, draws are ranked by a closed form
 * of what is asked, and those at 10, 50 and 90 % are answered.
 */
import { placeAt } from '../base/draws.ts';
import type { OwnSpreads } from '../memory/platform.ts';
import { type Unknowns, unknownsOf } from '../scenario/unknowns.ts';

/** Questions that give no seed are all asked of the same draws. */
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

/**
 * @param count how many draws
 * @param own parameters of a platform, in place of the shipped ones
 */
export function answerDraws(count?: number, own?: OwnSpreads, seed: number = SEED): Unknowns {
  return unknownsOf(seed, own, count);
}

/** Draws of which answers are asked: how many, and of which seed. */
type DrawSet = Pick<Unknowns, 'count' | 'seed'>;

/** By the answer in each draw; null: nothing satisfies the question in it. */
export function intervalOfDraws(
  nominal: number | null,
  answerIn: (draw: number) => number | null,
  none: NoAnswerIs,
  of: DrawSet,
): AnswerInterval {
  const answers = Array.from({ length: of.count }, (_, draw) => answerIn(draw));
  return { ...intervalFrom(nominal, answers, none, of), holding: null };
}

/** By the answers of three draws that stand for the others, ranked by a figure on which the answer depends. */
export function intervalOfRanked(
  nominal: number | null,
  rankOf: (draw: number) => number,
  answerIn: (draw: number) => number | null,
  none: NoAnswerIs,
  of: DrawSet,
): AnswerInterval {
  const ranks = Array.from({ length: of.count }, (_, draw) => rankOf(draw));
  const played = PLACES.map((share) => answerIn(placeAt(ranks, share)));
  return { ...intervalFrom(nominal, played, none, of), holding: null };
}

/**
 * By numbers that so many draws hold at least: where a number holds in a draw, so does every easier one.
 *
 * @param numberFor the furthest number that so many draws hold; null: none
 * @param none `least`: the most is asked for
 * @param answered in how many draws any number holds
 * @param holding in how many draws the answer holds; null: there is none
 */
export function intervalOfNumbers(
  nominal: number | null,
  numberFor: (draws: number) => number | null,
  none: NoAnswerIs,
  { count, seed }: DrawSet,
  answered: number,
  holding: number | null,
): AnswerInterval {
  const at = PLACES.map((share) => Math.floor(share * count));
  const [low, median, high] = at.map((place) => numberFor(none === 'least' ? count - place : place + 1));
  const around = spanned([low!, median!, high!], nominal, none);
  return { ...around, draws: count, seed, played: count, answered, holding };
}

function intervalFrom(
  nominal: number | null,
  answers: readonly (number | null)[],
  none: NoAnswerIs,
  { count, seed }: DrawSet,
): Omit<AnswerInterval, 'holding'> {
  const placed = answers.map((answer) => answer ?? noneAt(none));
  const values = PLACES.map((share) => orNull(placed[placeAt(placed, share)]!));
  return {
    ...spanned(values, nominal, none),
    draws: count,
    seed,
    played: answers.length,
    answered: answers.filter((answer) => answer !== null).length,
  };
}

/** The interval is widened to the nominal answer. */
function spanned(
  [low, median, high]: readonly (number | null)[],
  nominal: number | null,
  none: NoAnswerIs,
): Pick<AnswerInterval, 'low' | 'median' | 'high'> {
  const at = nominal ?? noneAt(none);
  return {
    low: orNull(Math.min(low ?? noneAt(none), at)),
    median: median ?? null,
    high: orNull(Math.max(high ?? noneAt(none), at)),
  };
}

function noneAt(none: NoAnswerIs): number {
  return none === 'least' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function orNull(answer: number): number | null {
  return Number.isFinite(answer) ? answer : null;
}
