import { describe, expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { answerDraws, intervalOfDraws, intervalOfRanked } from '../../../sim/fleet/answer-interval.ts';
import { VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { DRAWS, Unknowns } from '../../../sim/scenario/unknowns.ts';

describe('the interval of an answer over draws', () => {
  test('leaves a tenth at each side, and holds the nominal answer', () => {
    const answers = (draw: number): number => (draw * 7) % DRAWS;
    expect(intervalOfDraws(100, answers, 'least', 50)).toEqual({
      low: 20,
      median: 100,
      high: 180,
      draws: DRAWS,
      seed: 1,
      played: DRAWS,
      answered: DRAWS,
      holding: 150,
    });
    expect(intervalOfDraws(5, answers, 'least')).toMatchObject({ low: 5, high: 180, holding: null });
    expect(intervalOfDraws(199, answers, 'most', 50)).toMatchObject({ low: 20, high: 199, holding: 51 });
  });

  test('places a draw without an answer below every number, and beyond every time', () => {
    const some = (draw: number): number | null => (draw < 30 ? null : draw);
    expect(intervalOfDraws(100, some, 'least')).toMatchObject({ low: null, high: 180, answered: 170 });
    expect(intervalOfDraws(100, some, 'most')).toMatchObject({ low: 50, high: null, answered: 170 });
    expect(intervalOfDraws(null, () => null, 'most')).toMatchObject({
      low: null,
      median: null,
      high: null,
      answered: 0,
    });
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
