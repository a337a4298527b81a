import { describe, expect, test } from 'vitest';

import type { ListedStage, MeasuredMetric } from '../../../bench/compare/build.ts';
import { compareDocument } from '../../../bench/documents/comparison/document.ts';
import {
  compareInterleaved,
  comparePairs,
  type InterleavedOptions,
  type StageRunner,
} from '../../../bench/compare/interleaved.ts';
import { Budget } from '../../../bench/compare/budget.ts';
import { measureNoise } from '../../../bench/compare/noise.ts';
import { outlook as outlookOf } from '../../../bench/compare/outlook.ts';
import { compareResultFiles } from '../../../bench/compare/result-files.ts';
import { smallestSlowdown } from '../../../bench/compare/slowdown.ts';
import { DEFAULT_SETTINGS } from '../../../bench/compare/settings.ts';
import { StageFailed } from '../../../bench/compare/stage-failed.ts';
import { SideFailed } from '../../../bench/compare/turn-pair.ts';
import { COMMENT_MARKER, comparisonMarkdown, comparisonText } from '../../../bench/documents/comparison/text.ts';
import { madeComparison } from '../../../bench/documents/comparison/section.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { noiseText } from '../../../bench/documents/noise/text.ts';
import { exact } from '../../../bench/measure/statistics.ts';
import { bug } from '../../../sim/base/bug.ts';
import { Random } from '../../../sim/base/random.ts';
import { fixtureCell, fixtureResult } from '../fixture.ts';
import { schemaFindings } from '../published.ts';
import { stating } from '../../stating.ts';

/** A build whose stages take what a function says; `log` has who ran when. */
class FakeBuild implements StageRunner {
  readonly name: string;
  private readonly speeds: Readonly<Record<string, () => number>>;
  private readonly log: string[];
  private readonly version: number;

  constructor(name: string, speeds: Readonly<Record<string, () => number>>, log: string[] = [], version = 1) {
    this.name = name;
    this.speeds = speeds;
    this.log = log;
    this.version = version;
  }

  stages(): Promise<readonly ListedStage[]> {
    return Promise.resolve(Object.keys(this.speeds).map((name) => ({ name, version: this.version, kind: 'threaded' })));
  }

  open(): never {
    return bug('NOT_BY_TURNS');
  }

  measure(stage: string): Promise<readonly MeasuredMetric[]> {
    this.log.push(`${this.name}${stage}`);
    const value = this.speeds[stage]!();
    if (Number.isNaN(value)) return Promise.reject(new StageFailed('ended with 70'));
    return Promise.resolve([{ name: stage, kind: 'measured', unit: 'ns', better: 'lower', value }]);
  }
}

function options(changes: Partial<InterleavedOptions> = {}): InterleavedOptions {
  return {
    settings: DEFAULT_SETTINGS,
    budget: new Budget(Infinity, new AbortController().signal),
    secondsPerProcess: 0.1,
    cores: [],
    seed: 3,
    onProgress: () => {},
    ...changes,
  };
}

const around = (random: Random, value: number, spread: number) => () => value * (1 + spread * (random.uniform() - 0.5));

describe('two builds, interleaved', () => {
  test('take turns in the order ABBA or BAAB, and both come first as often', async () => {
    const log: string[] = [];
    const random = new Random(1);
    const build = (name: string) => new FakeBuild(name, { x: around(random, 1000, 0.2) }, log);
    await compareInterleaved(build('A'), build('B'), options());
    const order = log.map((word) => word[0]).join('');
    expect(order.length % 4).toBe(0);
    const blocks = order.match(/.{4}/g)!;
    expect(new Set(blocks)).toEqual(new Set(['ABBA', 'BAAB']));
  });

  test('a slowdown of 10 % is worse, and is reported at the first test', async () => {
    const random = new Random(2);
    const base = new FakeBuild('A', { x: around(random, 1000, 0.03) });
    const slow = new FakeBuild('B', { x: around(random, 1100, 0.03) });
    const { results, pairs } = await compareInterleaved(base, slow, options());
    expect(results).toMatchObject([{ name: 'x', verdict: 'worse', fails: true, pairs: 12 }]);
    expect(pairs).toBe(12);
    const back = await compareInterleaved(slow, base, options());
    expect(back.results).toMatchObject([{ verdict: 'better', fails: false }]);
  });

  test('a stage that is decided is not measured on while another one is open', async () => {
    const log: string[] = [];
    const random = new Random(3);
    const speeds = { quiet: around(random, 1000, 0.001), noisy: around(random, 1000, 1) };
    const { results, pairs } = await compareInterleaved(
      new FakeBuild('A', speeds, log),
      new FakeBuild('B', speeds, log),
      options(),
    );
    expect(results.map(({ verdict }) => verdict)).toEqual(['same', 'cannot tell']);
    expect(pairs).toBe(40);
    expect(log.filter((word) => word.endsWith('quiet'))).toHaveLength(24);
    expect(results[1]!.morePairs).toBeGreaterThan(0);
  });

  test('the budget ends it, and what is open then gets no verdict', async () => {
    let ms = 0;
    const random = new Random(4);
    const build = new FakeBuild('A', { x: () => ((ms += 1000), around(random, 1000, 0.001)()) });
    const { results, pairs } = await compareInterleaved(
      build,
      build,
      options({ budget: new Budget(5, new AbortController().signal, () => ms) }),
    );
    // A pair takes 2 s: a third would end after 6.
    expect(pairs).toBe(2);
    expect(results).toMatchObject([{ verdict: 'cannot tell', pairs: 2, morePairs: 10, moreSeconds: 20 }]);
  });

  test('a stage that fails at the candidate is a regression, one that fails at the base is not', async () => {
    const good = new FakeBuild('A', { x: () => 1000 });
    const bad = new FakeBuild('B', { x: () => Number.NaN });
    const [failed] = (await compareInterleaved(good, bad, options())).results;
    expect(failed).toMatchObject({ name: 'x', verdict: 'failed', fails: true, why: 'candidate: ended with 70' });
    const [before] = (await compareInterleaved(bad, good, options())).results;
    expect(before).toMatchObject({ verdict: 'failed', fails: false, why: 'base: ended with 70' });
  });

  test('stages of one side only are new or gone, and other work under the same name is not compared', async () => {
    const base = new FakeBuild('A', { old: () => 1, both: () => 1 }, [], 1);
    const candidate = new FakeBuild('B', { both: () => 1, fresh: () => 1 }, [], 2);
    const { results } = await compareInterleaved(base, candidate, options());
    expect(results.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['old', 'gone'],
      ['both', 'cannot tell'],
      ['fresh', 'new'],
    ]);
    expect(results[1]!.why).toContain('version 1, here 2');
  });

  test('a ratio above its limit is a regression though the base is as bad', async () => {
    const build: StageRunner = {
      stages: () => Promise.resolve([{ name: 'x', version: 1, kind: 'threaded' }]),
      open: () => bug('NOT_BY_TURNS'),
      measure: () =>
        Promise.resolve([{ name: 'x to floor', kind: 'ratio', unit: 'x', better: 'lower', value: 12, limit: 10 }]),
    };
    const { results } = await compareInterleaved(build, build, options());
    expect(results).toMatchObject([{ verdict: 'worse', fails: true, why: 'above 10 times its floor' }]);
  });

  test('a ratio within its limit is no regression though the base had half of it', async () => {
    const build = (value: number): StageRunner => ({
      stages: () => Promise.resolve([{ name: 'x', version: 1, kind: 'threaded' }]),
      open: () => bug('NOT_BY_TURNS'),
      measure: () =>
        Promise.resolve([{ name: 'x to floor', kind: 'ratio', unit: 'x', better: 'lower', value, limit: 10 }]),
    });
    const { results, pairs } = await compareInterleaved(build(4), build(8), options());
    expect(results).toMatchObject([{ verdict: 'same', fails: false, base: 4, candidate: 8 }]);
    expect(pairs).toBe(12);
  });
});

describe('what is said', () => {
  const side = (word: string) => ({ word, kind: 'revision', revision: 'c0ffee0123456789' }) as const;
  const document = compareDocument({
    base: side('main'),
    candidate: side('HEAD'),
    same: 3,
    results: [
      {
        name: 'a|b',
        kind: 'measured',
        unit: 'ns',
        better: 'lower',
        verdict: 'cannot tell',
        fails: false,
        base: 1000,
        candidate: 1010,
        effect: 0.01,
        low: -0.02,
        high: 0.04,
        morePairs: 7,
      },
      {
        name: 'c',
        kind: 'exact',
        unit: '',
        better: 'lower',
        verdict: 'worse',
        fails: true,
        base: 12,
        candidate: 13,
        effect: 1 / 12,
      },
    ],
  });

  test('text: bad news first, and a sentence', () => {
    const lines = comparisonText(document).split('\n');
    expect(lines.findIndex((line) => line.startsWith('c '))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('a|b')),
    );
    expect(lines.at(-1)).toMatch(stating('3 same', '1 worse', '1 cannot tell', 'regression'));
    expect(comparisonText(document)).toMatch(stating('cannot tell', '7 more pairs'));
  });

  test('Markdown: its marker first, so that a comment is found again; cells that cannot break the table', () => {
    const text = comparisonMarkdown(document);
    expect(text.split('\n')[0]).toBe(COMMENT_MARKER);
    expect(text).toContain('### stopcopy: regression');
    expect(text).toContain('| `a\\|b` | measured | 1 µs | 1.01 µs | +1.00 % | -2.00 % to +4.00 % | cannot tell');
    expect(text).toContain('**worse**');
  });
});

describe('two result files', () => {
  test('exact figures decide, measured ones are only set side by side', () => {
    const before = fixtureResult();
    const cells = before.cells.map((cell) =>
      cell.id === 'zip-1-idle' ? { ...cell, stateBytes: exact(cell.stateBytes.value + 1, 'B') } : cell,
    );
    const results = compareResultFiles(before, fixtureResult({ cells }));
    expect(results.filter(({ fails }) => fails).map(({ name }) => name)).toEqual(['zip-1-idle/stateBytes']);
    const measured = results.filter(({ kind }) => kind === 'measured');
    expect(measured.length).toBeGreaterThan(50);
    expect(new Set(measured.map(({ verdict }) => verdict))).toEqual(new Set(['cannot tell']));
  });

  test('runs with other settings are not compared, and it says which', () => {
    const results = compareResultFiles(fixtureResult(), fixtureResult({ seed: 8, quick: true }));
    expect(results.every(({ verdict }) => verdict === 'cannot tell')).toBe(true);
    expect(results[0]!.why).toMatch(stating('seed (7, 8)', 'quick (false, true)'));
  });

  test('cells of one side only are reported', () => {
    const more = fixtureResult({ cells: [...fixtureResult().cells, fixtureCell('zip', 256, 'idle')] });
    expect(compareResultFiles(fixtureResult(), more).filter(({ verdict }) => verdict === 'new')).toMatchObject([
      { name: 'zip-256-idle' },
    ]);
    expect(compareResultFiles(more, fixtureResult()).filter(({ verdict }) => verdict === 'gone')).toMatchObject([
      { name: 'zip-256-idle' },
    ]);
  });
});

test('a comparison on a crowded machine says so first, in text, Markdown and page', () => {
  const side = { word: 'a', kind: 'built folder', revision: null } as const;
  const crowded = [{ by: 'stolen', seen: { value: 0.2, unit: 'x', kind: 'measured' }, limit: 0.02 }] as const;
  const document = compareDocument({ base: side, candidate: side, results: [], same: 1, crowded });
  const said = "This machine was crowded: other virtual machines took 20 % of the processors' time.";
  expect(comparisonText(document).replaceAll(/\s+/g, ' ')).toMatch(new RegExp(`^${said}`));
  expect(comparisonMarkdown(document).split('\n')[3]).toContain(said);
  expect(sectionsPage([{ name: 'x', section: madeComparison(document) }])).toContain(
    '<p class="lead warning">This machine was crowded',
  );
  expect(schemaFindings('stopcopy-comparison', JSON.parse(JSON.stringify(document)))).toEqual([]);
  const quiet = compareDocument({ base: side, candidate: side, results: [], same: 1, crowded: [] });
  expect(comparisonText(quiet)).not.toContain('crowded');
});

describe('noise', () => {
  test('a quiet machine finds small slowdowns, a loud one only large ones, none without pairs', () => {
    const ratios = Array.from({ length: 12 }, (_, i) => (i - 5.5) / 1000);
    expect(smallestSlowdown(ratios, 0.002, 40)).toBe(0.03);
    expect(
      smallestSlowdown(
        ratios.map((ratio) => 60 * ratio),
        0.002,
        40,
      ),
    ).toBeGreaterThanOrEqual(0.2);
    expect(
      smallestSlowdown(
        ratios.map((ratio) => 1e4 * ratio),
        0.002,
        40,
      ),
    ).toBeNull();
    expect(smallestSlowdown(ratios, 0.002, 11)).toBeNull();
  });

  test('a slowdown is found that matters to the comparison, however small or large that is', () => {
    const quiet = Array.from({ length: 12 }, (_, i) => (i - 5.5) / 10_000);
    const found = (effect: number): number | null => smallestSlowdown(quiet, 0.002, 40, [12, 20, 40], effect);
    expect(found(0.02)).toBe(0.03);
    expect(found(0.005)).toBe(0.007);
    expect(found(0.1)).toBe(0.15);
    const metrics = [{ name: 'x', ratios: quiet, pairs: 40, seconds: 1 }];
    const settings = { ...DEFAULT_SETTINGS, looks: [12, 20, 40] };
    expect(outlookOf(metrics, { ...settings, smallestEffect: 0.1 })[0]).toContain('slowdowns from 15 % on');
    expect(outlookOf(metrics, { ...settings, smallestEffect: 0.005 })[0]).toContain('slowdowns from 0.7 % on');
  });

  test('keeps the pairs that were measured until it was interrupted', async () => {
    const controller = new AbortController();
    let calls = 0;
    const build = new FakeBuild('A', {
      x: () => {
        calls += 1;
        if (calls === 7) controller.abort(new Error('enough'));
        return 1000 + calls;
      },
    });
    const document = await measureNoise(build, {
      budgetSeconds: 1e6,
      secondsPerProcess: 0.1,
      cores: [],
      signal: controller.signal,
      onProgress: () => {},
    });
    expect(document).toMatchObject({ interrupted: true, metrics: [{ name: 'x', pairs: 4 }] });
    expect(noiseText(document)).toMatch(stating('Interrupted', 'pairs'));
    expect(schemaFindings('stopcopy-noise', JSON.parse(JSON.stringify(document)))).toEqual([]);
  });

  test('says so when it was interrupted before its first pair', async () => {
    const controller = new AbortController();
    const build = new FakeBuild('A', { x: () => 1000 });
    const document = await measureNoise(build, {
      budgetSeconds: 60,
      secondsPerProcess: 0.1,
      cores: [],
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    expect(document).toMatchObject({ interrupted: true, metrics: [] });
    expect(noiseText(document)).toMatch(stating('Interrupted', 'before'));
  });

  test('spread and drift are those of the processes in their order', async () => {
    let calls = 0;
    const build = new FakeBuild('A', { x: () => 1000 + 10 * calls++ });
    const { metrics } = await measureNoise(build, {
      budgetSeconds: 1e6,
      secondsPerProcess: 0.1,
      cores: [],
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    expect(metrics).toHaveLength(1);
    expect(metrics[0]!.median).toBe(1115);
    expect(metrics[0]!.drift).toBeCloseTo(1175 / 1055 - 1, 2);
    expect(metrics[0]!.spread).toBeCloseTo(60 / 1115, 2);
  });
});

describe('stages of which some run on threads', () => {
  /** Pairs of a quick stage and of a slow one on threads, by what the clock says. */
  async function taken(budgetSeconds: number, spread: number) {
    const random = new Random(7);
    const log: string[] = [];
    const outlook: string[] = [];
    let clockMs = 0;
    const outcome = await comparePairs(
      [
        { name: 'threads', version: 1, kind: 'threaded' },
        { name: 'quick', version: 1, kind: 'single' },
      ],
      ({ name, kind }) => {
        log.push(name);
        clockMs += kind === 'single' ? 1_000 : 10_000;
        const logRatio = name === 'quick' ? 0.05 + spread * (random.uniform() - 0.5) : random.uniform() - 0.5;
        const metric = { name, kind: 'measured', unit: 'ns', better: 'lower', value: 1 } as const;
        return Promise.resolve([{ metric, base: 1, candidate: Math.exp(logRatio), logRatio }]);
      },
      {
        settings: DEFAULT_SETTINGS,
        seed: 1,
        budget: new Budget(budgetSeconds, new AbortController().signal, () => clockMs),
        onProgress: () => {},
        onOutlook: (sentences) => outlook.push(...sentences),
      },
    );
    return { log, outlook, ...outcome };
  }

  test('those come last', async () => {
    const { log } = await taken(1e9, 0.01);
    expect(log.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => 'quick'));
    expect(log.slice(12)).toEqual(Array.from({ length: 40 }, () => 'threads'));
  });

  test('the others leave them a fifth of the budget, and find what there is to be found', async () => {
    const { log, results, seconds } = await taken(40, 0.01);
    expect(results.find(({ name }) => name === 'quick')).toMatchObject({ verdict: 'worse', pairs: 12 });
    expect(log.filter((name) => name === 'threads')).toHaveLength(2);
    expect(seconds).toBeLessThanOrEqual(40);
    const loud = await taken(40, 2);
    expect(loud.log.filter((name) => name === 'quick')).toHaveLength(32);
    expect(loud.results.map(({ verdict }) => verdict)).toEqual(['cannot tell', 'cannot tell']);
  });

  test('what the time will decide is reported after four pairs of each kind', async () => {
    const { outlook } = await taken(1000, 0.01);
    expect(outlook).toEqual([
      'quick: a pair takes 1.0 s, so there is time for 40, which find slowdowns from 3 % on',
      expect.stringMatching(/^threads: a pair takes 10 s, so there is time for 40, which find /),
    ]);
    const [short] = (await taken(10, 0.01)).outlook;
    expect(short).toMatch(stating(/^quick: /, '1.0 s', '8', '12', '40 pairs', '40 s', '3 %'));
  });

  test('stopped by the user they keep the pairs until then', async () => {
    const stop = new AbortController();
    const budget = new Budget(Infinity, stop.signal);
    let pairs = 0;
    const metric = { name: 'x', kind: 'measured', unit: 'ns', better: 'lower', value: 1 } as const;
    const outcome = await comparePairs(
      [{ name: 'x', version: 1, kind: 'single' }],
      () => {
        pairs += 1;
        if (pairs === 6) stop.abort(new Error('stopped'));
        return pairs < 6
          ? Promise.resolve([{ metric, base: 1, candidate: 1, logRatio: 0 }])
          : Promise.reject(stop.signal.reason as Error);
      },
      { settings: DEFAULT_SETTINGS, seed: 1, budget, onProgress: () => {} },
    );
    expect(pairs).toBe(6);
    expect(outcome.results).toMatchObject([{ name: 'x', verdict: 'cannot tell', pairs: 5 }]);
    const side = { word: 'a', kind: 'built folder', revision: null } as const;
    const document = compareDocument({ base: side, candidate: side, ...outcome, same: 0, interrupted: true });
    expect(comparisonText(document)).toMatch(stating('Interrupted', 'pairs'));
  });

  test.each([
    [0, /ended before a pair of it$/],
    [40, /ended before a pair of it, which takes more than 40 s; 12 pairs, .* take more than 480 s$/],
  ])('a pair that overruns by far, after %i s, is broken off, and is none', async (seconds, why) => {
    let clockMs = 0;
    const budget = new Budget(1e-3, new AbortController().signal, () => clockMs, 0);
    const pairs: Promise<never>[] = [];
    const outcome = await comparePairs(
      [{ name: 'x', version: 1, kind: 'single' }],
      () => {
        const never = new Promise<never>((_, reject) => {
          budget.signal.addEventListener('abort', () => reject(new SideFailed('candidate', 'was killed')));
        });
        clockMs = seconds * 1000;
        pairs.push(never);
        return never;
      },
      { settings: DEFAULT_SETTINGS, seed: 1, budget, onProgress: () => {} },
    );
    expect(pairs).toHaveLength(1);
    expect(outcome.results).toMatchObject([{ name: 'x', verdict: 'cannot tell', fails: false }]);
    expect(outcome.results[0]!.why).toMatch(why);
  });
});
