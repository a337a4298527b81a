/**
 * What parameters do to the answer: the same guests moved again with parameters drawn within their ranges, and how far figures,
 * failures and the best policy change by that.
 */
import { quantileSorted } from 'simple-statistics';

import type { MoveColumns, MoveFigure } from './play.ts';
import { type ClassSummary, costsOf, hasMoved, type Preference, winsOf } from './summary.ts';

/** What holds a figure in 80 of 100 draws; the nominal figure lies in it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

interface DrawnPolicy {
  readonly policy: string;
  /** Shares of guests. */
  readonly failed: Interval;
  readonly best: Interval;
  /** Medians over guests; null: no guest moved both with nominal parameters and with drawn ones. */
  readonly totalNs: Interval | null;
  readonly pauseNs: Interval | null;
  readonly sentBytes: Interval | null;
  /** Share of its time that a vCPU which writes loses outside of the pause. */
  readonly writerSlowdown: Interval | null;
}

interface DrawsSummary {
  /** Draws of the parameters, and guests that were moved in each: the first of the class. */
  readonly draws: number;
  readonly guests: number;
  readonly policies: readonly DrawnPolicy[];
  /** Draws in which no policy is best for more of these guests than the class's answer; null: there is no answer. */
  readonly won: number | null;
  /** Share of moves, of all guests in all draws, in which no other policy is better than the answer. */
  readonly bestShare: number | null;
}

/** A class with nominal parameters, and with drawn ones; null: none were drawn. */
export interface PlayedClassSummary extends ClassSummary {
  readonly drawn: DrawsSummary | null;
}

/** Share of draws at either side of an interval. */
const TAIL = 0.1;

/**
 * @param summary of the class with nominal parameters
 * @param nominal its columns, of each policy
 * @param drawn columns of each policy in each draw, of the first guests
 */
export function summariseDraws(
  summary: ClassSummary,
  nominal: readonly MoveColumns[],
  drawn: readonly (readonly MoveColumns[])[],
  preference: Preference,
): DrawsSummary {
  const { policies, answer } = summary;
  const guests = drawn[0]?.[0]?.end.length ?? 0;
  const wins = drawn.map((columns) => winsOf(costsOf(columns, guests, preference), guests));
  const nominalWins = winsOf(costsOf(nominal, guests, preference), guests);
  const place = policies.findIndex(({ policy }) => policy === answer?.policy);
  const own = wins.map((each) => each[place] ?? 0);
  return {
    draws: drawn.length,
    guests,
    policies: policies.map((row, i): DrawnPolicy => {
      const columns = drawn.map((each) => each[i]!);
      const factors = (of: FigureOf): Interval | null => factorsOf(nominal[i]!, columns, guests, of);
      return {
        policy: row.policy,
        failed: shifted(
          row.failed.value,
          failures(nominal[i]!, guests),
          columns.map((each) => failures(each, guests)),
          guests,
        ),
        best: shifted(
          row.best.value,
          nominalWins[i]!,
          wins.map((each) => each[i]!),
          guests,
        ),
        totalNs: scaled(row.totalNs.p50, factors(figure('totalNs'))),
        pauseNs: scaled(row.pauseNs.p50, factors(figure('pauseNs'))),
        sentBytes: scaled(row.sentBytes.p50, factors(figure('sentBytes'))),
        writerSlowdown: scaled(row.writerSlowdown.p50, factors(writerSlowdown)),
      };
    }),
    won: answer === null ? null : own.filter((count, draw) => count > 0 && count === Math.max(...wins[draw]!)).length,
    bestShare: answer === null ? null : own.reduce((sum, each) => sum + each, 0) / (guests * drawn.length),
  };
}

type FigureOf = (columns: MoveColumns, at: number) => number;

function figure(name: MoveFigure): FigureOf {
  return (columns, at) => columns[name][at]!;
}

function writerSlowdown({ writerLostNs, totalNs, pauseNs }: MoveColumns, at: number): number {
  return writerLostNs[at]! / (totalNs[at]! - pauseNs[at]!);
}

function failures({ end }: MoveColumns, guests: number): number {
  let count = 0;
  for (let i = 0; i < guests; i++) if (!hasMoved(end[i]!)) count += 1;
  return count;
}

/** A share of all guests, changed as it changes for the first of them. */
function shifted(share: number, nominal: number, drawn: readonly number[], guests: number): Interval {
  const within = (value: number): number => Math.max(0, Math.min(1, value));
  const changes = intervalOf(drawn.map((count) => (count - nominal) / guests));
  return { low: within(share + Math.min(0, changes.low)), high: within(share + Math.max(0, changes.high)) };
}

/** A median over all guests, changed as it changes for those that moved with both. */
function scaled(median: number | null, factors: Interval | null): Interval | null {
  if (median === null || factors === null) return null;
  return { low: median * Math.min(1, factors.low), high: median * Math.max(1, factors.high) };
}

/** What drawn parameters multiply a figure by: of each draw the median over guests that moved in both. */
function factorsOf(nominal: MoveColumns, drawn: readonly MoveColumns[], guests: number, of: FigureOf): Interval | null {
  const factors = drawn.flatMap((columns) => {
    const pairs: number[] = [];
    for (let i = 0; i < guests; i++) {
      if (!hasMoved(nominal.end[i]!) || !hasMoved(columns.end[i]!)) continue;
      const factor = of(columns, i) / of(nominal, i);
      if (Number.isFinite(factor)) pairs.push(factor);
    }
    return pairs.length === 0 ? [] : [quantileSorted(sortedOf(pairs), 1 / 2)];
  });
  return factors.length === 0 ? null : intervalOf(factors);
}

function intervalOf(values: readonly number[]): Interval {
  const sorted = sortedOf(values);
  return { low: quantileSorted(sorted, TAIL), high: quantileSorted(sorted, 1 - TAIL) };
}

function sortedOf(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}
