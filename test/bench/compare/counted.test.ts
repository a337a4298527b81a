import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Budget } from '../../../bench/compare/budget.ts';
import { Build } from '../../../bench/compare/build.ts';
import { compareCounted, countedVerdict, instructionsIn } from '../../../bench/compare/counted.ts';
import { compareDocument } from '../../../bench/documents/comparison/document.ts';
import { DEFAULT_SETTINGS } from '../../../bench/compare/settings.ts';
import { StageFailed } from '../../../bench/compare/stage-failed.ts';
import { comparisonText } from '../../../bench/documents/comparison/text.ts';
import { packageRoot } from '../../../bench/io/package-root.ts';
import { effort } from '../../effort.ts';

const VALGRIND_FOUND = spawnSync('valgrind', ['--version']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-counted-build-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A build whose stage is little work of all sorts, since valgrind takes seconds for what Node does in tenths: objects that are
 * collected, keys that are hashed, numbers that are drawn, code that is compiled. Few calls repeat no better than many.
 */
function smallBuild(): Build {
  const random = join(packageRoot(), 'dist', 'sim', 'base', 'random.js');
  mkdirSync(join(folder, 'dist', 'bench'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"name":"stopcopy","type":"module"}');
  const main = "console.log(JSON.stringify({ protocol: 2, stages: [], loop: 'loop.cjs' }));\n";
  writeFileSync(join(folder, 'dist', 'bench', 'main.js'), main);
  const loop = `const { Random } = require(${JSON.stringify(random)});
  const random = new Random(1);
  function call() {
    const places = new Map();
    for (let i = 0; i < 500; i++) places.set('place ' + random.below(400), { i, list: [i, random.below(9)] });
    let sum = 0;
    for (const [key, { i, list }] of [...places].sort(([a], [b]) => (a < b ? -1 : 1))) sum += key.length * i + list.length;
    return sum;
  }
  exports.loopStage = (name, length) => {
    const counted = 100;
    let sink = 0;
    for (let i = 0; i < 100 + (length === 'long' ? counted : 0); i++) sink += call();
    return { counted, sink };
  };`;
  writeFileSync(join(folder, 'loop.cjs'), loop);
  return new Build(folder, 'small');
}

/** The build of the package takes minutes. */
const COUNTED = effort(smallBuild, smallBuild, () => new Build(packageRoot(), 'this build'));

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

  test('are told to the last one', () => {
    const side = { word: 'a', kind: 'built folder', revision: null } as const;
    const [base, candidate] = [9_176_177, 9_176_150];
    const result = { ...countedVerdict(base, candidate, DEFAULT_SETTINGS), base, candidate };
    const named = { name: 'frame-read/instructions', kind: 'counted', unit: 'instructions', better: 'lower' } as const;
    const text = comparisonText(
      compareDocument({ base: side, candidate: side, results: [{ ...named, ...result }], same: 0 }),
    );
    expect(text).toMatch(/counted +9,176,177 +9,176,150 +\+0\.00 % +same/);
  });

  test('of a build from before are missing, and say why; the comparison goes on', async () => {
    const build = new Build(packageRoot(), 'this build');
    const why = 'is from before';
    build.loop = () => Promise.reject(new StageFailed(why));
    const stages = ['frame-read', 'trace-replay'].map((name) => ({ name, version: 1, kind: 'single' }) as const);
    const budget = new Budget(Infinity, new AbortController().signal);
    const results = await compareCounted(build, build, stages, { settings: DEFAULT_SETTINGS, budget });
    expect(results).toMatchObject(stages.map(() => ({ verdict: 'failed', fails: false, why })));
  });

  test.runIf(VALGRIND_FOUND)(
    'of one build repeat within a hundred thousandth, whatever else the machine does',
    async () => {
      const build = COUNTED();
      const stages = [{ name: 'frame-read', version: 1, kind: 'single' } as const];
      const budget = new Budget(Infinity, new AbortController().signal);
      const [result] = await compareCounted(build, build, stages, { settings: DEFAULT_SETTINGS, budget });
      expect(result).toMatchObject({ name: 'frame-read/instructions', kind: 'counted', verdict: 'same' });
      expect(Math.abs(result!.effect!)).toBeLessThan(2e-5);
      expect(result!.base).toBeGreaterThan(100_000);
    },
    600_000,
  );
});
