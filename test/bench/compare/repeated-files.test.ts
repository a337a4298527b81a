import { describe, expect, test } from 'vitest';

import { compareRepeatedFiles, type NamedResult } from '../../../bench/compare/repeated-files.ts';
import { shiftOf } from '../../../bench/compare/rank-sum.ts';
import { DEFAULT_SETTINGS } from '../../../bench/compare/settings.ts';
import { compareDocument, SPEED } from '../../../bench/documents/comparison/document.ts';
import { comparisonText } from '../../../bench/documents/comparison/text.ts';
import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';
import { fixtureResult } from '../fixture.ts';
import { stating } from '../../stating.ts';

const SOUND = fixtureResult();
const SIDE = { word: 'x', kind: 'result file', revision: null } as const;

/** Runs of a build whose measured times are `factor` times as long as those of another, and spread by 4 %. */
function runs(count: number, factor: number, seed: number, changes: object = {}): readonly NamedResult[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, index) => {
    const { cells } = SOUND;
    const slowed = scaled(cells.slice(0, 3), factor * (1 + 0.04 * (random.uniform() - 0.5))) as typeof cells;
    return { path: `${seed}-${index}.json`, result: { ...SOUND, cells: slowed, ...changes } };
  });
}

/** Every measured figure, however deep: times as much longer as rates are lower. */
function scaled(value: unknown, times: number): unknown {
  if (Array.isArray(value)) return value.map((each) => scaled(each, times));
  if (typeof value !== 'object' || value === null) return value;
  const figure = value as { kind?: string; unit?: string; value?: number };
  if (figure.kind === 'measured' && typeof figure.value === 'number') {
    return { ...figure, value: figure.unit!.endsWith('/s') ? figure.value / times : figure.value * times };
  }
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, scaled(field, times)]));
}

function textOf(base: readonly NamedResult[], candidate: readonly NamedResult[]): string {
  const results = compareRepeatedFiles(base, candidate, DEFAULT_SETTINGS);
  return comparisonText(compareDocument({ base: SIDE, candidate: SIDE, results, same: 0 }));
}

describe('the rank sum', () => {
  // Of 3 and 3 values in order 1 of 20 choices is as extreme on either side.
  test('of samples apart has the chance that counting gives', () => {
    expect(shiftOf([1, 2, 3], [4, 5, 6], 0.9)!.p).toBeCloseTo(2 / 20, 12);
    expect(shiftOf([1, 2, 3, 4], [5, 6, 7, 8], 0.9)!.p).toBeCloseTo(2 / 70, 12);
  });

  test('of equal values is 1, and the shift is 0', () => {
    expect(shiftOf([2, 2, 2, 2], [2, 2, 2, 2], 0.9)).toMatchObject({ shift: 0, p: 1 });
  });

  test('gives no interval where so few values have none', () => {
    expect(shiftOf([1, 2, 3, 4], [5, 6, 7, 8], 0.98)).toBeNull();
    expect(shiftOf([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 0.98)).not.toBeNull();
  });

  test('holds the true shift about as often as it says, and equals are rejected as seldom', () => {
    const random = new Random(5);
    const draw = (middle: number) => Array.from({ length: 6 }, () => middle + random.uniform() + random.uniform());
    let held = 0;
    let rejected = 0;
    const rounds = 400;
    for (let i = 0; i < rounds; i++) {
      const { low, high } = shiftOf(draw(0), draw(0.7), 0.9)!;
      if (low <= 0.7 && 0.7 <= high) held += 1;
      if (shiftOf(draw(0), draw(0), 0.9)!.p <= 0.1) rejected += 1;
    }
    // Three standard deviations of 400 draws are 4.5 %; few values make the interval wider, never narrower.
    expect(held / rounds).toBeGreaterThan(0.9 - 0.045);
    expect(rejected / rounds).toBeLessThan(0.1 + 0.045);
  });
});

describe('several files of each side', () => {
  test('are one line: how many times as fast, and how sure', () => {
    const [speed, ...others] = compareRepeatedFiles(runs(6, 1, 1), runs(6, 0.9, 2), DEFAULT_SETTINGS);
    expect(speed).toMatchObject({ name: SPEED, verdict: 'better', fails: false });
    expect(speed!.low!).toBeLessThan(1 / 0.9 - 1);
    expect(speed!.high!).toBeGreaterThan(1 / 0.9 - 1);
    expect(others.every(({ kind }) => kind !== 'measured' && kind !== 'ratio')).toBe(true);
    expect(textOf(runs(6, 1, 1), runs(6, 0.9, 2))).toMatch(
      /\nCandidate is 1\.1\d times as fast as base, ± 0\.\d\d\.\n/,
    );
  });

  test('that are slower are a regression', () => {
    const [speed] = compareRepeatedFiles(runs(6, 1, 1), runs(6, 1.2, 3), DEFAULT_SETTINGS);
    expect(speed).toMatchObject({ verdict: 'worse', fails: true });
  });

  test('of one build come out equal', () => {
    const verdicts = Array.from({ length: effort(24, 60) }, (_, seed) => {
      const [speed] = compareRepeatedFiles(runs(5, 1, 2 * seed + 10), runs(5, 1, 2 * seed + 11), DEFAULT_SETTINGS);
      return speed!.verdict;
    });
    expect(verdicts.filter((verdict) => verdict === 'better' || verdict === 'worse').length).toBeLessThanOrEqual(
      effort(1, 3),
    );
  });

  test('are too few with four', () => {
    expect(textOf(runs(4, 1, 1), runs(4, 2, 2))).toMatch(stating('Undecided', '4 and 4', '5 of each'));
  });

  test('of another machine, or with other settings or exact figures, are refused with file and field', () => {
    const { machine } = fixtureResult();
    const elsewhere = runs(5, 1, 4, { machine: { ...machine, cores: machine.cores + 1 } });
    expect(() => compareRepeatedFiles(runs(5, 1, 1), elsewhere, DEFAULT_SETTINGS)).toThrow(
      stating('4-0.json', 'cores', machine.cores + 1, machine.cores, '1-0.json'),
    );
    const mixed = runs(5, 1, 1).map((named, index) => {
      const [first, ...cells] = named.result.cells;
      const bytes = { ...first!.stateBytes, value: first!.stateBytes.value + index };
      return { ...named, result: fixtureResult({ cells: [{ ...first!, stateBytes: bytes }, ...cells] }) };
    });
    expect(() => compareRepeatedFiles(mixed, runs(5, 1, 2), DEFAULT_SETTINGS)).toThrow(stating('not', 'build'));
  });
});

test('many undecided figures are one sentence', () => {
  const row = (name: string) =>
    ({
      name,
      kind: 'measured',
      unit: 'ns',
      better: 'lower',
      verdict: 'cannot tell',
      fails: false,
      why: 'once',
    }) as const;
  const results = Array.from({ length: 30 }, (_, i) => row(`m${i}`));
  const text = comparisonText(compareDocument({ base: SIDE, candidate: SIDE, results, same: 0 }));
  expect(text).toMatch(stating('30', 'nothing is decided', 'once'));
  expect(text).not.toContain('m3');
});
