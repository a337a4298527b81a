/**
 * The pause against the number that is asked for: nominal, its interval, and what the answer is judged by.
 */
import { placeAt } from '../../base/draws.ts';
import { endlessOrPauseNs, type Guarantee } from '../guarantee.ts';

/** Pauses are the longest at any phase of the iterations, in ns; null: the VM does not move. */
interface CurvePoint {
  /** In the unit of what is asked for. */
  readonly at: number;
  readonly nominalNs: number | null;
  /** The 80 % interval over the draws. */
  readonly lowNs: number | null;
  readonly highNs: number | null;
  /** What stays within the budget where the answer holds. */
  readonly judgedNs: number | null;
}

export interface PauseCurve {
  readonly unit: string;
  readonly budgetNs: number;
  /** By rising numbers. */
  readonly points: readonly CurvePoint[];
}

/** What a curve is of, in whole numbers of which `scale` are one of the unit. */
export interface CurveOf {
  readonly guarantee: Guarantee;
  readonly unit: string;
  readonly scale: number;
  readonly budgetNs: number;
  readonly low: number;
  readonly high: number;
  /** A number that is on the curve. */
  readonly around: number;
  /** Whether each number costs a play of registers. */
  readonly few: boolean;
  /** Whether hardware and limits allow a number at all. */
  readonly can: (n: number) => boolean;
}

const POINTS = 25;
const FEW_POINTS = 9;
/** The curve goes from a third of the number to three times of it. */
const REACH = 3;

export function curveOf({ guarantee, unit, scale, budgetNs, ...of }: CurveOf): PauseCurve {
  const points = numbersAround(of).filter(of.can);
  return { unit, budgetNs, points: points.map((n) => pointOf(guarantee, n, n / scale)) };
}

function numbersAround({
  low,
  high,
  around,
  few,
}: Pick<CurveOf, 'low' | 'high' | 'around' | 'few'>): readonly number[] {
  const most = few ? FEW_POINTS : POINTS;
  const from = Math.max(low, Math.floor(around / REACH));
  const to = Math.min(high, Math.max(around * REACH, from + FEW_POINTS - 1));
  if (to - from < most) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const spread = Array.from({ length: most - 1 }, (_, i) => Math.round(from * (to / from) ** (i / (most - 2))));
  return [...new Set([...spread, around])].toSorted((a, b) => a - b);
}

function pointOf(guarantee: Guarantee, n: number, at: number): CurvePoint {
  const pausesNs = [...guarantee.pausesNs(n)];
  const nominalNs = endlessOrPauseNs(guarantee.corner(n, 'point'));
  const judgedNs = endlessOrPauseNs(guarantee.judged(n));
  const [low, high] = [0.1, 0.9].map((share) => pausesNs[placeAt(pausesNs, share)]!);
  return {
    at,
    nominalNs: orNull(nominalNs),
    lowNs: orNull(Math.min(low!, nominalNs)),
    highNs: orNull(Math.max(high!, nominalNs)),
    judgedNs: orNull(judgedNs),
  };
}

function orNull(ns: number): number | null {
  return Number.isFinite(ns) ? ns : null;
}
