/**
 * `stopcopy bench --noise`: how much this machine disturbs, and so how small a slowdown `stopcopy compare` finds on it. The
 * build is compared with itself; what the comparison would say of slowdowns is played with the pairs that came of it.
 */
import { median, medianAbsoluteDeviation } from 'simple-statistics';

import type { CommandIo } from '../io/command-io.ts';
import { stopsItself } from '../io/stop-words.ts';
import { machineFacts } from '../measure/machine.ts';
import { crowdingBetween, type MachineReading, readMachine } from '../measure/machine-use.ts';
import { documentHead } from '../io/document-head.ts';
import { packageRoot } from '../io/package-root.ts';
import { Build } from './build.ts';
import { Budget } from './budget.ts';
import type { MetricResult } from '../documents/comparison/document.ts';
import { compareInterleaved, SINGLE_CHANCE, SINGLE_SHARE, type StageRunner } from './interleaved.ts';
import { pinnableCores } from './pinning.ts';
import { smallestSlowdown } from './slowdown.ts';
import type { TestSettings } from '../documents/comparison/document.ts';
import { DEFAULT_LOOKS, DEFAULT_SETTINGS, SECONDS_DEFAULT } from './settings.ts';
import type { NoiseDocument, NoiseOfMetric } from '../documents/noise/document.ts';
import { noiseText } from '../documents/noise/text.ts';

/** Pairs that the report rests on. */
const PAIRS = 12;

export interface NoiseOptions {
  readonly budgetSeconds: number;
  readonly secondsPerProcess: number;
  readonly cores: readonly number[];
  readonly signal: AbortSignal;
  readonly onProgress: (pairs: number, total: number, label: string) => void;
  /** Reads how crowded the machine is. */
  readonly read?: () => MachineReading;
}

/**
 * Measures pairs of every stage. Stopped by the signal, it keeps those that were taken.
 *
 * @param build compared with itself
 */
export async function measureNoise(build: StageRunner, options: NoiseOptions): Promise<NoiseDocument> {
  const { budgetSeconds, signal, read = readMachine } = options;
  const before = read();
  // A single test that proves nothing the same keeps all stages until the end.
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
      budget: new Budget(Infinity, signal),
      seed: 1,
    });
    // Stopped before its first pair.
    if (outcome.pairs === 0) continue;
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
    ...documentHead('stopcopy-noise'),
    machine: machineFacts(),
    crowded: crowdingBetween(before, read(), null),
    interrupted: signal.aborted,
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
    pairs: ratios.length,
    pairsInBudget,
    smallestFound: smallestSlowdown(ratios, alpha, pairsInBudget),
  };
}

/** @returns whether it was interrupted */
export async function runNoise(budgetSeconds: number, { output, signal }: CommandIo): Promise<boolean> {
  // It starts processes, which have to be ended.
  stopsItself();
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
    return document.interrupted;
  } finally {
    progress.stop();
  }
}
