/**
 * One pair: a fresh process of each side, which take turns in the order ABBA or BAAB. The pair's ratio is the median over the
 * ratios of neighbouring turns; the pair is what counts as one sample, as a process has its own luck with memory.
 */
import { median } from 'simple-statistics';

import { bug } from '../../sim/base/bug.ts';
import type { Random } from '../../sim/base/random.ts';
import type { MeasuredMetric } from './build.ts';
import { StageFailed } from './stage-failed.ts';
import type { TurnReady, TurnStage, TurnTimes } from './turn-process.ts';
import { NS_PER_S } from '../../sim/base/units.ts';

export const SIDES = ['base', 'candidate'] as const;
export type TurnSide = (typeof SIDES)[number];

/** A metric of a pair. */
export interface PairedSample {
  readonly metric: MeasuredMetric;
  readonly base: number;
  readonly candidate: number;
  /** Logarithm of candidate over base; interleaved, so not exactly that of the two medians. */
  readonly logRatio: number;
}

/** Length of a turn: short against what disturbs a machine, long against waking a process up. */
const TURN_NS = 6e6;
/** Slices of a side: fewer make no median, more take time. */
const TURNS_MIN = 8;
/** Turns of each side that are not counted: caches and the compiler settle. */
const TURNS_BEFORE = 2;

/** A stage that failed on one side. */
export class SideFailed extends Error {
  override readonly name = 'SideFailed';
  readonly side: TurnSide;

  constructor(side: TurnSide, message: string) {
    super(message);
    this.side = side;
  }
}

export interface TurnPairOptions {
  readonly stage: string;
  /** Measuring time of one side, in seconds. */
  readonly seconds: number;
  readonly random: Random;
}

/** @throws SideFailed when a process of a side ends or says something else than it should */
export async function measureTurnPair(
  stages: Readonly<Record<TurnSide, TurnStage>>,
  { stage, seconds, random }: TurnPairOptions,
): Promise<readonly PairedSample[]> {
  const asked = async <T>(side: TurnSide, what: Promise<T>): Promise<T> => {
    try {
      return await what;
    } catch (error) {
      throw error instanceof StageFailed ? new SideFailed(side, error.message) : error;
    }
  };
  // Both start at once; the first failure is reported, and the other one's is handled with it.
  const [base, candidate] = await Promise.all(SIDES.map((side) => asked(side, stages[side].ready())));
  const ready: Readonly<Record<TurnSide, TurnReady>> = { base: base!, candidate: candidate! };
  const calls = Math.max(1, Math.round(TURN_NS / Math.max(base!.callNs, candidate!.callNs)));
  const turnNs = calls * Math.max(base!.callNs, candidate!.callNs);
  const turns = 2 * Math.ceil(Math.max(TURNS_MIN, (seconds * NS_PER_S) / turnNs) / 2);
  const times: Record<TurnSide, TurnTimes[]> = { base: [], candidate: [] };
  let baseFirst = random.below(2) === 0;
  for (let turn = -TURNS_BEFORE; turn < turns; turn++) {
    // ABBA or BAAB: each two turns begin with either side.
    baseFirst = turn % 2 === 0 ? random.below(2) === 0 : !baseFirst;
    for (const side of baseFirst ? SIDES : SIDES.toReversed()) {
      const told = await asked(side, stages[side].turn(calls));
      if (turn >= 0) times[side].push(told);
    }
  }
  return samplesOf(stage, ready, times);
}

function samplesOf(
  stage: string,
  ready: Readonly<Record<TurnSide, TurnReady>>,
  times: Readonly<Record<TurnSide, readonly TurnTimes[]>>,
): readonly PairedSample[] {
  const wall = { name: stage, kind: 'measured', unit: 'ns', better: 'lower' } as const;
  const perOperation = (side: TurnSide): number[] => times[side].map(({ ns }) => ns / ready[side].operations);
  const samples = [sample(wall, perOperation('base'), perOperation('candidate'))];
  const floors = SIDES.map((side) => ready[side].floor);
  if (floors[0] !== undefined && floors[1] !== undefined && floors[0].name === floors[1].name) {
    const { name, limit } = floors[1];
    const ratio = { name: `${stage} to ${name}`, kind: 'ratio', unit: 'x', better: 'lower', limit } as const;
    const toFloor = (side: TurnSide): number[] =>
      times[side].map(({ ns, floorNs }) => ns / (floorNs ?? bug('FLOOR', stage)));
    samples.push(sample(ratio, toFloor('base'), toFloor('candidate')));
  }
  return samples;
}

function sample(metric: Omit<MeasuredMetric, 'value'>, base: number[], candidate: number[]): PairedSample {
  const logRatio = median(base.map((value, turn) => Math.log(candidate[turn]! / value)));
  const value = median(candidate);
  return { metric: { ...metric, value }, base: median(base), candidate: value, logRatio };
}
