/**
 * `stopcopy compare BASE CANDIDATE`: which sides there are, what of them can be compared, and how.
 */
import { UserError } from '../../sim/base/user-error.ts';
import type { CommandIo } from '../io/command-io.ts';
import { stopsItself } from '../io/stop-words.ts';
import { readInputText } from '../io/input-file.ts';
import { machineFacts } from '../measure/machine.ts';
import { crowdingBetween, readMachine } from '../measure/machine-use.ts';
import { BASELINE_FORMAT, compareExact, parseBaseline } from '../measure/metrics/baseline.ts';
import { parseBenchResult } from '../documents/bench/result.ts';
import type { Build, ListedStage } from './build.ts';
import { Budget, BudgetSpent } from './budget.ts';
import { COUNTED_BUDGET_SECONDS, compareCounted, type CountedOptions, countingUnavailable } from './counted.ts';
import {
  compareDocument,
  type ComparisonDocument,
  type MetricResult,
  type SideReport,
} from '../documents/comparison/document.ts';
import { exactResults } from './exact-gate.ts';
import { compareInterleaved } from './interleaved.ts';
import { pinnableCores } from './pinning.ts';
import { compareRepeatedFiles, type NamedResult } from './repeated-files.ts';
import { compareResultFiles } from './result-files.ts';
import type { TestSettings } from '../documents/comparison/document.ts';
import { type ComparedSide, sideOf, Workshop } from './sides.ts';
import { StageFailed } from './stage-failed.ts';

export interface CompareOptions {
  readonly settings: TestSettings;
  readonly budgetSeconds: number;
  readonly secondsPerProcess: number;
  readonly stages?: readonly string[];
  readonly seed: number;
  /** Whether instructions are counted too; undefined: where there are valgrind and time. */
  readonly counted: boolean | undefined;
  /** Whether anything is measured; without it exact metrics are all. */
  readonly measured: boolean;
}

/** The words of a side: one, or several result files. */
export type SideWords = readonly [string, ...string[]];

/** @throws UserError of kind `usage` for sides that cannot be compared with one another */
export async function compare(
  baseWords: SideWords,
  candidateWords: SideWords,
  options: CompareOptions,
  context: CommandIo,
): Promise<ComparisonDocument> {
  const { signal } = context;
  const [baseWord, candidateWord] = [baseWords[0], candidateWords[0]];
  if (baseWords.length > 1 || candidateWords.length > 1) {
    return compareManyFiles(await filesOf(baseWords, signal), await filesOf(candidateWords, signal), options.settings);
  }
  const base = await sideOf(baseWord, signal);
  const candidate = await sideOf(candidateWord, signal);
  if (base.kind === 'file' && candidate.kind === 'file') return compareFiles(base.path, candidate.path);
  if (base.kind !== 'file' && candidate.kind !== 'file') {
    return compareBuilds([baseWord, base], [candidateWord, candidate], options, context);
  }
  const [file, other] = base.kind === 'file' ? [baseWord, candidateWord] : [candidateWord, baseWord];
  throw new UserError(
    'usage',
    `${file} is a file and ${other} is not: what a file holds was measured at another time`,
    'Give two files, or two of revisions and built folders.',
  );
}

async function filesOf(words: SideWords, signal: AbortSignal): Promise<readonly NamedResult[]> {
  const files: NamedResult[] = [];
  for (const word of words) {
    const side = await sideOf(word, signal);
    if (side.kind !== 'file') {
      throw new UserError(
        'usage',
        `${word} is no file, and several of a side are files`,
        'Give results of stopcopy bench.',
      );
    }
    files.push({ path: word, result: parseBenchResult(readInputText(side.path), word) });
  }
  return files;
}

function compareManyFiles(
  base: readonly NamedResult[],
  candidate: readonly NamedResult[],
  settings: TestSettings,
): ComparisonDocument {
  const side = (files: readonly NamedResult[]): SideReport => ({
    word: files.map(({ path }) => path).join(' '),
    kind: 'result file',
    revision: null,
  });
  const results = compareRepeatedFiles(base, candidate, settings);
  const listed = results.filter(({ kind, verdict }) => !(kind !== 'measured' && verdict === 'same'));
  return compareDocument({
    base: side(base),
    candidate: side(candidate),
    results: listed,
    same: results.length - listed.length,
  });
}

/** Two files that each hold one result, or one baseline. */
export function compareFiles(basePath: string, candidatePath: string): ComparisonDocument {
  const [base, candidate] = [basePath, candidatePath].map((path) => ({ path, text: readInputText(path) })) as [
    TextFile,
    TextFile,
  ];
  if (isBaseline(base) && isBaseline(candidate)) {
    const values = [base, candidate].map(({ path, text }) => parseBaseline(text, path).metrics);
    const comparison = compareExact(values[0]!, values[1]!);
    return compareDocument({
      base: { word: basePath, kind: 'baseline', revision: null },
      candidate: { word: candidatePath, kind: 'baseline', revision: null },
      results: exactResults(comparison),
      same: comparison.same,
    });
  }
  const results = [base, candidate].map(({ path, text }) => parseBenchResult(text, path));
  return compareDocument({
    base: { word: basePath, kind: 'result file', revision: null },
    candidate: { word: candidatePath, kind: 'result file', revision: null },
    results: compareResultFiles(results[0]!, results[1]!),
    same: 0,
  });
}

interface TextFile {
  readonly path: string;
  readonly text: string;
}

function isBaseline({ text }: TextFile): boolean {
  return text.slice(0, 200).includes(BASELINE_FORMAT);
}

type BuildSide = Exclude<ComparedSide, { kind: 'file' }>;

async function compareBuilds(
  [baseWord, baseSide]: readonly [string, BuildSide],
  [candidateWord, candidateSide]: readonly [string, BuildSide],
  options: CompareOptions,
  { output, signal }: CommandIo,
): Promise<ComparisonDocument> {
  // It starts processes and makes folders, which have to go.
  stopsItself();
  const tell = (text: string): void => output.note(text);
  const workshop = new Workshop(signal, tell);
  const progress = output.progress();
  let budget: Budget | undefined;
  try {
    const base = await workshop.open(baseWord, baseSide, 'a');
    const candidate = await workshop.open(candidateWord, candidateSide, 'b');
    const sides = { base: base.report, candidate: candidate.report };
    // What building takes is not measuring.
    budget = new Budget(options.budgetSeconds, signal);
    const results: MetricResult[] = [];
    const exact = await compareExactOf(base.build, candidate.build, budget.signal);
    results.push(...exact.results);
    if (!options.measured) return compareDocument({ ...sides, results, same: exact.same });
    const onProgress = (pairs: number, total: number, label: string): void => progress.update(pairs, total, label);
    const before = readMachine();
    const stages = await stagesOfBoth(base.build, candidate.build, options, budget.signal);
    const counting = { settings: options.settings, budget, insists: options.counted === true, onProgress };
    results.push(...(await countedOf(base.build, candidate.build, stages, options.counted, counting, tell)));
    const cores = await pinnableCores(signal);
    const onOutlook = (sentences: readonly string[]): void => {
      for (const sentence of sentences) tell(`${sentence}.`);
    };
    const outcome = await compareInterleaved(base.build, candidate.build, {
      ...options,
      budget,
      cores,
      onProgress,
      onOutlook,
    });
    results.push(...outcome.results);
    progress.stop();
    const settings = { ...options.settings, pairs: outcome.pairs, seconds: outcome.seconds };
    return compareDocument({
      ...sides,
      results,
      same: exact.same,
      settings,
      machine: machineFacts(),
      crowded: crowdingBetween(before, readMachine(), null),
      interrupted: signal.aborted,
    });
  } catch (error) {
    if (error instanceof BudgetSpent) {
      throw new UserError(
        'usage',
        `nothing was measured in ${options.budgetSeconds} s: comparing exact metrics took all of it`,
        'Give more by --budget.',
      );
    }
    if (!(error instanceof StageFailed)) throw error;
    throw new UserError(
      'usage',
      `a build cannot be compared: it ${error.message}`,
      'Builds before stages were tracked have none.',
    );
  } finally {
    budget?.end();
    progress.stop();
    await workshop.close();
  }
}

async function compareExactOf(
  base: Build,
  candidate: Build,
  signal: AbortSignal,
): Promise<{ readonly results: readonly MetricResult[]; readonly same: number }> {
  const [before, after] = await Promise.all([base.exact(signal), candidate.exact(signal)]);
  const comparison = compareExact(before, after);
  return { results: exactResults(comparison), same: comparison.same };
}

/** Instructions, which no other load moves, are counted in at most half of the budget. */
async function countedOf(
  base: Build,
  candidate: Build,
  stages: readonly ListedStage[],
  asked: boolean | undefined,
  options: CountedOptions,
  note: (text: string) => void,
): Promise<readonly MetricResult[]> {
  if (asked === false || !stages.some(({ kind }) => kind === 'single')) return [];
  const why =
    asked === undefined && options.budget.seconds < COUNTED_BUDGET_SECONDS
      ? `a budget under ${COUNTED_BUDGET_SECONDS} s leaves no time to count instructions; --counted does it anyway`
      : await countingUnavailable(options.budget.signal);
  if (why !== null) {
    note(`${why}.`);
    return [];
  }
  return compareCounted(base, candidate, stages, options);
}

async function stagesOfBoth(
  base: Build,
  candidate: Build,
  { stages: wanted }: CompareOptions,
  signal: AbortSignal,
): Promise<readonly ListedStage[]> {
  const there = await candidate.stages(signal);
  return (await base.stages(signal)).filter(
    ({ name, version }) =>
      (wanted?.includes(name) ?? true) && there.some((other) => other.name === name && other.version === version),
  );
}
