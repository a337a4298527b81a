/**
 * Measures pairs of fresh processes for as long as it is told to, and keeps the ratio of each: a build against an equal one,
 * and against ones whose stages were made slower. {@link file://./rates.ts} puts comparisons together from them.
 *
 *     npm run build && npx tsx bench/experiments/pairs.ts MINUTES [FILE [STAGES]]
 *
 * Goes on where the file ends; each pair is kept as soon as it is measured.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Random } from '../../sim/base/random.ts';
import { writeFileAtomically } from '../io/file-output.ts';
import type { Build, ListedStage, MeasuredMetric } from '../compare/build.ts';
import { pinnableCores } from '../compare/pinning.ts';
import { SECONDS_DEFAULT } from '../compare/settings.ts';
import { measureTurnPair, SideFailed } from '../compare/turn-pair.ts';
import { machineFacts } from '../measure/machine.ts';
import { packageRoot } from '../io/package-root.ts';
import { copyBuild, slowCalls } from './regression.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

/** What the candidate was made slower by, in per cent, and how many of its pairs are measured in each round. */
const KINDS = [
  { slowerPercent: 0, perRound: 2 },
  { slowerPercent: 5, perRound: 2 },
  { slowerPercent: 10, perRound: 1 },
] as const;

export interface PairSeries {
  readonly slowerPercent: number;
  readonly stage: string;
  readonly metric: string;
  readonly better: MeasuredMetric['better'];
  /** Logarithms of candidate over base, in the order in which they were measured. */
  readonly logRatios: number[];
  /** Wall time of each pair, with the start of its processes. */
  readonly seconds: number[];
}

export interface PairPool {
  readonly format: 'stopcopy-pair-pool';
  readonly version: 1;
  readonly machine: ReturnType<typeof machineFacts>;
  /** One-minute load of the machine at each round. */
  readonly loads: number[];
  readonly series: PairSeries[];
}

export const POOL_FILE: string = join(packageRoot(), 'bench', 'experiments', 'pair-pool.json');

export function readPool(file: string): PairPool {
  return JSON.parse(readFileSync(file, 'utf8')) as PairPool;
}

class Collector {
  readonly pool: PairPool;
  private readonly file: string;
  private readonly random: Random;
  private readonly signal: AbortSignal = new AbortController().signal;
  private readonly cores: readonly number[];

  constructor(file: string, cores: readonly number[]) {
    this.file = file;
    this.cores = cores;
    this.pool = existsSync(file)
      ? readPool(file)
      : { format: 'stopcopy-pair-pool', version: 1, machine: machineFacts(), loads: [], series: [] };
    this.random = new Random(1 + this.pool.series.reduce((sum, { logRatios }) => sum + logRatios.length, 0));
  }

  async pair(base: Build, candidate: Build, stage: ListedStage, slowerPercent: number): Promise<void> {
    const startMs = performance.now();
    const told =
      stage.kind === 'single'
        ? await this.byTurns(base, candidate, stage.name)
        : await this.inARow(base, candidate, stage.name);
    const seconds = (performance.now() - startMs) / MS_PER_S;
    for (const { metric, logRatio } of told) {
      // Ratios to a floor are held against their limit only.
      if (metric.limit !== undefined) continue;
      const series = this.seriesOf(slowerPercent, stage.name, metric);
      series.logRatios.push(Number(logRatio.toFixed(6)));
      series.seconds.push(Number(seconds.toFixed(3)));
    }
    writeFileAtomically(this.file, `${JSON.stringify(this.pool)}\n`, 'the folder');
  }

  private seriesOf(slowerPercent: number, stage: string, { name, better }: MeasuredMetric): PairSeries {
    const { series } = this.pool;
    let found = series.find((each) => each.slowerPercent === slowerPercent && each.metric === name);
    if (found === undefined) {
      found = { slowerPercent, stage, metric: name, better, logRatios: [], seconds: [] };
      series.push(found);
    }
    return found;
  }

  private async byTurns(base: Build, candidate: Build, stage: string) {
    const { random, signal, cores } = this;
    const core = cores.length === 0 ? undefined : cores[random.below(cores.length)];
    const baseFirst = random.below(2) === 0;
    const [first, second] = (baseFirst ? [base, candidate] : [candidate, base]).map((build) =>
      build.open(stage, core, signal),
    );
    try {
      const sides = baseFirst ? { base: first!, candidate: second! } : { base: second!, candidate: first! };
      return await measureTurnPair(sides, { stage, seconds: SECONDS_DEFAULT, random });
    } finally {
      first!.end();
      second!.end();
    }
  }

  private async inARow(base: Build, candidate: Build, stage: string) {
    const baseFirst = this.random.below(2) === 0;
    const told: MeasuredMetric[][] = [];
    for (const build of baseFirst ? [base, candidate] : [candidate, base]) {
      told.push([...(await build.measure(stage, this.signal))]);
    }
    const [before, after] = baseFirst ? told : told.toReversed();
    return after!.flatMap((metric) => {
      const other = before!.find(({ name }) => name === metric.name);
      return other === undefined ? [] : [{ metric, logRatio: Math.log(metric.value / other.value) }];
    });
  }
}

async function main(): Promise<void> {
  const minutes = Number(process.argv[2] ?? 30);
  const collector = new Collector(process.argv[3] ?? POOL_FILE, await pinnableCores(new AbortController().signal));
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-pairs-'));
  const endMs = performance.now() + minutes * 60_000;
  try {
    const base = copyBuild(folder, 'base', null);
    const candidates = KINDS.map((kind) => ({
      ...kind,
      build: copyBuild(
        folder,
        `slower-${kind.slowerPercent}`,
        kind.slowerPercent === 0 ? null : slowCalls(kind.slowerPercent),
      ),
    }));
    const wanted = process.argv[4]?.split(',');
    const all = await base.stages(new AbortController().signal);
    const stages = all.filter(({ name }) => wanted?.includes(name) ?? true);
    while (performance.now() < endMs) {
      collector.pool.loads.push(machineFacts().loadAverage[0] ?? 0);
      for (const stage of stages) {
        for (const { slowerPercent, perRound, build } of candidates) {
          // Nothing is planted into the stage on threads, whose pairs also take ten times as long.
          const count = stage.kind === 'single' ? perRound : slowerPercent === 0 ? 1 : 0;
          for (let i = 0; i < count && performance.now() < endMs; i++) {
            try {
              await collector.pair(base, build, stage, slowerPercent);
            } catch (error) {
              // A process that was given no time for a minute has told nothing; the next pair does.
              if (!(error instanceof SideFailed)) throw error;
              console.log(`${stage.name}: ${error.message}`);
            }
          }
        }
      }
      const counts = collector.pool.series.map(
        ({ slowerPercent, metric, logRatios }) => `${metric} ${slowerPercent} %: ${logRatios.length}`,
      );
      console.log(counts.join(', '));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('pairs.ts') === true) await main();
