import { describe, expect, test } from 'vitest';

import { type UiAnswer, answerOf, pausesAlong, play, compiledOf, playKey } from '../../../bench/ui/answer.ts';
import { applySettings, type Settings } from '../../../bench/ui/knobs.ts';
import { verdictOf } from '../../../bench/ui/view.ts';
import { runDocument } from '../../../bench/documents/run/document.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import type { CompiledScenario } from '../../../sim/scenario/compile.ts';
import { ENDS, type PauseShare, runScenario } from '../../../sim/scenario/scenario-run.ts';
import { PROFILES, scenarioNamed } from './scenarios.ts';
import { stating } from '../../stating.ts';

function planned(name: string, settings: Settings = {}): CompiledScenario {
  return compiledOf(applySettings(scenarioNamed(name), settings), PROFILES);
}

function lengths(parts: readonly PauseShare[]): readonly number[] {
  return parts.map(({ criticalNs }) => criticalNs).filter((ns) => ns > 0);
}

function answered(plan: CompiledScenario): UiAnswer {
  return answerOf(plan, play(plan), true)!;
}

describe('the answer is that of stopcopy run', () => {
  const cases: readonly (readonly [name: string, settings: Settings])[] = [
    ['idle-vf', {}],
    ['zip-64', {}],
    ['zip-64', { gbit: 100, dirty: 50_000 }],
    ['vm-64gib', { memory: 8, load: 30, queues: 4 }],
    ['vm-64gib', { budget: 50 }],
    ['eight-vfs', { vfs: 2 }],
    ['never-converges', {}],
    ['never-converges', { dirty: 1000 }],
    ['link-fails', {}],
  ];
  test.each(cases)('%s with %j', (name, settings) => {
    const plan = planned(name, settings);
    const { point, intervals } = answered(plan);
    const [nominal, short, long] = ENDS.map((end) => runScenario(plan, end));
    const run = nominal!.vms[0]!;
    expect(point.kind).toBe(run.kind);
    expect(point.pauseNs).toBeCloseTo(run.pauseNs, 3);
    expect(point.totalNs).toBeCloseTo(run.totalNs, 3);
    // A VM that was never stopped has other parts, all of no length.
    expect(lengths(point.parts)).toEqual(lengths(run.parts).map((ns) => expect.closeTo(ns, 3)));
    expect(point.rounds).toHaveLength(run.rounds.length);
    const { figures, draws, vms } = runDocument({
      plan,
      point: nominal!,
      short: short!,
      long: long!,
      latencies: [],
    });
    expect(intervals).toMatchObject({ ended: draws!.ended, draws: draws!.count });
    for (const [shown, figure] of [
      [intervals.pause, figures.pause],
      [intervals.total, figures.total],
      [intervals.rate, figures.rate!],
    ] as const) {
      expect(shown.low).toBeCloseTo(figure.low!, 3);
      expect(shown.high).toBeCloseTo(figure.high!, 3);
    }
    for (const { name: part, lowNs = 0, highNs = 0 } of vms[0]!.parts) {
      if (highNs === 0) continue;
      expect(intervals.parts[part]!.low).toBeCloseTo(lowNs, 3);
      expect(intervals.parts[part]!.high).toBeCloseTo(highNs, 3);
    }
    expect(intervals.deciders.map((each) => each.name)).toEqual(draws!.deciders.map((each) => each.name));
  });
});

describe('registers are played again', () => {
  const key = (settings: Settings): string => playKey(planned('zip-64', settings));

  test.each([{ queues: 8 }, { load: 50 }, { vfs: 0 }])('with %j', (settings) => {
    expect(key(settings)).not.toBe(key({}));
  });
  test.each([{ gbit: 10 }, { channels: 4 }, { budget: 100 }, { memory: 8 }, { dirty: 100 }])(
    'not with %j',
    (settings) => {
      expect(key(settings)).toBe(key({}));
    },
  );
  test('with anything, where faults meet memory', () => {
    expect(playKey(planned('link-fails', { gbit: 10 }))).not.toBe(playKey(planned('link-fails')));
  });
});

test('before the registers are played there is an answer that leaves out or takes over what VFs take', () => {
  const plan = planned('zip-64');
  const exact = answered(plan);
  const without = answerOf(plan, undefined, false)!;
  expect(without.point.pauseNs).toBeLessThan(exact.point.pauseNs);
  expect(without.wrongTasks).toBeUndefined();
  const borrowed = answerOf(plan, play(planned('zip-64', { queues: 32 })), false)!;
  expect(borrowed.point.pauseNs).toBeGreaterThan(without.point.pauseNs);
  expect(answerOf(planned('link-fails'), undefined, false)).toBeUndefined();
});

test('influences lie around the nominal value, the widest first', () => {
  const { influences, point } = answered(planned('zip-64'));
  const width = ({ shortPauseNs, longPauseNs }: (typeof influences)[number]): number => {
    const values = [shortPauseNs ?? point.pauseNs, longPauseNs ?? point.pauseNs, point.pauseNs];
    return Math.max(...values) - Math.min(...values);
  };
  expect(influences.length).toBeGreaterThan(5);
  expect(influences.map(width)).toEqual(influences.map(width).toSorted((a, b) => b - a));
  expect(influences.map(({ name }) => name)).toContain('registers');
});

test('pauses along a slider are those at its places', () => {
  const plans = [10, 25, 100].map((gbit) => planned('idle-vf', { gbit }));
  const played = play(plans[0]!);
  const along = pausesAlong([...plans, null], played);
  expect(along.map(({ nominalNs }) => nominalNs)).toEqual([
    ...plans.map((plan) => answerOf(plan, played, true)!.point.pauseNs),
    null,
  ]);
});

test('along a slider the nominal pause is in its interval, and a faster link never guarantees less', () => {
  const plans = [5, 10, 20, 25, 30, 40, 50, 100].map((gbit) => planned('idle-vf', { gbit }));
  const along = pausesAlong(plans, play(plans[0]!));
  let before = Infinity;
  for (const { nominalNs, lowNs, highNs, sureNs } of along) {
    expect(lowNs!).toBeLessThanOrEqual(nominalNs!);
    expect(highNs!).toBeGreaterThanOrEqual(nominalNs!);
    expect(sureNs!).toBeGreaterThanOrEqual(highNs!);
    expect(sureNs!).toBeLessThanOrEqual(before);
    before = sureNs!;
  }
});

describe('verdicts', () => {
  const verdict = (name: string, settings: Settings = {}) => verdictOf(answered(planned(name, settings)));

  test('within, over, never, failed', () => {
    expect(verdict('vm-64gib')).toMatchObject({ tone: 'good', mark: 'Moves' });
    expect(verdict('vm-64gib', { budget: 20 })).toMatchObject({ tone: 'warn', mark: 'Moves, over budget' });
    expect(verdict('never-converges')).toMatchObject({ tone: 'bad', mark: 'Does not move' });
    expect(verdict('link-fails')).toMatchObject({ tone: 'bad', mark: 'Fails' });
    expect(verdict('link-fails').text).toMatch(stating('at the source', 'pause'));
  });

  test('what cannot be is refused by the plan, in a sentence', () => {
    expect(() => planned('zip-64', { vfs: 2 })).toThrow(UserError);
    expect(() => planned('zip-64', { gbit: 1, dirty: 1e6 })).toThrow('would never be stopped');
  });
});
