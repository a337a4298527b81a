import { describe, expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import {
  answerDraws,
  intervalOfDraws,
  intervalOfNumbers,
  intervalOfRanked,
} from '../../../sim/fleet/answer-interval.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { DRAWS, Unknowns } from '../../../sim/scenario/unknowns.ts';

/** The draws that answers are asked of. */
const OF = { count: DRAWS, seed: 1 };

describe('the interval of an answer over draws', () => {
  test('leaves a tenth at each side, and holds the nominal answer', () => {
    const answers = (draw: number): number => (draw * 7) % DRAWS;
    expect(intervalOfDraws(100, answers, 'least', OF)).toEqual({
      low: 20,
      median: 100,
      high: 180,
      draws: DRAWS,
      seed: 1,
      played: DRAWS,
      answered: DRAWS,
      holding: null,
    });
    expect(intervalOfDraws(5, answers, 'least', OF)).toMatchObject({ low: 5, high: 180 });
    expect(intervalOfDraws(199, answers, 'most', OF)).toMatchObject({ low: 20, high: 199 });
  });

  test('places a draw without an answer below every number, and beyond every time', () => {
    const some = (draw: number): number | null => (draw < 30 ? null : draw);
    expect(intervalOfDraws(100, some, 'least', OF)).toMatchObject({ low: null, high: 180, answered: 170 });
    expect(intervalOfDraws(100, some, 'most', OF)).toMatchObject({ low: 50, high: null, answered: 170 });
    expect(intervalOfDraws(null, () => null, 'most', OF)).toMatchObject({
      low: null,
      median: null,
      high: null,
      answered: 0,
    });
  });

  test('by how many draws hold is that of each draw by itself', () => {
    const furthest = Array.from({ length: DRAWS }, (_, draw) => ((draw * 7) % DRAWS) - 30);
    const holdingMost = (n: number): number => furthest.filter((each) => each >= n).length;
    const most = (draws: number): number | null => {
      for (let n = DRAWS; n >= 1; n--) if (holdingMost(n) >= draws) return n;
      return null;
    };
    const own = (draw: number): number | null => (furthest[draw]! >= 1 ? furthest[draw]! : null);
    const { low, median, high, answered } = intervalOfDraws(60, own, 'least', OF);
    expect(intervalOfNumbers(60, most, 'least', OF, holdingMost(1), 7)).toEqual({
      low,
      median,
      high,
      answered,
      played: DRAWS,
      draws: DRAWS,
      seed: 1,
      holding: 7,
    });
    const least = (draws: number): number | null => {
      for (let n = 1; n <= 100; n++) if (furthest.filter((each) => each <= n).length >= draws) return n;
      return null;
    };
    const smallest = (draw: number): number | null => (furthest[draw]! > 100 ? null : Math.max(1, furthest[draw]!));
    const each = intervalOfDraws(60, smallest, 'most', OF);
    expect(intervalOfNumbers(60, least, 'most', OF, each.answered, null)).toEqual(each);
  });

  test('by ranked draws answers three of them only', () => {
    const asked: number[] = [];
    const interval = intervalOfRanked(
      100,
      (draw) => -draw,
      (draw) => {
        asked.push(draw);
        return 2 * (DRAWS - 1 - draw);
      },
      'most',
      OF,
    );
    expect(asked).toEqual([179, 99, 19]);
    expect(interval).toMatchObject({ low: 40, median: 200, high: 360, played: 3, answered: 3, holding: null });
  });
});

test('a trial in a draw is the same again, and has the parameters of that draw', () => {
  const { question, files } = readQuestion('vfs-per-vm');
  if (question.ask !== 'most') throw new Error('another question');
  const { vm } = question;
  const first = new VmTrials(files.profiles, 'a');
  const second = new VmTrials(files.profiles, 'b');
  for (const draw of [0, 17, DRAWS - 1]) {
    const { input, parameters } = first.inputOf(vm, { draw });
    expect(second.quick(vm, { draw }).pauseNs).toBe(first.quick(vm, { draw }).pauseNs);
    expect(parameters.lineShare).toBe(new Unknowns(answerDraws().seed).parameters(draw).lineShare);
    expect(input.convergence.windowPhase).toBe(answerDraws().windowPhase(draw));
  }
});

test('a seed chooses the draws of a question, and leaves the nominal answer as it is', () => {
  const { question, files } = readQuestion('converge-nova');
  const asked = (seed?: number) =>
    answer({ ...question, ...(seed === undefined ? {} : { seed }) }, files, 'q', { tornado: false });
  const [first, again, third, fourth] = [asked(), asked(1), asked(3), asked(4)];
  expect(again).toEqual(first);
  expect(third.interval!.seed).toBe(3);
  expect([third.value, third.band]).toEqual([first.value, first.band]);
  expect(asked(3)).toEqual(third);
  // Whatever the seed, the interval holds the nominal answer.
  for (const { interval, value } of [first, third, fourth]) {
    expect(interval!.low! <= value! && value! <= interval!.high!).toBe(true);
  }
  const draws = (seed: number): number[] => [0, 1, 2].map((draw) => answerDraws(3, undefined, seed).windowPhase(draw));
  expect(draws(3)).not.toEqual(draws(4));
});
