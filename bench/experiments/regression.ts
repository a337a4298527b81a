/**
 * Experiments on the regression tracking itself: a build against an equal one, builds with a planted slowdown, and a build
 * with one register access more. The builds are copies of this checkout's `dist`, changed in one place.
 *
 * Not run by the tests, as wall times decide: `npx tsx bench/experiments/run.ts` does, and writes what came of it.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bug } from '../../sim/base/bug.ts';
import { Build } from '../compare/build.ts';
import { compareCounted } from '../compare/counted.ts';
import { exactResults } from '../compare/exact-gate.ts';
import { compareInterleaved } from '../compare/interleaved.ts';
import type { TestSettings } from '../documents/comparison/document.ts';
import { DEFAULT_SETTINGS } from '../compare/settings.ts';
import { compareExact } from '../measure/metrics/baseline.ts';
import { packageRoot } from '../io/package-root.ts';
import { MS_PER_S } from '../../sim/base/units.ts';

/** A change of one built file. */
export interface Planted {
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

/** Does so many migrations more than it tells, to 20: 1 is a slowdown of 5 %, 2 is one of 10 %. */
export function slowMoves(more: number): Planted {
  return {
    file: 'dist/bench/measure/metrics/stages.js',
    find: 'for (let i = 0; i < operations; i++)\n            trip.move();',
    put: `for (let i = 0; i < operations + ${more}; i++)\n            trip.move();`,
  };
}

/** Makes every call of every single-threaded stage take so many per cent longer. */
export function slowCalls(percent: number): Planted {
  const share = `${100 + percent}n) / 100n`;
  return {
    file: 'dist/bench/measure/metrics/stage-process.js',
    find: 'await takeTurns(stage.prepare(), ',
    put: `await takeTurns(((work) => ({
      ...work,
      call: () => {
        const from = process.hrtime.bigint();
        const told = work.call();
        const until = from + ((process.hrtime.bigint() - from) * ${share};
        while (process.hrtime.bigint() < until);
        return told;
      },
    }))(stage.prepare()), `,
  };
}

/** A function of the driver that nobody calls. */
export const UNUSED: Planted = {
  file: 'dist/sim/driver/qm.js',
  find: '//# sourceMappingURL',
  put: 'export function unused(low, high) {\n    let sum = 0;\n    for (let i = low; i < high; i++) sum += i;\n    return sum;\n}\n//# sourceMappingURL',
};

/** One more read of a status register in each check that a VF does. */
export const ONE_ACCESS_MORE: Planted = {
  file: 'dist/sim/driver/qm.js',
  find: 'if ((port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS) & pf.qmShutdownMask) !== 0)',
  put: 'port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS);\n        if ((port.read32(PF, PF_REG.QM_ABNORMAL_INT_STATUS) & pf.qmShutdownMask) !== 0)',
};

/** A copy of the built package in a folder of its own, with a change or without. */
export function copyBuild(folder: string, name: string, planted: Planted | null): Build {
  const root = join(folder, name);
  const here = packageRoot();
  for (const part of ['dist', 'traces', 'package.json', 'sim'])
    cpSync(join(here, part), join(root, part), { recursive: true });
  symlinkSync(join(here, 'node_modules'), join(root, 'node_modules'), 'dir');
  if (planted !== null) {
    const path = join(root, planted.file);
    const text = readFileSync(path, 'utf8');
    if (text.split(planted.find).length !== 2) bug('PLANT', planted.file, planted.find);
    writeFileSync(
      path,
      text.replace(planted.find, () => planted.put),
    );
  }
  return new Build(root, name);
}

export interface RegressionTrial {
  readonly experiment: string;
  readonly trial: number;
  readonly verdicts: readonly {
    readonly metric: string;
    readonly verdict: string;
    readonly effect: number | undefined;
    readonly low: number | undefined;
    readonly high: number | undefined;
    readonly pairs: number | undefined;
  }[];
  readonly seconds: number;
}

export interface TrialOptions {
  readonly trials: number;
  readonly settings: TestSettings;
  readonly stages: readonly string[];
  readonly secondsPerProcess: number;
  readonly cores: readonly number[];
  readonly budgetSeconds: number;
  readonly onTrial: (trial: RegressionTrial) => void;
}

/** Compares an unchanged copy with a changed one, some times over. */
export async function runTrials(experiment: string, planted: Planted | null, options: TrialOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-experiment-'));
  const { signal } = new AbortController();
  try {
    const base = copyBuild(folder, 'a', null);
    const candidate = copyBuild(folder, 'b', planted);
    for (let trial = 1; trial <= options.trials; trial++) {
      const onProgress = (): void => {};
      const { results, seconds } = await compareInterleaved(base, candidate, {
        ...options,
        seed: trial,
        signal,
        onProgress,
      });
      const verdicts = results.map(({ name, verdict, effect, low, high, pairs }) => ({
        metric: name,
        verdict,
        effect,
        low,
        high,
        pairs,
      }));
      options.onTrial({ experiment, trial, verdicts, seconds });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What counting instructions says of a changed copy, in a folder with a longer name. */
export async function countedTrial(experiment: string, planted: Planted | null): Promise<RegressionTrial> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-experiment-'));
  const { signal } = new AbortController();
  try {
    const base = copyBuild(folder, 'a', null);
    const candidate = copyBuild(folder, 'the-other-side-of-it', planted);
    const startedMs = performance.now();
    const stages = await base.stages(signal);
    const results = await compareCounted(base, candidate, stages, { settings: DEFAULT_SETTINGS, signal });
    const seconds = (performance.now() - startedMs) / MS_PER_S;
    const none = { low: undefined, high: undefined, pairs: undefined };
    return {
      experiment,
      trial: 1,
      verdicts: results.map(({ name, verdict, effect }) => ({ metric: name, verdict, effect, ...none })),
      seconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the exact metrics say of a changed copy, and how long that takes. */
export async function exactTrial(experiment: string, planted: Planted | null): Promise<RegressionTrial> {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-experiment-'));
  const { signal } = new AbortController();
  try {
    const base = copyBuild(folder, 'a', null);
    const candidate = copyBuild(folder, 'b', planted);
    const known = await base.exact(signal);
    const startedMs = performance.now();
    const comparison = compareExact(known, await candidate.exact(signal));
    const seconds = (performance.now() - startedMs) / MS_PER_S;
    const verdicts = exactResults(comparison).map(({ name, verdict, effect }) => ({
      metric: name,
      verdict,
      effect,
      low: undefined,
      high: undefined,
      pairs: undefined,
    }));
    return { experiment, trial: 1, verdicts, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
