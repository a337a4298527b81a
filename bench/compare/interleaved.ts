/**
 * Two builds measured interleaved: every stage in pairs of fresh processes, until every metric is decided, the last test is
 * done, or the budget is spent. Single-threaded stages alternate within a pair; those on threads run one after the other,
 * the pairs in the order ABBA or BAAB.
 */
import { median } from 'simple-statistics';

import { Random } from '../../sim/base/random.ts';
import type { Build, ListedStage, MeasuredMetric } from './build.ts';
import type { Budget } from './budget.ts';
import { type ComparisonDecision, decideComparison } from './decision.ts';
import { type MetricResult, type TestSettings, UNDECIDED } from '../documents/comparison/document.ts';
import { bootstrapMedian } from './paired-effect.ts';
import { intervalLevel } from './decision.ts';
import { outlook, OUTLOOK_PAIRS } from './outlook.ts';
import { StageFailed } from './stage-failed.ts';
import { measureTurnPair, type PairedSample, SideFailed, SIDES } from './turn-pair.ts';

export interface InterleavedOptions {
  readonly settings: TestSettings;
  /** Wall time: what does not fit is not begun. Its signal ends what was begun. */
  readonly budget: Budget;
  /** Measuring time of one process of a single-threaded stage; warming up comes on top. */
  readonly secondsPerProcess: number;
  /** Cores to one of which both processes of a pair are held; none: they run where the system lets them. */
  readonly cores: readonly number[];
  /** Stages to be measured; undefined: all that both builds have. */
  readonly stages?: readonly string[];
  readonly seed: number;
  readonly onProgress: (pairs: number, total: number, label: string) => void;
  /** Called once for each kind of stage, after a few pairs: what the budget will decide. */
  readonly onOutlook?: (sentences: readonly string[]) => void;
}

/** What the comparison needs of a build. */
export type StageRunner = Pick<Build, 'stages' | 'measure' | 'open'>;

interface Series {
  readonly metric: MeasuredMetric;
  readonly base: number[];
  readonly candidate: number[];
  readonly ratios: number[];
}

/** A pair is expected to take no longer than so many before it. */
const LAST_PAIRS = 3;

/** A stage in progress: samples of its processes so far. */
class StageTrack {
  readonly stage: ListedStage;
  readonly series: Map<string, Series> = new Map();
  failure: SideFailed | undefined;
  settled = false;
  pairs = 0;
  /** Time of the slowest of its last pairs. */
  pairSeconds = 0;
  /** Time of a pair that was broken off; 0: none was. */
  brokenSeconds = 0;
  private readonly lastSeconds: number[] = [];
  private baseFirst = true;

  constructor(stage: ListedStage) {
    this.stage = stage;
  }

  /** ABBA or BAAB, by lot for each two pairs: neither drift nor the order within a pair favours a side. */
  nextOrder(random: Random): boolean {
    this.baseFirst = this.pairs % 2 === 0 ? random.below(2) === 0 : !this.baseFirst;
    return this.baseFirst;
  }

  add(samples: readonly PairedSample[], seconds: number): void {
    this.pairs += 1;
    this.lastSeconds.push(seconds);
    this.pairSeconds = Math.max(...this.lastSeconds.slice(-LAST_PAIRS));
    for (const { metric, base, candidate, logRatio } of samples) {
      const series = this.series.get(metric.name) ?? { metric, base: [], candidate: [], ratios: [] };
      series.base.push(base);
      series.candidate.push(candidate);
      series.ratios.push(logRatio);
      this.series.set(metric.name, series);
    }
  }
}

export interface InterleavedOutcome {
  readonly results: readonly MetricResult[];
  /** Pairs begun, of the stages that took the most to decide. */
  readonly pairs: number;
  readonly seconds: number;
}

/** Measures one pair of a stage. @throws SideFailed when one of its processes fails */
export type PairSource = (stage: ListedStage, baseFirst: boolean, random: Random) => Promise<readonly PairedSample[]>;

export async function compareInterleaved(
  base: StageRunner,
  candidate: StageRunner,
  options: InterleavedOptions,
): Promise<InterleavedOutcome> {
  const { signal } = options.budget;
  const { stages, results } = matchStages(await base.stages(signal), await candidate.stages(signal), options.stages);
  const sides = { base, candidate };
  const outcome = await comparePairs(
    stages,
    ({ name, kind }, baseFirst, random) =>
      kind === 'single'
        ? pairByTurns(name, sides, baseFirst, random, options)
        : pairInARow(name, sides, baseFirst, options),
    options,
  );
  return { ...outcome, results: [...outcome.results, ...results] };
}

/** Share of the budget that single-threaded stages may use while there is one on threads. */
export const SINGLE_SHARE = 0.8;

/**
 * Takes pairs of the stages in turn until each is decided, the last test is done, or the budget is spent. Stages on threads
 * come last: their pairs take many times as long, and spread so far that most comparisons end without a word on them.
 */
export async function comparePairs(
  stages: readonly ListedStage[],
  pair: PairSource,
  options: Pick<InterleavedOptions, 'settings' | 'seed' | 'budget' | 'onProgress' | 'onOutlook'>,
): Promise<InterleavedOutcome> {
  const { settings, budget } = options;
  const startedSeconds = budget.spentSeconds;
  const tracks = stages.map((stage) => new StageTrack(stage));
  const random = new Random(options.seed);
  const total = settings.looks.at(-1)!;
  const groups = groupsOf(tracks);
  for (const [index, { tracks: some }] of groups.entries()) {
    const share = index === groups.length - 1 ? 1 : SINGLE_SHARE;
    for (;;) {
      const open = some.filter(
        (track) =>
          !track.settled && track.pairs < total && (track.pairs === 0 || budget.fits(track.pairSeconds, share)),
      );
      if (open.length === 0 || budget.isCut || budget.isStopped) break;
      for (const track of open) {
        const done = tracks.reduce((sum, { pairs }) => sum + pairs, 0);
        const left = tracks.reduce((sum, { settled, pairs }) => sum + (settled ? 0 : total - pairs), 0);
        options.onProgress(done, done + left, track.stage.name);
        if (budget.isStopped) break;
        if (track.pairs === 0 || budget.fits(track.pairSeconds, share)) await takePair(track, pair, random, budget);
      }
      if (open.some(({ pairs }) => settings.looks.includes(pairs))) settle(tracks, settings);
      if (open.some(({ pairs }) => pairs === OUTLOOK_PAIRS)) {
        options.onOutlook?.(outlookOf(some, settings, (share * budget.seconds - budget.spentSeconds) / open.length));
      }
    }
  }
  const pairs = Math.max(0, ...tracks.map((track) => track.pairs));
  return { results: resultsOf(tracks, settings), pairs, seconds: budget.spentSeconds - startedSeconds };
}

/** A pair that is broken off, by its time or by the user, is none. */
async function takePair(track: StageTrack, pair: PairSource, random: Random, budget: Budget): Promise<void> {
  const beganSeconds = budget.spentSeconds;
  try {
    const samples = await pair(track.stage, track.nextOrder(random), random);
    track.add(samples, budget.spentSeconds - beganSeconds);
  } catch (error) {
    if (budget.isCut || budget.isStopped) {
      track.brokenSeconds = budget.spentSeconds - beganSeconds;
      return;
    }
    if (!(error instanceof SideFailed)) throw error;
    track.failure = error;
    track.settled = true;
  }
}

/** @param leftSeconds for each stage that is open */
function outlookOf(tracks: readonly StageTrack[], settings: TestSettings, leftSeconds: number): readonly string[] {
  const open = tracks.filter(({ settled, failure }) => !settled && failure === undefined);
  const early = open.flatMap(({ stage, series, pairs, pairSeconds }) => {
    const times = series.get(stage.name);
    if (times === undefined) return [];
    const { ratios } = times;
    return [{ name: stage.name, ratios, pairs: pairs + Math.floor(leftSeconds / pairSeconds), seconds: pairSeconds }];
  });
  return outlook(early, settings);
}

/** Stages of both builds, and a result for each that cannot be measured on both. */
function matchStages(
  base: readonly ListedStage[],
  candidate: readonly ListedStage[],
  wanted: readonly string[] | undefined,
): { readonly stages: readonly ListedStage[]; readonly results: readonly MetricResult[] } {
  const names = [...new Set([...base, ...candidate].map(({ name }) => name))].filter(
    (name) => wanted?.includes(name) ?? true,
  );
  const stages: ListedStage[] = [];
  const results: MetricResult[] = [];
  for (const name of names) {
    const [a, b] = [base, candidate].map((list) => list.find((stage) => stage.name === name));
    if (a !== undefined && b !== undefined && a.version === b.version) stages.push(b);
    else if (a === undefined) results.push(plainResult(name, 'new'));
    else if (b === undefined) results.push(plainResult(name, 'gone'));
    else {
      const why = `the stage does other work there (version ${a.version}, here ${b.version})`;
      results.push({ ...plainResult(name, UNDECIDED), why });
    }
  }
  return { stages, results };
}

function plainResult(name: string, verdict: MetricResult['verdict']): MetricResult {
  return { name, kind: 'measured', unit: '', better: 'neither', verdict, fails: false };
}

type Sides = Readonly<Record<(typeof SIDES)[number], StageRunner>>;

async function pairByTurns(
  stage: string,
  sides: Sides,
  baseFirst: boolean,
  random: Random,
  { secondsPerProcess: seconds, cores, budget: { signal } }: InterleavedOptions,
): Promise<readonly PairedSample[]> {
  const core = cores.length === 0 ? undefined : cores[random.below(cores.length)];
  const open = (side: (typeof SIDES)[number]) => sides[side].open(stage, core, signal);
  // Which one starts first is by lot too.
  const first = open(baseFirst ? 'base' : 'candidate');
  const second = open(baseFirst ? 'candidate' : 'base');
  const [base, candidate] = baseFirst ? [first, second] : [second, first];
  try {
    return await measureTurnPair({ base, candidate }, { stage, seconds, random });
  } finally {
    base.end();
    candidate.end();
  }
}

async function pairInARow(
  stage: string,
  sides: Sides,
  baseFirst: boolean,
  { budget: { signal } }: InterleavedOptions,
): Promise<readonly PairedSample[]> {
  const told: Partial<Record<(typeof SIDES)[number], readonly MeasuredMetric[]>> = {};
  for (const side of baseFirst ? SIDES : SIDES.toReversed()) {
    try {
      told[side] = await sides[side].measure(stage, signal);
    } catch (error) {
      throw error instanceof StageFailed ? new SideFailed(side, error.message) : error;
    }
  }
  return told.candidate!.flatMap((metric) => {
    const base = told.base!.find(({ name }) => name === metric.name)?.value;
    if (base === undefined) return [];
    return { metric, base, candidate: metric.value, logRatio: Math.log(metric.value / base) };
  });
}

interface Judged {
  readonly track: StageTrack;
  readonly series: Series;
  readonly decision: ComparisonDecision;
}

/** Share of the error probability for single-threaded stages while there is one on threads: only they resolve small effects. */
export const SINGLE_CHANCE = 0.9;

interface Group {
  readonly tracks: readonly StageTrack[];
  /** Share of the chance of error. */
  readonly chance: number;
}

/** Single-threaded stages, then those on threads; a group without any is left out. */
function groupsOf(tracks: readonly StageTrack[]): readonly Group[] {
  const single = tracks.filter(({ stage }) => stage.kind === 'single');
  const threaded = tracks.filter(({ stage }) => stage.kind === 'threaded');
  if (single.length === 0 || threaded.length === 0) return [{ tracks, chance: 1 }];
  return [
    { tracks: single, chance: SINGLE_CHANCE },
    { tracks: threaded, chance: 1 - SINGLE_CHANCE },
  ];
}

/** Series without a limit; one with a limit is judged by that alone, see {@link limitResult}. */
function judge(tracks: readonly StageTrack[], settings: TestSettings): readonly Judged[] {
  return groupsOf(tracks).flatMap((group) => {
    const all = seriesOf(group.tracks).filter(({ series }) => series.metric.limit === undefined);
    const decisions = decideComparison(
      all.map(({ series }) => ({ better: series.metric.better, ratios: series.ratios })),
      { ...settings, alpha: settings.alpha * group.chance },
    );
    return all.map((each, index) => ({ ...each, decision: decisions[index]! }));
  });
}

function seriesOf(tracks: readonly StageTrack[]): readonly Omit<Judged, 'decision'>[] {
  return tracks
    .filter(({ failure }) => failure === undefined)
    .flatMap((track) => [...track.series.values()].map((series) => ({ track, series })));
}

/** A decided stage starts no further processes. */
function settle(tracks: readonly StageTrack[], settings: TestSettings): void {
  const open = new Set(
    judge(tracks, settings)
      .filter(({ decision }) => decision.verdict === UNDECIDED)
      .map(({ track }) => track),
  );
  for (const track of tracks) track.settled ||= track.pairs > 0 && !open.has(track);
}

/** Why a stage has no pair, and what it would take at least. */
function unmeasuredPhrase(brokenSeconds: number, least: number): string {
  if (brokenSeconds < 1) return 'the comparison ended before a pair of it';
  const seconds = Math.round(brokenSeconds);
  return `the comparison ended before a pair of it, which takes more than ${seconds} s; ${least} pairs, the least that decide, take more than ${least * seconds} s`;
}

function resultsOf(tracks: readonly StageTrack[], settings: TestSettings): readonly MetricResult[] {
  const failed = tracks
    .filter(({ failure }) => failure !== undefined)
    // What cannot be measured any more is no better than what has become slower.
    .map((track) => ({
      ...plainResult(track.stage.name, 'failed'),
      fails: track.failure!.side === 'candidate',
      why: `${track.failure!.side}: ${track.failure!.message}`,
    }));
  const unmeasured = tracks
    .filter(({ failure, pairs }) => failure === undefined && pairs === 0)
    .map(({ stage, brokenSeconds }) => ({
      ...plainResult(stage.name, UNDECIDED),
      why: unmeasuredPhrase(brokenSeconds, settings.looks[0]!),
    }));
  const judged = judge(tracks, settings).map(({ track, series, decision }): MetricResult => {
    const { verdict, effect, low, high, p, pairs, morePairs } = decision;
    return {
      ...plainFigures(series),
      verdict,
      fails: verdict === 'worse',
      effect,
      low,
      high,
      p,
      pairs,
      ...(morePairs === undefined ? {} : { morePairs, moreSeconds: morePairs * track.pairSeconds }),
    };
  });
  const limited = seriesOf(tracks).flatMap(({ series }) => {
    const { limit } = series.metric;
    return limit === undefined ? [] : [limitResult(series, limit, settings)];
  });
  return [...failed, ...unmeasured, ...judged, ...limited];
}

function plainFigures({ metric, base, candidate, ratios }: Series) {
  const { name, kind, unit, better } = metric;
  const samples = { base, candidate, ratios };
  return { name, kind, unit, better, base: median(base), candidate: median(candidate), samples };
}

/**
 * A ratio to a floor holds or does not, whatever the base does: the floor is of the same process. Its luck with memory is
 * too, so that two such ratios say less about two builds than the times alone, and are not tested.
 */
function limitResult(series: Series, limit: number, settings: TestSettings): MetricResult {
  const { candidate } = series;
  const pairs = candidate.length;
  const figures = { ...plainFigures(series), pairs };
  const missing = settings.looks[0]! - pairs;
  if (missing > 0) return { ...figures, verdict: UNDECIDED, fails: false, morePairs: missing };
  // Too high is what lies above the limit with its whole interval.
  const { low } = bootstrapMedian(candidate, intervalLevel(settings), new Random(1));
  return low > limit
    ? { ...figures, verdict: 'worse', fails: true, why: `above ${limit} times its floor` }
    : { ...figures, verdict: 'same', fails: false, why: `not above ${limit} times its floor` };
}
