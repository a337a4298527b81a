import { describe, expect, test } from 'vitest';

import { changePoints, kolmogorov } from '../../../bench/history/change-points.ts';
import { machinesOf } from '../../../bench/documents/history/record.ts';
import { chooseMachine, seriesOf } from '../../../bench/history/series.ts';
import { badgeOf, csvText, seriesText } from '../../../bench/documents/history/text.ts';
import { Random } from '../../../sim/base/random.ts';
import { recordsOf } from './records.ts';
import { stating } from '../../stating.ts';

/** Annual flow of the Nile at Aswan, 1871 to 1970, in 10^8 m³ (Cobb 1978); its level fell in 1899. */
const NILE = [
  1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140, 1100,
  1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456,
  824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897,
  822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975,
  815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
];

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Stretches of a level each, with noise of 3 % and now and then an outlier of 60 %. */
function noisy(random: Random, stretches: readonly (readonly [count: number, level: number])[]): number[] {
  return stretches.flatMap(([count, level]) =>
    Array.from({ length: count }, () => level * (1 + 0.03 * normal(random)) * (random.below(25) === 0 ? 1.6 : 1)),
  );
}

describe('known data', () => {
  test('the Nile: its 100 values have the published mean, and one change point, from 1899 on', () => {
    expect(NILE).toHaveLength(100);
    expect(NILE.reduce((total, value) => total + value, 0) / 100).toBe(919.35);
    const points = changePoints(NILE);
    expect(points.map(({ index }) => 1871 + index)).toEqual([1899]);
    expect(points[0]!.p).toBeLessThan(1e-3);
  });

  test("Kolmogorov's distribution: its critical values for 10, 5 and 1 %", () => {
    expect(kolmogorov(1.2238)).toBeCloseTo(0.1, 4);
    expect(kolmogorov(1.3581)).toBeCloseTo(0.05, 4);
    expect(kolmogorov(1.6276)).toBeCloseTo(0.01, 4);
    expect(kolmogorov(0)).toBe(1);
  });
});

describe('planted shifts', () => {
  test('a step of 5 % in noise of 3 % with outliers is found where it is, give or take', () => {
    const points = changePoints(
      noisy(new Random(1), [
        [120, 1000],
        [80, 1050],
      ]),
    );
    expect(points).toHaveLength(1);
    expect(Math.abs(points[0]!.index - 120)).toBeLessThanOrEqual(5);
    expect(points[0]!.effect).toBeGreaterThan(0.03);
    expect(points[0]!.effect).toBeLessThan(0.07);
  });

  test('a slowdown that was repaired after 30 runs of 600 gives two points', () => {
    const points = changePoints(
      noisy(new Random(2), [
        [400, 1000],
        [30, 1150],
        [170, 1000],
      ]),
    );
    expect(points).toHaveLength(2);
    expect(Math.abs(points[0]!.index - 400)).toBeLessThanOrEqual(2);
    expect(Math.abs(points[1]!.index - 430)).toBeLessThanOrEqual(2);
  });

  test('three steps of one direction give three points', () => {
    const points = changePoints(
      noisy(new Random(3), [
        [100, 1000],
        [100, 1100],
        [100, 1210],
        [100, 1330],
      ]),
    );
    expect(points.map(({ index }) => Math.round(index / 100))).toEqual([1, 2, 3]);
  });

  test('a shift below the smallest effect is none, and one above is', () => {
    const series = noisy(new Random(4), [
      [500, 1000],
      [500, 1015],
    ]);
    expect(changePoints(series)).toEqual([]);
    expect(changePoints(series, { alpha: 0.01, smallestEffect: 0.005 })).toHaveLength(1);
  });

  test('outliers alone are no change', () => {
    const series = noisy(new Random(5), [[200, 1000]]);
    series.splice(100, 2, 9000, 9000);
    expect(changePoints(series)).toEqual([]);
  });

  test('a constant series and a short one have none', () => {
    expect(changePoints(Array.from({ length: 50 }, () => 7))).toEqual([]);
    expect(changePoints([1, 1, 1, 1, 9, 9, 9, 9])).toEqual([]);
  });

  test('an exact series that steps once is found at the very place', () => {
    const points = changePoints(
      Array.from({ length: 40 }, (_, i) => (i < 25 ? 53 : 54)),
      { alpha: 0.01, smallestEffect: 0 },
    );
    expect(points.map(({ index, before, after }) => [index, before, after])).toEqual([[25, 53, 54]]);
  });
});

test('of 400 series without a change about as few show one as the settings allow', () => {
  const random = new Random(6);
  let alarms = 0;
  for (let i = 0; i < 400; i++) {
    const series = noisy(random, [[40 + random.below(160), 1000]]);
    if (changePoints(series, { alpha: 0.01, smallestEffect: 0 }).length > 0) alarms += 1;
  }
  expect(alarms).toBeLessThanOrEqual(8);
});

describe('series of a history', () => {
  const values = Array.from({ length: 60 }, (_, i) => (i < 40 ? 1000 : 1100) + (i % 5));

  test('names the first commit on the new level and the last before it', () => {
    const [series] = seriesOf(recordsOf(values).toReversed(), 'aaaa0000', 'frame-write');
    expect(series!.changes).toMatchObject([{ commit: 'commit-40', lastBefore: 'commit-39', worse: true }]);
    expect(seriesText([series!])).toContain('commit-40');
    expect(seriesText([series!])).toContain('worse');
  });

  test('of another machine or Node is kept apart', () => {
    const mixed = [
      ...recordsOf(values.slice(0, 40)),
      ...recordsOf(values.slice(40), { machine: 'bbbb1111', about: 'Node 22' }),
    ];
    expect(machinesOf(mixed).map(({ machine, records }) => [machine, records])).toEqual([
      ['aaaa0000', 40],
      ['bbbb1111', 20],
    ]);
    expect(chooseMachine(mixed, undefined)).toBe('aaaa0000');
    expect(() => chooseMachine(mixed, 'cccc')).toThrow(stating('--machine', 'cccc', 'aaaa0000', 'bbbb1111'));
    for (const machine of ['aaaa0000', 'bbbb1111']) expect(seriesOf(mixed, machine)[0]!.changes).toEqual([]);
  });

  test('leaves out what belongs to no commit', () => {
    const records = recordsOf(values).map((record, index) => ({ ...record, dirty: index >= 40 }));
    expect(seriesOf(records, 'aaaa0000', 'frame-write')[0]!.points).toHaveLength(40);
  });

  test('a metric that is not there is a sentence with those that are', () => {
    expect(() => seriesOf(recordsOf([1]), 'aaaa0000', 'none')).toThrow(stating('none', 'aaaa0000'));
  });

  test('a badge shows a level that has lately become worse', () => {
    const [series] = seriesOf(recordsOf(values), 'aaaa0000');
    expect(badgeOf(series!)).toEqual({
      schemaVersion: 1,
      label: 'frame-write',
      message: '1.1 µs (+9.98 %)',
      color: 'red',
    });
    const [calm] = seriesOf(recordsOf(values.slice(0, 40)), 'aaaa0000');
    expect(badgeOf(calm!).color).toBe('blue');
  });

  test('CSV: one line per value, nothing that a spreadsheet would run', () => {
    const [series] = seriesOf(recordsOf([5]), 'aaaa0000');
    expect(csvText([{ ...series!, name: '=1+1' }]).split('\n')).toEqual([
      'machine,metric,kind,unit,time,commit,value',
      "aaaa0000,'=1+1,measured,ns,2026-01-01T00:00:00.000Z,commit-0,5",
    ]);
  });
});
