/**
 * Statistics of policies: intervals and quantiles by hand, wins by paired seeds, the Pareto front.
 */
import { describe, expect, test } from 'vitest';

import { NS_PER_MS, NS_PER_S } from '../../../sim/base/units.ts';
import { summariseDraws } from '../../../sim/converge/draws-summary.ts';
import { MOVE_END, moveColumns, type MoveColumns } from '../../../sim/converge/play.ts';
import {
  type ClassSummary,
  type Preference,
  quantiles,
  summarise as summariseAt,
  wilson,
} from '../../../sim/converge/summary.ts';

/** A fault each million seconds. */
const FAULT_NS = 1e6 * NS_PER_S;

function summarise(
  workload: string,
  names: readonly string[],
  columns: readonly MoveColumns[],
  preference: Preference,
): ClassSummary {
  return summariseAt(workload, names, columns, preference, FAULT_NS);
}

interface Row {
  readonly timeS: number;
  readonly pauseMs: number;
  readonly lostMs?: number;
}

/** Moves by their seeds; null: given up. */
function moves(rows: readonly (Row | null)[]): MoveColumns {
  const columns = moveColumns(rows.length);
  for (const [i, row] of rows.entries()) {
    columns.end[i] = row === null ? MOVE_END.cancelled : MOVE_END.moved;
    if (row === null) continue;
    columns.totalNs[i] = row.timeS * NS_PER_S;
    columns.pauseNs[i] = row.pauseMs * NS_PER_MS;
    columns.sentBytes[i] = 1e9;
    columns.lostNs[i] = (row.lostMs ?? 0) * NS_PER_MS;
    columns.writerLostNs[i] = columns.lostNs[i]!;
  }
  return columns;
}

describe("Wilson's interval", () => {
  // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [20, 20, 0.8389, 1],
  ])('of %d in %d', (hits, count, low, high) => {
    const found = wilson(hits, count);
    expect(found.value).toBe(hits / count);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });

  test('of nothing says nothing', () => {
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
  });
});

test('quantiles are values that were there; of none there is none', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantiles(hundred)).toEqual({ p50: 50, p90: 90, p99: 99 });
  expect(quantiles(Float64Array.of(7, Number.NaN))).toEqual({ p50: 7, p90: 7, p99: 7 });
  expect(quantiles(Float64Array.of(Number.NaN))).toEqual({ p50: null, p90: null, p99: null });
});

describe('the best policy', () => {
  const good = { timeS: 10, pauseMs: 100 };
  const bad = { timeS: 5, pauseMs: 300 };

  test('is that which is best in most seeds; one that fails in a seed is not', () => {
    const a = moves([good, good, good, null]);
    const b = moves([bad, bad, bad, bad]);
    const { answer, policies } = summarise('x', ['a', 'b'], [a, b], 'pause');
    expect(answer).toMatchObject({ policy: 'a', against: [{ policy: 'b', better: 3, worse: 1, same: 0 }] });
    expect(policies.map(({ best }) => best.value)).toEqual([0.75, 0.25]);
  });

  test('depends on what is preferred', () => {
    const a = moves([good, good]);
    const b = moves([bad, bad]);
    const best = (by: 'pause' | 'time' | 'guest time') => summarise('x', ['a', 'b'], [a, b], by).answer?.policy;
    expect([best('pause'), best('time'), best('guest time')]).toEqual(['a', 'b', 'a']);
    const slowed = moves([
      { ...good, lostMs: 500 },
      { ...good, lostMs: 500 },
    ]);
    expect(summarise('x', ['a', 'b'], [slowed, b], 'guest time').answer?.policy).toBe('b');
  });

  test('policies that are the same share a seed, and are no doubt', () => {
    const a = moves(Array.from({ length: 30 }, () => good));
    const { answer, policies } = summarise('x', ['a', 'same'], [a, a], 'pause');
    expect(policies.map(({ best }) => best.value)).toEqual([1, 1]);
    expect(answer).toMatchObject({ policy: 'a', sure: true, against: [{ same: 30, share: null }] });
  });

  test('is sure where it is better in more than half of the seeds beyond its interval', () => {
    const of = (wins: number) => {
      const a = moves(Array.from({ length: 100 }, (_, i) => ({ timeS: 1, pauseMs: i < wins ? 1 : 3 })));
      const b = moves(Array.from({ length: 100 }, () => ({ timeS: 1, pauseMs: 2 })));
      return summarise('x', ['a', 'b'], [a, b], 'pause').answer;
    };
    expect(of(55)).toMatchObject({ policy: 'a', sure: false });
    expect(of(65)).toMatchObject({ policy: 'a', sure: true });
    expect(of(40)).toMatchObject({ policy: 'b' });
  });

  test('is none where no VM moved', () => {
    expect(summarise('x', ['a'], [moves([null, null])], 'pause').answer).toBeNull();
  });
});

describe('moves by post-copy', () => {
  const plain = moves(Array.from({ length: 4 }, () => ({ timeS: 10, pauseMs: 300 })));
  const switched = moves(Array.from({ length: 4 }, () => ({ timeS: 10, pauseMs: 50 })));
  for (const [i, arrivesS] of [3, 6].entries()) {
    switched.end[i] = MOVE_END['post-copy'];
    switched.arrivesNs[i] = arrivesS * NS_PER_S;
    switched.speed[i] = 0.25;
    switched.waitedPages[i] = 7;
  }
  const { answer, without, policies } = summarise('x', ['plain', 'switched'], [plain, switched], 'pause');

  test('count apart, with the VMs that a fault loses while their memory is missing', () => {
    // 3 s and 6 s of a million: 9 of a million for 4 VMs.
    expect(policies[1]!.postCopy!.lostPerMillion).toBeCloseTo(9 / 4, 4);
    expect(policies[1]).toMatchObject({
      ends: { moved: 2, 'post-copy': 2 },
      failed: { value: 0 },
      postCopy: { switched: { value: 0.5 }, arrivesNs: { p50: 3e9, p99: 6e9 }, waiting: { p50: 0.75 } },
    });
    expect(policies[0]!.postCopy).toBeNull();
  });

  test('do not push from the front what loses no VM, and the best of those is named as well', () => {
    expect(policies.map(({ onFront }) => onFront)).toEqual([true, true]);
    expect(answer?.policy).toBe('switched');
    expect(without).toMatchObject({ policy: 'plain', best: { value: 1 } });
    expect(summarise('x', ['plain'], [plain], 'pause').without).toBeNull();
  });
});

describe('the Pareto front', () => {
  const front = (rows: Readonly<Record<string, Row | null>>): readonly string[] => {
    const names = Object.keys(rows);
    const columns = names.map((name) => moves(Array.from({ length: 20 }, () => rows[name]!)));
    const { policies } = summarise('x', names, columns, 'pause');
    return policies.filter(({ onFront }) => onFront).map(({ policy }) => policy);
  };

  test('has those that no other is at least as good as in all, and better than in one', () => {
    expect(
      front({
        short: { timeS: 10, pauseMs: 400 },
        calm: { timeS: 40, pauseMs: 100 },
        worse: { timeS: 41, pauseMs: 410 },
        slows: { timeS: 10, pauseMs: 300, lostMs: 900 },
        fails: null,
      }),
    ).toEqual(['short', 'calm', 'slows']);
  });

  test('keeps those that are the same', () => {
    expect(front({ a: { timeS: 10, pauseMs: 400 }, b: { timeS: 10, pauseMs: 400 } })).toEqual(['a', 'b']);
  });

  test('does not count a hundredth of time or pause, nor a thousandth of slow-down', () => {
    const rows = {
      a: { timeS: 10, pauseMs: 400 },
      b: { timeS: 10.05, pauseMs: 200 },
      c: { timeS: 10, pauseMs: 200, lostMs: 9 },
    };
    expect(front(rows)).toEqual(['b', 'c']);
  });
});

describe('draws of parameters', () => {
  const of = (pauses: readonly (number | null)[]): MoveColumns =>
    moves(pauses.map((pauseMs) => (pauseMs === null ? null : { timeS: 10, pauseMs })));
  // Four guests with nominal parameters, of which two are moved again in five draws.
  const nominal = [of([100, 200, 300, 400]), of([150, 150, 350, 350])];
  const drawn = [1, 1.1, 1.2, 1.3, 2].map((factor) => [of([100 * factor, 200 * factor]), of([150, null])]);
  const summary = summarise('x', ['a', 'b'], nominal, 'pause');
  const { policies, ...all } = summariseDraws(summary, nominal, drawn, 'pause');

  test('scale each median by what they do to the same guest, and hold the nominal one', () => {
    // Factors 1, 1.1, 1.2, 1.3 and 2: 90 % of the way from the first to the last is 0.6 of the way from 1.3 to 2.
    expect(summary.policies[0]!.pauseNs.p50).toBe(200 * NS_PER_MS);
    expect(policies[0]!.pauseNs!.low).toBeCloseTo(200 * NS_PER_MS, 3);
    expect(policies[0]!.pauseNs!.high).toBeCloseTo((1.3 + 0.6 * 0.7) * 200 * NS_PER_MS, 3);
    expect(policies[1]!.pauseNs).toEqual({ low: 150 * NS_PER_MS, high: 150 * NS_PER_MS });
  });

  test('change shares by as much as they do for the guests that are moved again', () => {
    expect(policies[0]!.failed).toEqual({ low: 0, high: 0 });
    // One of two fails in each draw, and none with nominal parameters.
    expect(policies[1]!.failed).toEqual({ low: 0, high: 0.5 });
  });

  test('count in how many the answer is best for most guests, and for how many in all', () => {
    // a and b share the four guests evenly, and the first is named. In draws its second guest is always best, its first
    // while its pause is below 150 ms.
    expect(summary.answer?.policy).toBe('a');
    expect(all).toEqual({ draws: 5, guests: 2, won: 5, bestShare: 9 / 10 });
  });
});
