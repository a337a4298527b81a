import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bug } from '../../../sim/base/bug.ts';
import { EventQueue } from '../../../sim/base/event-queue.ts';

interface Entry {
  readonly timeNs: number;
  readonly payload: number;
}

/** The oracle: a list kept sorted by inserting behind everything that is not later. */
function insert(list: Entry[], entry: Entry): void {
  let at = list.length;
  while (at > 0 && list[at - 1]!.timeNs > entry.timeNs) at -= 1;
  list.splice(at, 0, entry);
}

/** A number is a push at that time (few values, so ties abound); null is a pop. */
const steps = fc.array(fc.option(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 1e9 }))), { maxLength: 400 });

describe('EventQueue', () => {
  test('agrees with a sorted list under any mix of pushes and pops, ties first in first out', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (script, capacity) => {
        const queue = new EventQueue(capacity);
        const list: Entry[] = [];
        let payload = 0;
        const popBoth = (): void => {
          const want = list.shift()!;
          expect(queue.peekNs()).toBe(want.timeNs);
          expect(queue.pop()).toBe(want.payload);
          expect(queue.poppedNs).toBe(want.timeNs);
        };
        for (const step of script) {
          if (step !== null) {
            queue.push(step, ++payload);
            insert(list, { timeNs: step, payload });
          } else if (list.length > 0) popBoth();
          expect(queue.size).toBe(list.length);
        }
        while (list.length > 0) popBoth();
        expect(queue.peekNs()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });

  test('a thousand events at one time come out in the order they came in', () => {
    const queue = new EventQueue(1);
    for (let i = 0; i < 1000; i++) queue.push(5, i);
    for (let i = 0; i < 1000; i++) expect(queue.pop()).toBe(i);
  });

  test('carries the whole int32 range', () => {
    const queue = new EventQueue();
    queue.push(1, -0x80000000);
    queue.push(2, 0x7fffffff);
    expect([queue.pop(), queue.pop()]).toEqual([-0x80000000, 0x7fffffff]);
  });

  test('clear drops the events and keeps counting pushes', () => {
    const queue = new EventQueue();
    queue.push(1, 1);
    queue.clear();
    expect([queue.size, queue.pushes]).toEqual([0, 1]);
    queue.push(9, 2);
    expect(queue.pop()).toBe(2);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses the time %d', (timeNs) => {
    expect(() => new EventQueue().push(timeNs, 0)).toThrow(Bug);
  });

  test('refuses to pop when empty', () => {
    expect(() => new EventQueue().pop()).toThrow('EVENT_QUEUE_EMPTY');
  });
});
