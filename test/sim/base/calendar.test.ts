import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bug } from '../../../sim/base/bug.ts';
import { Calendar } from '../../../sim/base/calendar.ts';
import { Random } from '../../../sim/base/random.ts';
import { effort } from '../../effort.ts';

interface Entry {
  readonly timeNs: number;
  readonly payload: number;
}

/** The oracle: a list kept sorted by inserting after everything that is not later. */
function insert(list: Entry[], entry: Entry): void {
  let at = list.length;
  while (at > 0 && list[at - 1]!.timeNs > entry.timeNs) at -= 1;
  list.splice(at, 0, entry);
}

/** The same for long lists: after everything that is not later, found by bisection. */
function insertFar(list: Entry[], entry: Entry): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.timeNs <= entry.timeNs) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, entry);
}

/** How far ahead of the present the next event lies, for loads that a calendar must survive. */
const AHEAD: Readonly<Record<string, (random: Random) => number>> = {
  'exponential gaps': (random) => random.exponential(1000),
  'all at one time': () => 0,
  'few distinct times': (random) => random.below(4) * 250,
  'two scales': (random) => (random.below(2) === 0 ? random.uniform() : 1e9 * random.uniform()),
  'twenty scales': (random) => 10 ** (random.below(20) - 4),
  'a crowd in a far day': (random) => (random.below(10) < 9 ? 1e6 + random.below(3) * 1e-3 : random.below(100)),
  'the past too': (random) => random.exponential(1000) - 2000,
  'beyond every calendar': (random) => (random.below(20) === 0 ? 1e300 * random.uniform() : random.uniform()),
};

/** A number is a push at that time (few values, so ties abound); null is a pop. */
const steps = fc.array(fc.option(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 1e9 }))), { maxLength: 400 });

describe('EventQueue', () => {
  test('agrees with a sorted list under any mix of pushes and pops, ties first in first out', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (script, capacity) => {
        const queue = new Calendar(capacity);
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
      { numRuns: effort(100, 300) },
    );
  });

  test('a thousand events at one time come out in the order they came in', () => {
    const queue = new Calendar(1);
    for (let i = 0; i < 1000; i++) queue.push(5, i);
    for (let i = 0; i < 1000; i++) expect(queue.pop()).toBe(i);
  });

  test('carries the whole int32 range', () => {
    const queue = new Calendar();
    queue.push(1, -0x80000000);
    queue.push(2, 0x7fffffff);
    expect([queue.pop(), queue.pop()]).toEqual([-0x80000000, 0x7fffffff]);
  });

  test('clear drops the events', () => {
    const queue = new Calendar();
    queue.push(1, 1);
    queue.clear();
    expect(queue.size).toBe(0);
    queue.push(9, 2);
    expect(queue.pop()).toBe(2);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses the time %d', (timeNs) => {
    expect(() => new Calendar().push(timeNs, 0)).toThrow(Bug);
  });

  test('refuses to pop when empty', () => {
    expect(() => new Calendar().pop()).toThrow('EVENT_QUEUE_EMPTY');
  });

  test.each(Object.entries(AHEAD))('agrees with a sorted list when it grows, lives and shrinks: %s', (_, ahead) => {
    const random = new Random(20, 1);
    const queue = new Calendar(4);
    const list: Entry[] = [];
    const wrong: unknown[] = [];
    let nowNs = 0;
    let payload = 0;
    const push = (): void => {
      const timeNs = nowNs + ahead(random);
      queue.push(timeNs, ++payload);
      insertFar(list, { timeNs, payload });
    };
    const pop = (): void => {
      const want = list.shift()!;
      const peeked = random.below(2) === 0 ? queue.peekNs() : want.timeNs;
      const got = queue.pop();
      const right = got === want.payload && queue.poppedNs === want.timeNs && peeked === want.timeNs;
      if (!right) wrong.push([want, { timeNs: queue.poppedNs, payload: got }, peeked]);
      nowNs = Math.max(nowNs, Math.min(want.timeNs, 1e15));
    };
    for (const goal of [3000, 3000, 10, 0, 40, 2000, 0]) {
      while (list.length < goal) {
        push();
        if (list.length > 5 && random.below(3) === 0) pop();
      }
      while (list.length > goal) pop();
      const holds = goal === 0 ? 0 : 3000;
      for (let i = 0; i < holds; i++) {
        pop();
        push();
      }
      expect(queue.size).toBe(list.length);
      expect(wrong.slice(0, 3)).toEqual([]);
    }
  });

  test('keeps the order when gaps become a million times longer and shorter', () => {
    const queue = new Calendar();
    const random = new Random(3);
    for (let i = 0; i < 1000; i++) queue.push(random.uniform(), i);
    for (const scale of [1, 1e6, 1e-6, 1e3]) {
      for (let i = 0; i < 20_000; i++) {
        const payload = queue.pop();
        queue.push(queue.poppedNs + scale * random.exponential(1), payload);
      }
      let lastNs = -Infinity;
      const again: number[] = [];
      for (let i = 0; i < 1000; i++) {
        again.push(queue.pop());
        expect(queue.poppedNs).toBeGreaterThanOrEqual(lastNs);
        lastNs = queue.poppedNs;
      }
      for (const payload of again) queue.push(lastNs + random.uniform(), payload);
    }
    expect(queue.size).toBe(1000);
  });
});
