/**
 * Guests whose writing is known, moved by the model: what their iterations have found gives the writing again.
 */
import { describe, expect, test } from 'vitest';

import { fitGuest, type GuestFit } from '../../../../bench/studies/fit/guest-fit.ts';
import type { Span } from '../../../../bench/studies/fit/spans.ts';
import { guestsOf } from '../../../../bench/studies/fit/guests.ts';
import { readMeasured } from '../../../../bench/studies/fit/measured-rows.ts';
import { packageRoot } from '../../../../bench/io/package-root.ts';
import { GIB, MIB } from '../../../../sim/base/units.ts';
import type { DirtyModel } from '../../../../sim/memory/dirty.ts';
import { moveVm } from '../../../../sim/memory/vm-move.ts';
import { scenarioSchema } from '../../../../sim/scenario/document.ts';
import { MEMORY_ONLY, MS, S, vm } from '../../../sim/memory/rig.ts';
import { join } from 'node:path';

/** Iterations of a move of 12 GiB that a limit of 1 ms keeps from ending, and their end. */
function movedSpans(dirty: DirtyModel, megabytesPerSecond: number, untilS: number): readonly Span[] {
  const { rounds } = moveVm(
    vm({
      memory: { bytes: 12 * GIB, dirty },
      stream: { maxBytesPerSecond: megabytesPerSecond * 1e6 },
      convergence: { downtimeLimitNs: MS, timeoutNs: untilS * S },
    }),
    MEMORY_ONLY,
  );
  return rounds.flatMap(({ count, startNs, lastsNs, dirtiedBytes }) =>
    Array.from({ length: Math.round(count) }, (_, i) => ({
      fromNs: startNs + i * lastsNs,
      toNs: startNs + (i + 1) * lastsNs,
      dirtiedBytes,
    })),
  );
}

function value(fit: GuestFit, name: string): number {
  return fit.figures.find((each) => each.name === name)!.value;
}

function off(fit: GuestFit, name: string, truth: number): number {
  return Math.abs(value(fit, name) / truth - 1);
}

const BURSTS = {
  kind: 'bursts',
  workingSetBytes: 600 * MIB,
  pagesPerSecond: 60_000,
  burstBytes: 2000 * MIB,
  burstPagesPerSecond: 45_000,
  everyNs: 90 * S,
  lastsNs: 15 * S,
  beginsNs: 70 * S,
} as const;

describe('a guest that writes evenly', () => {
  test('is found by its set and its rate, within 5 %, where iterations become shorter', () => {
    const dirty = { kind: 'uniform', workingSetBytes: 2 * GIB, pagesPerSecond: 20_000 } as const;
    const fit = fitGuest(movedSpans(dirty, 110, 400), 12 * GIB);
    expect([fit.kind, fit.unknown]).toEqual(['uniform', []]);
    expect(off(fit, 'workingSet', 2 * GIB)).toBeLessThan(0.05);
    expect(off(fit, 'pagesPerSecond', 20_000)).toBeLessThan(0.05);
    for (const { value: at, low, high } of fit.figures) expect(low! <= at && at <= high!).toBe(true);
  });

  test('that rewrites all of it in each iteration shows its set, and a rate that it has at least', () => {
    const spans = [52, ...Array.from({ length: 8 }, (_, i) => 52 + 47.5 * (i + 1))].map((endS, i, all): Span => ({
      fromNs: (all[i - 1] ?? 0) * S,
      toNs: endS * S,
      // KubeVirt VEP 248, stress-ng in 6 GiB: 5140 to 5155 MiB at each.
      dirtiedBytes: (i === 0 ? 5170 : 5140 + ((7 * i) % 15)) * MIB,
    }));
    const fit = fitGuest(spans, 6 * GIB);
    expect(fit.kind).toBe('uniform');
    expect(off(fit, 'workingSet', 5145 * MIB)).toBeLessThan(0.03);
    const rate = fit.figures.find(({ name }) => name === 'pagesPerSecond')!;
    // 5155 MiB in 47.5 s.
    expect(rate.low! / ((5155 * 256) / 47.5)).toBeCloseTo(1, 2);
    expect(rate.high).toBeUndefined();
    expect(fit.unknown).toEqual([
      expect.stringMatching(/^the rate, of at least 27\d\d\d pages\/s: .* more bandwidth$/),
    ]);
  });

  test('to so much memory that no iteration finds a page twice shows its rate, and no set', () => {
    const spans = Array.from({ length: 9 }, (_, i): Span => {
      const [fromNs, toNs] = [i * i * S, (i + 1) ** 2 * S];
      return { fromNs, toNs, dirtiedBytes: (2 * i + 1) * 1000 * 4096 };
    });
    const fit = fitGuest(spans, 64 * GIB);
    expect(off(fit, 'pagesPerSecond', 1000)).toBeLessThan(0.05);
    expect(fit.figures[0]).toMatchObject({ name: 'workingSet', low: 17_000 * 4096 });
    expect(fit.figures[0]!.high).toBeUndefined();
    expect(fit.unknown).toEqual([expect.stringMatching(/^the working set, of at least 66 MiB: .* longer than 17 s/)]);
  });

  test('in iterations of one length shows its set or its rate, and it says that nothing decides', () => {
    const spans = Array.from({ length: 9 }, (_, i): Span => {
      return { fromNs: i * S, toNs: (i + 1) * S, dirtiedBytes: 1000 * 4096 };
    });
    const fit = fitGuest(spans, 64 * GIB);
    for (const { high } of fit.figures) expect(high).toBeUndefined();
    expect(fit.figures.map(({ low }) => low)).toEqual([1000 * 4096, 1000]);
    expect(fit.unknown).toEqual([expect.stringMatching(/show either, not both: measure again/)]);
  });
});

describe('a guest that writes in bursts', () => {
  const fit = fitGuest(movedSpans(BURSTS, 117, 360), 12 * GIB);

  test('is found by its period, within 2 %, its set and rate, within 5 %, and what a burst writes, within 20 %', () => {
    expect(fit.kind).toBe('bursts');
    expect(off(fit, 'every', 90)).toBeLessThan(0.02);
    expect(off(fit, 'workingSet', 600 * MIB)).toBeLessThan(0.05);
    expect(off(fit, 'pagesPerSecond', 60_000)).toBeLessThan(0.05);
    const perBurst = (set: number, pages: number): number => set * -Math.expm1((-pages * 4096) / set);
    const found = perBurst(value(fit, 'burst'), value(fit, 'burstPagesPerSecond') * value(fit, 'lasts'));
    expect(Math.abs(found / perBurst(2000 * MIB, 45_000 * 15) - 1)).toBeLessThan(0.2);
    expect(fit.error).toBeLessThan(0.05);
  });

  test.each([
    ['redis 1', 75, 80, 800],
    ['redis 6', 61, 61, 127],
  ])('%s of KubeVirt VEP 248: period and floor as read off its plot', (name, from, to, floorMib) => {
    const found = fitGuest(VEP_248[name]!(), 10 * GIB);
    expect(found.kind).toBe('bursts');
    expect(value(found, 'every')).toBeGreaterThan(from * 0.99);
    expect(value(found, 'every')).toBeLessThan(to * 1.01);
    expect(off(found, 'workingSet', floorMib * MIB)).toBeLessThan(0.08);
  });

  test('of which one was seen is given as it was recorded, with what to measure', () => {
    const once = fitGuest(movedSpans(BURSTS, 117, 180), 12 * GIB);
    expect(once.kind).toBe('trace');
    expect(once.unknown).toEqual([expect.stringMatching(/^one burst was seen, .* more than the 17\d|18\d s/)]);
    expect(once.trace.length).toBeGreaterThan(5);
    // Between bursts 600 MiB are written: the trace finds again what its iterations have found.
    for (const { pagesPerSecond } of once.trace) expect(pagesPerSecond).toBeGreaterThan(0);
  });
});

test('a recorded rate is found again as it was, iteration by iteration', () => {
  const timesNs = [0, 150 * S, 200 * S, 205 * S, 260 * S];
  const pagesPerSecond = [20_000, 26_000, 60_000, 21_000, 24_000];
  const spans = movedSpans({ kind: 'trace', timesNs, pagesPerSecond }, 115, 400);
  const fit = fitGuest(spans, 12 * GIB);
  expect(fit.kind).toBe('trace');
  const last = fit.trace.findLast(({ fromNs }) => fromNs > 261 * S)!;
  expect(Math.abs(last.pagesPerSecond / 24_000 - 1)).toBeLessThan(0.02);
});

test('two iterations are too few, which it says', () => {
  const spans = movedSpans(BURSTS, 117, 360).slice(0, 2);
  expect(fitGuest(spans, 12 * GIB)).toMatchObject({
    kind: 'unknown',
    unknown: [expect.stringContaining('it takes 3')],
  });
});

test('the example that ships gives a guest that a scenario takes', () => {
  const [table] = readMeasured([join(packageRoot(), 'bench/studies/fit/examples/database.yaml')]);
  const [guest] = guestsOf(table!.rows);
  const memory = { size: '12GiB', dirty: guest!.dirty };
  const head = { format: 'stopcopy-scenario', version: 1, name: 'mine', description: 'one' };
  const scenario = scenarioSchema.parse({ ...head, vcpus: 8, memory, stream: { gigabitsPerSecond: 1 } });
  expect(scenario.memory.dirty).toMatchObject({ kind: 'bursts' });
});

const VEP_248: Readonly<Record<string, () => readonly Span[]>> = {
  'redis 1': () =>
    spansOf(
      [3000, 850, 820, 800, 1230, 2480, 1250, 830, 800, 800, 800, 800, 1840, 2080, 850, 800, 800, 800, 800],
      [94, 121, 128, 135, 142, 154, 176, 188, 195, 202, 209, 216, 223, 240, 258, 266, 273, 280, 287],
    ),
  'redis 6': () => {
    const spikesS = [25, 86, 147, 208, 269, 330, 391];
    const endsS = Array.from({ length: 358 }, (_, i) => 7 + 1.1 * i);
    const isSpike = (endS: number): boolean => spikesS.some((at) => at > endS - 1.1 && at <= endS);
    return spansOf(
      endsS.map((endS) => (isSpike(endS) ? 165 : 127)),
      endsS,
    );
  },
};

function spansOf(dirtiedMib: readonly number[], endsS: readonly number[]): readonly Span[] {
  return endsS.map((endS, i) => ({
    fromNs: (endsS[i - 1] ?? 0) * S,
    toNs: endS * S,
    dirtiedBytes: dirtiedMib[i]! * MIB,
  }));
}
