/**
 * Counted metrics: instructions of a single-threaded stage under valgrind's cachegrind. Starting up alone takes some 600
 * million instructions, so each stage runs at two lengths, and the difference counts.
 *
 * Counts of one build repeat within millionths because nothing that differs between two runs has a say: no other threads, no
 * seeds, no clock in what is compiled or collected when, and no path that is longer on one side.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LoopLength } from '../measure/metrics/stage-loop.ts';
import { Budget } from './budget.ts';
import type { Build, ListedStage } from './build.ts';
import { runProgram } from '../io/run-program.ts';
import { type MetricResult, type TestSettings, UNDECIDED } from '../documents/comparison/document.ts';
import { StageFailed } from './stage-failed.ts';

/** A smaller change is reported as none. */
const COUNTED_SMALLEST = 0.001;

const LENGTHS: readonly LoopLength[] = ['short', 'long'];

const VALGRIND_WORDS = [
  '--tool=cachegrind',
  '--cache-sim=no',
  '--cachegrind-out-file=/dev/null',
  '--smc-check=all-non-file',
] as const;

const NODE_FLAGS = [
  '--predictable',
  '--single-threaded',
  '--random-seed=1',
  '--hash-seed=1',
  // How much of the heap may grow before it is collected depends on how fast collecting was, and so does each step of marking.
  '--predictable-gc-schedule',
  '--no-incremental-marking',
  // A build is reached by a link, so that its path is as long as the other's.
  '--preserve-symlinks',
  '--no-warnings',
] as const;

/** Null when valgrind is installed, otherwise a sentence. */
export async function countingUnavailable(signal: AbortSignal): Promise<string | null> {
  try {
    const { code } = await runProgram('valgrind', ['--version'], { cwd: process.cwd(), signal });
    return code === 0 ? null : 'valgrind does not run here: instructions are not counted';
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return 'valgrind is not installed: instructions are not counted';
    throw error;
  }
}

/** The number in cachegrind's line `I refs: 742,861,166` (since 3.21 also `I   refs`). */
export function instructionsIn(stderr: string): number | undefined {
  const text = /I\s+refs:\s+([\d,]+)/.exec(stderr)?.[1];
  return text === undefined ? undefined : Number(text.replaceAll(',', ''));
}

/** A build's program that repeats a stage, by a path that is as long for every build. */
interface Counted {
  readonly folder: string;
  readonly program: () => Promise<string>;
}

/** Instructions per call of a stage. */
async function count({ folder, program }: Counted, stage: string, signal: AbortSignal): Promise<number> {
  const totals: number[] = [];
  let calls = Number.NaN;
  const file = await program();
  for (const length of LENGTHS) {
    const code = `console.log(JSON.stringify(require(${JSON.stringify(file)}).loopStage('${stage}', '${length}')))`;
    const words = [...VALGRIND_WORDS, process.execPath, ...NODE_FLAGS, '-e', code];
    const ended = await runProgram('valgrind', words, { cwd: folder, signal });
    const instructions = instructionsIn(ended.stderr);
    if (ended.code !== 0 || instructions === undefined) {
      throw new StageFailed(`valgrind ended with ${ended.code ?? 'a signal'}`);
    }
    totals.push(instructions);
    calls = Number(/"counted":(\d+)/.exec(ended.stdout)?.[1]);
  }
  return (totals[1]! - totals[0]!) / calls;
}

/** A stage takes some half a minute on both cores: with less, pairs of processes are the better use of the time. */
export const COUNTED_BUDGET_SECONDS = 120;

/** The rest is for pairs of processes. */
const COUNTED_SHARE = 0.5;

export interface CountedOptions {
  readonly settings: TestSettings;
  readonly budget: Budget;
  /** Whether counting may take all of the budget; otherwise half. */
  readonly insists?: boolean;
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

const NOT_COUNTED = {
  verdict: UNDECIDED,
  fails: false,
  why: 'no time in the budget; give more by --budget',
} as const;

function countedResult(stage: string) {
  return { name: `${stage}/instructions`, kind: 'counted', unit: 'instructions', better: 'lower' } as const;
}

/** Both builds at the same time: what else the machine does changes no count. */
export async function compareCounted(
  base: Build,
  candidate: Build,
  stages: readonly ListedStage[],
  { settings, budget: whole, insists = false, onProgress }: CountedOptions,
): Promise<readonly MetricResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-counted-'));
  const results: MetricResult[] = [];
  const share = insists ? 1 : COUNTED_SHARE;
  const budget = new Budget(share * whole.seconds - whole.spentSeconds, whole.signal, undefined, 0);
  try {
    const sides = [base, candidate].map((build, side) => {
      const place = join(folder, String(side));
      symlinkSync(build.root, place, 'dir');
      let loop: Promise<string> | undefined;
      // Asked for once, where a build that has none fails its stages and nothing else.
      const program = async (): Promise<string> => join(place, await (loop ??= build.loop(budget.signal)));
      return { folder, program };
    });
    const single = stages.filter(({ kind }) => kind === 'single');
    let stageSeconds = 0;
    for (const [done, { name }] of single.entries()) {
      if (!budget.fits(stageSeconds)) {
        results.push({ ...countedResult(name), ...NOT_COUNTED });
        continue;
      }
      const beganSeconds = budget.spentSeconds;
      onProgress?.(done, single.length, `instructions of ${name}`);
      const plain = countedResult(name);
      try {
        const [before, after] = await Promise.all(sides.map((side) => count(side, name, budget.signal)));
        results.push({
          ...plain,
          ...countedVerdict(before!, after!, settings),
          base: Math.round(before!),
          candidate: Math.round(after!),
        });
        stageSeconds = Math.max(stageSeconds, budget.spentSeconds - beganSeconds);
      } catch (error) {
        if (budget.isCut) {
          results.push({ ...plain, ...NOT_COUNTED });
          continue;
        }
        if (!(error instanceof StageFailed)) throw error;
        results.push({ ...plain, verdict: 'failed', fails: false, why: error.message });
      }
    }
  } finally {
    budget.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/**
 * Reported from a per mille on, a regression from the smallest effect on: the place of code that a stage does not use already
 * moves its count by some ten thousandths.
 */
export function countedVerdict(
  before: number,
  after: number,
  { smallestEffect }: TestSettings,
): Pick<MetricResult, 'verdict' | 'fails' | 'effect'> {
  const effect = after / before - 1;
  if (Math.abs(effect) < COUNTED_SMALLEST) return { verdict: 'same', fails: false, effect };
  return { verdict: effect > 0 ? 'worse' : 'better', fails: effect >= smallestEffect, effect };
}
