/**
 * `stopcopy bench --noise`: how much this machine disturbs, and so how small a slowdown `stopcopy compare` finds on it. The
 * build is compared with itself; what the comparison would say of slowdowns is played with the pairs that came of it.
 */
import { median, medianAbsoluteDeviation } from 'simple-statistics';

import { Random } from '../../sim/base/random.ts';
import type { CommandIo } from '../io/command-io.ts';
import { machineFacts } from '../measure/machine.ts';
import { packageRoot, packageVersion } from '../io/package-root.ts';
import { Build } from './build.ts';
import { sequentialChance } from './decision.ts';
import type { MetricResult } from '../documents/comparison/document.ts';
import { compareInterleaved, SINGLE_CHANCE, SINGLE_SHARE, type StageRunner } from './interleaved.ts';
import { pinnableCores } from './pinning.ts';
import type { TestSettings } from '../documents/comparison/document.ts';
import { DEFAULT_LOOKS, DEFAULT_SETTINGS, SECONDS_DEFAULT } from './settings.ts';
import { NOISE_FORMAT, NOISE_VERSION, type NoiseDocument, type NoiseOfMetric } from '../documents/noise/document.ts';
import { noiseText } from '../documents/noise/text.ts';

/** Pairs that the report rests on. */
const PAIRS = 12;
/** Slowdowns that are tried, as shares. */
const SLOWDOWNS: readonly number[] = [0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1];
const PLAYED = 200;
/** A slowdown that is found less often than this is not counted on. */
const POWER = 0.8;

export interface NoiseOptions {
  readonly budgetSeconds: number;
  readonly secondsPerProcess: number;
  readonly cores: readonly number[];
  readonly signal: AbortSignal;
  readonly onProgress: (pairs: number, total: number, label: string) => void;
}

/** @param build compared with itself */
export async function measureNoise(build: StageRunner, options: NoiseOptions): Promise<NoiseDocument> {
  const { budgetSeconds, signal } = options;
  // A single look that proves nothing the same keeps all stages until the end.
  const settings: TestSettings = { ...DEFAULT_SETTINGS, smallestEffect: 1e-6, looks: [PAIRS] };
  const stages = await build.stages(signal);
  // As a comparison takes them: those on threads have what the others leave of budget and chance.
  const groups = (['single', 'threaded'] as const)
    .map((kind) => stages.filter((stage) => stage.kind === kind).map(({ name }) => name))
    .filter((names) => names.length > 0);
  const metrics: NoiseOfMetric[] = [];
  let leftSeconds = budgetSeconds;
  for (const [index, names] of groups.entries()) {
    const last = index === groups.length - 1;
    const outcome = await compareInterleaved(build, build, {
      ...options,
      stages: names,
      settings,
      budgetSeconds: Infinity,
      seed: 1,
    });
    const seconds = outcome.seconds / outcome.pairs;
    const share = last ? leftSeconds : SINGLE_SHARE * budgetSeconds;
    const pairs = Math.min(DEFAULT_LOOKS.at(-1)!, Math.floor(share / seconds));
    leftSeconds -= pairs * seconds;
    const measured = outcome.results.filter(({ kind, samples }) => samples !== undefined && kind === 'measured');
    const chance = groups.length === 1 ? 1 : last ? 1 - SINGLE_CHANCE : SINGLE_CHANCE;
    const alpha = (DEFAULT_SETTINGS.alpha * chance) / measured.length;
    metrics.push(...measured.map((result) => noiseOf(result, alpha, pairs)));
  }
  return {
    format: NOISE_FORMAT,
    version: NOISE_VERSION,
    stopcopy: packageVersion(),
    machine: machineFacts(),
    budgetSeconds,
    metrics,
  };
}

function noiseOf({ name, unit, samples }: MetricResult, alpha: number, pairsInBudget: number): NoiseOfMetric {
  const { base, candidate, ratios } = samples!;
  const ordered = base.flatMap((value, pair) => [value, candidate[pair]!]);
  const half = Math.floor(ordered.length / 2);
  return {
    name,
    unit,
    median: median(ordered),
    spread: medianAbsoluteDeviation(ordered) / median(ordered),
    drift: median(ordered.slice(half)) / median(ordered.slice(0, half)) - 1,
    worstPair: Math.expm1(Math.max(...ratios.map(Math.abs))),
    pairsInBudget,
    smallestFound: smallestSlowdown(ratios, alpha, pairsInBudget),
  };
}

/**
 * Plays comparisons with the ratios of equals: drawn again, with either sign, and shifted by a slowdown.
 *
 * @param alpha chance of an error that this metric has, of all metrics together
 * @param pairs that fit into the budget
 */
export function smallestSlowdown(ratios: readonly number[], alpha: number, pairs: number): number | null {
  const looks = DEFAULT_LOOKS.filter((look) => look <= pairs);
  if (looks.length === 0) return null;
  const found = (slowdown: number): boolean => {
    const random = new Random(1);
    const shift = Math.log1p(slowdown);
    let hits = 0;
    for (let i = 0; i < PLAYED; i++) {
      const drawn = Array.from({ length: looks.at(-1)! }, () => {
        const ratio = ratios[random.below(ratios.length)]!;
        return shift + (random.below(2) === 0 ? ratio : -ratio);
      });
      // As strict as the comparison, with its looks.
      if (
        sequentialChance(drawn, DEFAULT_LOOKS) <= alpha &&
        median(drawn) >= Math.log1p(DEFAULT_SETTINGS.smallestEffect)
      )
        hits += 1;
    }
    return hits >= POWER * PLAYED;
  };
  // A larger slowdown is found more often.
  let [low, high] = [0, SLOWDOWNS.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (found(SLOWDOWNS[middle]!)) high = middle;
    else low = middle + 1;
  }
  return SLOWDOWNS[low] ?? null;
}

export async function runNoise(budgetSeconds: number, { output, signal }: CommandIo): Promise<void> {
  const progress = output.progress();
  const onProgress = (pairs: number, total: number, label: string): void => progress.update(pairs, total, label);
  try {
    const build = new Build(packageRoot(), packageRoot());
    const document = await measureNoise(build, {
      budgetSeconds,
      secondsPerProcess: SECONDS_DEFAULT,
      cores: await pinnableCores(signal),
      signal,
      onProgress,
    });
    progress.stop();
    output.document(document);
    output.text(noiseText(document));
  } finally {
    progress.stop();
  }
}
