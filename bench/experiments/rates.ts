/**
 * How often comparisons tell equals apart, and how often they find a slowdown: comparisons by the program itself, whose pairs
 * are drawn from those that {@link file://./pairs.ts} measured, and whose clock runs by what those took.
 *
 *     npx tsx bench/experiments/rates.ts [COMPARISONS [PAIRS [RATES]]]
 *
 * Each comparison takes pairs that were neighbours, from a place drawn by lot for each stage: what the machine did at that
 * time is in all of them. Comparisons overlap, so that rates are no surer than the pairs are many.
 */
import { join } from 'node:path';

import { Random } from '../../sim/base/random.ts';
import { bug } from '../../sim/base/bug.ts';
import { writeFileAtomically } from '../io/file-output.ts';
import type { ListedStage } from '../compare/build.ts';
import { comparePairs } from '../compare/interleaved.ts';
import { BUDGET_SECONDS_DEFAULT, DEFAULT_SETTINGS } from '../compare/settings.ts';
import type { PairedSample } from '../compare/turn-pair.ts';
import { packageRoot } from '../io/package-root.ts';
import { percentile } from '../measure/statistics.ts';
import { type PairPool, type PairSeries, POOL_FILE, readPool } from './pairs.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

interface Rate {
  /** Stage that was slowed; null: none. */
  readonly stage: string | null;
  readonly slowerPercent: number;
  readonly comparisons: number;
  /** Comparisons in which the stage was told as slower; without one, in which any metric was told as different. */
  readonly told: number;
  /** Of those, comparisons in which nothing else was told as different. */
  readonly alone: number;
  readonly secondsMedian: number;
  readonly secondsMost: number;
  /** Pairs that were measured in all. */
  readonly pairs: number;
}

/** Pairs of a stage, from a place on, round and round. */
class Draws {
  private readonly series: readonly PairSeries[];
  private at: number;

  constructor(pool: PairPool, stage: string, slowerPercent: number, random: Random) {
    this.series = pool.series.filter((each) => each.stage === stage && each.slowerPercent === slowerPercent);
    this.at = random.below(this.series[0]?.logRatios.length ?? bug('NO_PAIRS', stage, slowerPercent));
  }

  next(): { readonly samples: readonly PairedSample[]; readonly seconds: number } {
    const { series, at } = this;
    this.at = (at + 1) % series[0]!.logRatios.length;
    const samples = series.map(({ metric, better, logRatios }) => {
      const logRatio = logRatios[at]!;
      const value = Math.exp(logRatio);
      return {
        metric: { name: metric, kind: 'measured', unit: 'ns', better, value },
        base: 1,
        candidate: value,
        logRatio,
      } as const;
    });
    return { samples, seconds: series[0]!.seconds[at]! };
  }
}

async function rateOf(
  pool: PairPool,
  stages: readonly ListedStage[],
  slowed: string | null,
  slowerPercent: number,
  comparisons: number,
): Promise<Rate> {
  const times: number[] = [];
  let told = 0;
  let alone = 0;
  for (let seed = 1; seed <= comparisons; seed++) {
    const random = new Random(seed);
    const draws = new Map(
      stages.map(({ name }) => [name, new Draws(pool, name, name === slowed ? slowerPercent : 0, random)]),
    );
    let clockMs = 0;
    const { results, seconds } = await comparePairs(
      stages,
      ({ name }) => {
        const { samples, seconds: took } = draws.get(name)!.next();
        clockMs += took * MS_PER_S;
        return Promise.resolve(samples);
      },
      {
        settings: DEFAULT_SETTINGS,
        seed,
        budgetSeconds: BUDGET_SECONDS_DEFAULT,
        now: () => clockMs,
        onProgress: () => {},
      },
    );
    times.push(seconds);
    const different = results.filter(({ verdict }) => verdict === 'worse' || verdict === 'better');
    const found =
      slowed === null
        ? different.length > 0
        : different.some(({ name, verdict }) => name === slowed && verdict === 'worse');
    if (found) told += 1;
    if (found && different.length === 1) alone += 1;
  }
  const series = pool.series.filter(
    (each) => each.slowerPercent === slowerPercent && (slowed === null || each.stage === slowed),
  );
  return {
    stage: slowed,
    slowerPercent,
    comparisons,
    told,
    alone,
    secondsMedian: Math.round(percentile(times, 0.5)),
    secondsMost: Math.round(Math.max(...times)),
    pairs: series.reduce((sum, { logRatios }) => sum + logRatios.length, 0),
  };
}

const RATES_FILE = join(packageRoot(), 'bench', 'experiments', 'comparison-rates.json');
const comparisons = Number(process.argv[2] ?? 1000);
const pool = readPool(process.argv[3] ?? POOL_FILE);
const names = [...new Set(pool.series.map(({ stage }) => stage))];
const planted = names.filter((name) =>
  pool.series.some(({ stage, slowerPercent }) => stage === name && slowerPercent > 0),
);
const stages = names.map((name): ListedStage => ({
  name,
  version: 1,
  kind: planted.includes(name) ? 'single' : 'threaded',
}));
const rates: Rate[] = [];
const told = (rate: Rate): void => {
  rates.push(rate);
  const what = rate.stage === null ? 'equals' : `${rate.stage} ${rate.slowerPercent} % slower`;
  console.log(
    `${what}: told ${rate.told} of ${rate.comparisons}, ${rate.secondsMedian} s (at most ${rate.secondsMost} s)`,
  );
};
told(await rateOf(pool, stages, null, 0, comparisons));
for (const slowerPercent of [5, 10]) {
  for (const stage of planted) told(await rateOf(pool, stages, stage, slowerPercent, comparisons));
}
const document = {
  format: 'stopcopy-comparison-rates',
  version: 1,
  settings: DEFAULT_SETTINGS,
  budgetSeconds: BUDGET_SECONDS_DEFAULT,
  rates,
};
writeFileAtomically(process.argv[4] ?? RATES_FILE, `${JSON.stringify(document, undefined, 2)}\n`, 'the folder');
