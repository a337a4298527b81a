/**
 * Two builds measured by turns: every stage in fresh processes, in the order ABBA or BAAB, until every metric is decided,
 * the last look is behind, or the budget is spent.
 */
import { median } from 'simple-statistics';

import { Random } from '../../sim/base/random.ts';
import type { Build, ListedStage, MeasuredMetric } from './build.ts';
import { StageFailed } from './build.ts';
import { type Decision, decide } from './decision.ts';
import type { MetricResult } from './document.ts';
import { bootstrapMedian, logRatios } from './paired-effect.ts';
import { intervalLevel } from './decision.ts';
import type { TestSettings } from './settings.ts';

export interface InterleavedOptions {
  readonly settings: TestSettings;
  /** Wall time after which no further round is started. */
  readonly budgetSeconds: number;
  /** Measuring time of one process; warming up comes on top. */
  readonly secondsPerProcess: number;
  /** Stages to be measured; undefined: all that both builds have. */
  readonly stages?: readonly string[];
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (pairs: number, total: number, label: string) => void;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

/** What the comparison needs of a build. */
export type StageRunner = Pick<Build, 'stages' | 'measure'>;

interface Series {
  readonly metric: MeasuredMetric;
  readonly base: number[];
  readonly candidate: number[];
}

/** A stage on its way: what its processes told so far. */
class StageTrack {
  readonly name: string;
  readonly series: Map<string, Series> = new Map();
  failure: string | undefined;
  settled = false;

  constructor(name: string) {
    this.name = name;
  }

  add(base: readonly MeasuredMetric[], candidate: readonly MeasuredMetric[]): void {
    for (const metric of base) {
      const other = candidate.find(({ name }) => name === metric.name);
      if (other === undefined) continue;
      const series = this.series.get(metric.name) ?? { metric: other, base: [], candidate: [] };
      series.base.push(metric.value);
      series.candidate.push(other.value);
      this.series.set(metric.name, series);
    }
  }
}

export interface InterleavedOutcome {
  readonly results: readonly MetricResult[];
  /** Rounds begun: the pairs of the stages that took longest to tell. */
  readonly pairs: number;
  readonly seconds: number;
}

export async function compareInterleaved(
  base: StageRunner,
  candidate: StageRunner,
  options: InterleavedOptions,
): Promise<InterleavedOutcome> {
  const { settings, signal, now = () => performance.now() } = options;
  const startedMs = now();
  const { tracks, results } = matchStages(await base.stages(signal), await candidate.stages(signal), options.stages);
  const random = new Random(options.seed);
  const total = settings.looks.at(-1)!;
  let pairs = 0;
  let baseFirst = true;
  while (pairs < total && tracks.some((track) => !track.settled)) {
    if (pairs > 0 && (now() - startedMs) / 1000 >= options.budgetSeconds) break;
    // ABBA or BAAB, by lot for each two pairs: neither drift nor the order within a pair favours a side.
    baseFirst = pairs % 2 === 0 ? random.below(2) === 0 : !baseFirst;
    for (const track of tracks) {
      if (track.settled) continue;
      options.onProgress(pairs, total, track.name);
      await measurePair(track, base, candidate, baseFirst, options);
    }
    pairs += 1;
    if (settings.looks.includes(pairs)) settle(tracks, settings);
  }
  return { results: [...resultsOf(tracks, settings), ...results], pairs, seconds: (now() - startedMs) / 1000 };
}

/** Stages of both builds, and a result for each that cannot be measured on both. */
function matchStages(
  base: readonly ListedStage[],
  candidate: readonly ListedStage[],
  wanted: readonly string[] | undefined,
): { readonly tracks: readonly StageTrack[]; readonly results: readonly MetricResult[] } {
  const names = [...new Set([...base, ...candidate].map(({ name }) => name))].filter(
    (name) => wanted?.includes(name) ?? true,
  );
  const tracks: StageTrack[] = [];
  const results: MetricResult[] = [];
  for (const name of names) {
    const [a, b] = [base, candidate].map((list) => list.find((stage) => stage.name === name));
    if (a !== undefined && b !== undefined && a.version === b.version) tracks.push(new StageTrack(name));
    else if (a === undefined) results.push(plainResult(name, 'new'));
    else if (b === undefined) results.push(plainResult(name, 'gone'));
    else {
      const why = `the stage does other work there (version ${a.version}, here ${b.version})`;
      results.push({ ...plainResult(name, 'cannot tell'), why });
    }
  }
  return { tracks, results };
}

function plainResult(name: string, verdict: MetricResult['verdict']): MetricResult {
  return { name, kind: 'measured', unit: '', better: 'neither', verdict, fails: false };
}

async function measurePair(
  track: StageTrack,
  base: StageRunner,
  candidate: StageRunner,
  baseFirst: boolean,
  { secondsPerProcess, signal }: InterleavedOptions,
): Promise<void> {
  const told: { base: readonly MeasuredMetric[]; candidate: readonly MeasuredMetric[] } = { base: [], candidate: [] };
  for (const side of baseFirst ? (['base', 'candidate'] as const) : (['candidate', 'base'] as const)) {
    try {
      told[side] = await (side === 'base' ? base : candidate).measure(track.name, secondsPerProcess, signal);
    } catch (error) {
      if (!(error instanceof StageFailed)) throw error;
      track.failure = `${side}: ${error.message}`;
      track.settled = true;
      return;
    }
  }
  track.add(told.base, told.candidate);
}

interface Judged {
  readonly track: StageTrack;
  readonly series: Series;
  readonly decision: Decision;
}

function judge(tracks: readonly StageTrack[], settings: TestSettings): readonly Judged[] {
  const all = tracks
    .filter(({ failure }) => failure === undefined)
    .flatMap((track) => [...track.series.values()].map((series) => ({ track, series })));
  const decisions = decide(
    all.map(({ series }) => ({ better: series.metric.better, ratios: logRatios(series.base, series.candidate) })),
    settings,
  );
  return all.map((each, index) => ({ ...each, decision: decisions[index]! }));
}

/** A stage that is told has no further processes. */
function settle(tracks: readonly StageTrack[], settings: TestSettings): void {
  const open = new Set(
    judge(tracks, settings)
      .filter(({ decision }) => decision.verdict === 'cannot tell')
      .map(({ track }) => track),
  );
  for (const track of tracks) track.settled ||= !open.has(track);
}

function resultsOf(tracks: readonly StageTrack[], settings: TestSettings): readonly MetricResult[] {
  const failed = tracks
    .filter(({ failure }) => failure !== undefined)
    // What cannot be measured any more is no better than what has become slower.
    .map((track) => ({
      ...plainResult(track.name, 'failed'),
      fails: track.failure!.startsWith('candidate'),
      why: track.failure!,
    }));
  const judged = judge(tracks, settings).map(({ series, decision }): MetricResult => {
    const { metric, base, candidate } = series;
    const { name, kind, unit, better } = metric;
    const { verdict, effect, low, high, p, pairs, morePairs } = decision;
    const above = limitWords(series, settings);
    return {
      name,
      kind,
      unit,
      better,
      verdict: above === undefined ? verdict : 'worse',
      fails: verdict === 'worse' || above !== undefined,
      base: median(base),
      candidate: median(candidate),
      effect,
      low,
      high,
      p,
      pairs,
      ...(morePairs === undefined || above !== undefined ? {} : { morePairs }),
      ...(above === undefined ? {} : { why: above }),
      samples: { base, candidate },
    };
  });
  return [...failed, ...judged];
}

/** A ratio whose whole interval lies above its limit is too high, whatever the base does. */
function limitWords({ metric: { limit }, candidate }: Series, settings: TestSettings): string | undefined {
  if (limit === undefined || candidate.length < settings.looks[0]!) return undefined;
  const { low } = bootstrapMedian(candidate, intervalLevel(settings), new Random(1));
  return low > limit ? `above ${limit} times its floor` : undefined;
}
