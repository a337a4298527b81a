/**
 * Counted metrics: instructions of a single-threaded stage under valgrind's cachegrind, with a Node that neither runs other
 * threads nor lets time decide what is compiled. Starting up alone takes some 600 million instructions, so each stage runs at
 * two lengths, and the difference counts.
 */
import type { Build, ListedStage } from './build.ts';
import { runProgram } from './build.ts';
import type { MetricResult } from './document.ts';
import type { TestSettings } from './settings.ts';
import { StageFailed } from './stage-failed.ts';

/** Between runs of one build counts differ by some millionths; a change below this is no news. */
export const COUNTED_NOISE = 0.002;

const LENGTHS = ['short', 'long'] as const;
const NODE_FLAGS = ['--predictable', '--single-threaded'] as const;

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

/** Instructions per call of a stage. */
async function count(build: Build, stage: string, signal: AbortSignal): Promise<number> {
  const totals: number[] = [];
  let calls = Number.NaN;
  for (const length of LENGTHS) {
    const words = [
      '--tool=cachegrind',
      '--cache-sim=no',
      '--cachegrind-out-file=/dev/null',
      '--smc-check=all-non-file',
    ];
    const program = [process.execPath, ...NODE_FLAGS, ...build.command, 'loop', stage, length];
    const { code, stdout, stderr } = await runProgram('valgrind', [...words, ...program], { cwd: build.root, signal });
    const instructions = instructionsIn(stderr);
    if (code !== 0 || instructions === undefined) throw new StageFailed(`valgrind ended with ${code ?? 'a signal'}`);
    totals.push(instructions);
    calls = Number(/"counted": (\d+)/.exec(stdout)?.[1]);
  }
  return (totals[1]! - totals[0]!) / calls;
}

export async function compareCounted(
  base: Build,
  candidate: Build,
  stages: readonly ListedStage[],
  settings: TestSettings,
  signal: AbortSignal,
): Promise<readonly MetricResult[]> {
  const results: MetricResult[] = [];
  for (const { name } of stages.filter(({ kind }) => kind === 'single')) {
    const plain = { name: `${name}/instructions`, kind: 'counted', unit: 'instructions', better: 'lower' } as const;
    try {
      const before = await count(base, name, signal);
      const after = await count(candidate, name, signal);
      results.push({
        ...plain,
        ...countedVerdict(before, after, settings),
        base: Math.round(before),
        candidate: Math.round(after),
      });
    } catch (error) {
      if (!(error instanceof StageFailed)) throw error;
      results.push({ ...plain, verdict: 'failed', fails: false, why: error.message });
    }
  }
  return results;
}

/** Told, and no regression by itself: another choice of the compiler moves the count too. */
export function countedVerdict(
  before: number,
  after: number,
  { smallestEffect }: TestSettings,
): Pick<MetricResult, 'verdict' | 'fails' | 'effect'> {
  const effect = after / before - 1;
  if (Math.abs(effect) < Math.max(COUNTED_NOISE, smallestEffect)) return { verdict: 'same', fails: false, effect };
  return { verdict: effect > 0 ? 'worse' : 'better', fails: false, effect };
}
