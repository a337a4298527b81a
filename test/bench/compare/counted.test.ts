import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { Budget } from '../../../bench/compare/budget.ts';
import { Build } from '../../../bench/compare/build.ts';
import { compareCounted, countedVerdict, instructionsIn } from '../../../bench/compare/counted.ts';
import { compareDocument } from '../../../bench/documents/comparison/document.ts';
import { DEFAULT_SETTINGS } from '../../../bench/compare/settings.ts';
import { StageFailed } from '../../../bench/compare/stage-failed.ts';
import { comparisonText } from '../../../bench/documents/comparison/text.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { effort } from '../../effort.ts';

/** Runs the program as it is, and reports 600 million instructions for its start and five for each call. */
const FAKE_VALGRIND = `#!/usr/bin/env node
const { spawnSync } = require('node:child_process');
const words = process.argv.slice(2);
if (words[0] === '--version') process.exit(0);
const [program, ...rest] = words.slice(words.findIndex((word) => !word.startsWith('--')));
const { status, stdout } = spawnSync(program, rest, { encoding: 'utf8' });
process.stdout.write(stdout);
const calls = words.at(-1).includes("'long'") ? Number(/"counted":(\\d+)/.exec(stdout)[1]) : 0;
process.stderr.write('==1== I refs: ' + (600e6 + 5 * calls).toLocaleString('en-US') + '\\n');
process.exit(status);
`;

const VALGRIND_FOUND = spawnSync('valgrind', ['--version']).status === 0;

describe('counted instructions', () => {
  test("are read from cachegrind's line, old and new", () => {
    expect(instructionsIn('==1== I   refs:      3,578,615,217\n')).toBe(3_578_615_217);
    expect(instructionsIn('==1== I refs:        742,861,166')).toBe(742_861_166);
    expect(instructionsIn('nothing')).toBeUndefined();
  });

  test('are the same within a per mille, else better or worse, and fail from the smallest effect on', () => {
    const settings = { ...DEFAULT_SETTINGS, smallestEffect: 0.01 };
    expect(countedVerdict(10_000, 10_009, settings)).toMatchObject({ verdict: 'same', fails: false });
    expect(countedVerdict(10_000, 10_020, settings)).toMatchObject({ verdict: 'worse', fails: false });
    expect(countedVerdict(10_000, 10_200, settings)).toMatchObject({ verdict: 'worse', fails: true });
    expect(countedVerdict(10_000, 9_700, settings)).toMatchObject({ verdict: 'better', fails: false });
  });

  test('are printed to the last one', () => {
    const side = { word: 'a', kind: 'built folder', revision: null } as const;
    const [base, candidate] = [9_176_177, 9_176_150];
    const result = { ...countedVerdict(base, candidate, DEFAULT_SETTINGS), base, candidate };
    const named = { name: 'frame-read/instructions', kind: 'counted', unit: 'instructions', better: 'lower' } as const;
    const text = comparisonText(
      compareDocument({ base: side, candidate: side, results: [{ ...named, ...result }], same: 0 }),
    );
    expect(text).toMatch(/counted +9,176,177 +9,176,150 +\+0\.00 % +same/);
  });

  test('of a build from before are missing, and say why; the comparison continues', async () => {
    const build = new Build(packageRoot(), 'this build');
    const why = 'is from before';
    build.loop = () => Promise.reject(new StageFailed(why));
    const stages = ['frame-read', 'trace-replay'].map((name) => ({ name, version: 1, kind: 'single' }) as const);
    const budget = new Budget(Infinity, new AbortController().signal);
    const results = await compareCounted(build, build, stages, { settings: DEFAULT_SETTINGS, budget });
    expect(results).toMatchObject(stages.map(() => ({ verdict: 'failed', fails: false, why })));
  });

  test('are those that the longer loop takes more, for each of its calls', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-valgrind-'));
    const path = process.env['PATH'];
    try {
      writeFileSync(join(folder, 'valgrind'), FAKE_VALGRIND, { mode: 0o755 });
      process.env['PATH'] = `${folder}${delimiter}${path}`;
      const build = new Build(packageRoot(), 'this build');
      const stages = [{ name: 'frame-read', version: 1, kind: 'single' } as const];
      const budget = new Budget(Infinity, new AbortController().signal);
      const [result] = await compareCounted(build, build, stages, { settings: DEFAULT_SETTINGS, budget });
      expect(result).toMatchObject({ name: 'frame-read/instructions', kind: 'counted', verdict: 'same' });
      expect([result!.base, result!.candidate]).toEqual([5, 5]);
    } finally {
      process.env['PATH'] = path;
      rmSync(folder, { recursive: true, force: true });
    }
  });

  // Node starts four times under valgrind, which takes more than a minute of CPU.
  test.runIf(VALGRIND_FOUND && effort(false, false, true))(
    'of one build repeat within a hundred thousandth, whatever else the machine does',
    async () => {
      const build = new Build(packageRoot(), 'this build');
      const stages = [{ name: 'frame-read', version: 1, kind: 'single' } as const];
      const budget = new Budget(Infinity, new AbortController().signal);
      const [result] = await compareCounted(build, build, stages, { settings: DEFAULT_SETTINGS, budget });
      expect(result).toMatchObject({ name: 'frame-read/instructions', kind: 'counted', verdict: 'same' });
      expect(Math.abs(result!.effect!)).toBeLessThan(2e-5);
    },
    600_000,
  );
});
