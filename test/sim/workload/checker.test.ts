import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompletionChecker } from '../../../sim/workload/checker.ts';
import { VIOLATIONS_KEPT } from '../../../sim/workload/violations.ts';
import { effort } from '../../effort.ts';

const DEPTH = 8;

/** A checker that has accepted `count` tasks in queue 0 of two. */
function accepted(count: number): CompletionChecker {
  const checker = new CompletionChecker(2, DEPTH);
  for (let i = 0; i < count; i++) checker.accepted(0);
  return checker;
}

function complete(checker: CompletionChecker, ...tasks: readonly number[]): void {
  for (const task of tasks) checker.completed(0, task & 0xffff, task % DEPTH);
}

describe('CompletionChecker', () => {
  test('is content when each task completes once and in order', () => {
    const checker = accepted(3);
    complete(checker, 0, 1, 2);
    expect(checker.finish([3, 0])).toEqual({
      ok: true,
      accepted: 3,
      completed: 3,
      outstanding: 0,
      lostTasks: 0,
      violationCount: 0,
      violations: [],
    });
  });

  test('counts tasks beyond 2^16, where cmd_id starts again', () => {
    const checker = new CompletionChecker(1, DEPTH);
    for (let task = 0; task < 150_000; task++) {
      checker.accepted(0);
      checker.completed(0, task & 0xffff, task % DEPTH);
    }
    expect(checker.finish([150_000])).toMatchObject({ ok: true, completed: 150_000 });
  });

  test('a task overtaken and never completed is lost, even while others are still in flight', () => {
    const checker = accepted(5);
    complete(checker, 0, 2);
    const report = checker.finish([5, 0], false);
    expect(report).toMatchObject({ ok: false, completed: 2, outstanding: 2, lostTasks: 1, violationCount: 1 });
    expect(report.violations).toEqual([{ kind: 'lost', queue: 0, task: 1, expected: 1, seen: -1 }]);
  });

  test('outstanding tasks are lost when all should be done, and only then', () => {
    const checker = accepted(3);
    complete(checker, 0);
    expect(checker.finish([3, 0], false)).toMatchObject({ ok: true, outstanding: 2, lostTasks: 0 });
    const report = checker.finish([3, 0], true);
    expect(report).toMatchObject({ ok: false, outstanding: 2, lostTasks: 2 });
    expect(report.violations.map(({ kind, task }) => [kind, task])).toEqual([
      ['lost', 1],
      ['lost', 2],
    ]);
  });

  test('a second completion is a duplicate and completes nothing', () => {
    const checker = accepted(3);
    complete(checker, 0, 1, 1, 0, 2);
    const report = checker.finish([3, 0]);
    expect(report).toMatchObject({ completed: 3, lostTasks: 0, violationCount: 2 });
    expect(report.violations).toEqual([
      { kind: 'duplicate', queue: 0, task: 1, expected: 2, seen: 1 },
      { kind: 'duplicate', queue: 0, task: 0, expected: 2, seen: 0 },
    ]);
  });

  test('a late completion is out of order and not lost; once more it is a duplicate', () => {
    const checker = accepted(3);
    complete(checker, 1, 0, 0, 2);
    const report = checker.finish([3, 0]);
    expect(report).toMatchObject({ completed: 3, lostTasks: 0 });
    expect(report.violations.map(({ kind, task }) => [kind, task])).toEqual([
      ['outOfOrder', 0],
      ['duplicate', 0],
    ]);
  });

  test('a completion of a task that nobody submitted is unexpected', () => {
    const checker = accepted(2);
    complete(checker, 0, 1, 2);
    checker.completed(1, 0, 0);
    checker.completed(1, 0xffff, 7);
    const report = checker.finish([2, 0]);
    expect(report).toMatchObject({ completed: 2, lostTasks: 0 });
    expect(report.violations.map(({ kind, queue, task }) => [kind, queue, task])).toEqual([
      ['unexpected', 0, 2],
      ['unexpected', 1, 0],
      ['unexpected', 1, 0xffff],
    ]);
  });

  test('a completion from the wrong slot is reported, in order or ahead', () => {
    const checker = accepted(3);
    checker.completed(0, 0, 1);
    checker.completed(0, 2, 0);
    expect(checker.finish([3, 0]).violations.slice(0, 2)).toEqual([
      { kind: 'wrongSlot', queue: 0, task: 0, expected: 0, seen: 1 },
      { kind: 'wrongSlot', queue: 0, task: 2, expected: 2, seen: 0 },
    ]);
  });

  test('lists a bounded number of violations and counts all', () => {
    const checker = accepted(VIOLATIONS_KEPT * 2);
    const report = checker.finish([VIOLATIONS_KEPT * 2, 0]);
    expect(report.violations).toHaveLength(VIOLATIONS_KEPT);
    expect(report).toMatchObject({ violationCount: VIOLATIONS_KEPT * 2, lostTasks: VIOLATIONS_KEPT * 2 });
  });

  test('a guest whose own count differs is our mistake', () => {
    expect(() => accepted(2).finish([3, 0])).toThrow('CHECKER_ACCEPTED');
  });

  test('any sequence of completions other than the right one is found, and the sums hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(fc.nat({ max: 8 }), { maxLength: 10 }), (count, tasks) => {
        const checker = accepted(count);
        complete(checker, ...tasks);
        const report = checker.finish([count, 0]);
        const right = tasks.length === count && tasks.every((task, i) => task === i);
        const distinct = new Set(tasks.filter((task) => task < count)).size;
        expect(report.ok).toBe(right);
        expect(report.completed).toBe(distinct);
        expect(report.lostTasks).toBe(count - distinct);
      }),
      { numRuns: effort(100, 500, 20_000) },
    );
  });
});
