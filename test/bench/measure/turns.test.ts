import { describe, expect, test } from 'vitest';

import { allocationOf } from '../../../bench/measure/allocation.ts';
import type { Runner } from '../../../bench/measure/runner.ts';
import { ratioInTurn } from '../../../bench/measure/statistics.ts';
import { measureInTurn } from '../../../bench/measure/turns.ts';

describe('things measured in turn', () => {
  test('are measured one after the other again and again, the first turn for nothing', async () => {
    const heard: string[] = [];
    let count = 0;
    const runner: Runner = {
      measure: (name) => {
        heard.push(name);
        count += 1;
        return Promise.resolve({ name, samples: [count * 1e-9, count * 1e-9] });
      },
    };
    const fn = (): number => 0;
    const samples = await measureInTurn(
      runner,
      [
        { name: 'a', fn },
        { name: 'b', fn },
      ],
      { turns: 2, seconds: 1 },
    );
    expect(heard).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(samples.map((each) => Array.from(each, Math.round))).toEqual([
      [3, 5],
      [4, 6],
    ]);
  });

  test('give a ratio of neighbours: what slows both down does not show', () => {
    const floor = [10, 10, 1000, 10, 30];
    const figure = ratioInTurn(
      floor.map((ns) => 2 * ns),
      floor,
    );
    expect(figure).toMatchObject({ value: 2, low: 2, high: 2, unit: 'x', kind: 'ratio', samples: [2, 2, 2, 2, 2] });
    expect(() => ratioInTurn([1], [1, 2])).toThrow('RATIO_SAMPLES');
  });
});

describe('what calls leave on the heap', () => {
  test('is nothing when they make nothing', () => {
    let sum = 0;
    const { bytes, survivingBytes } = allocationOf(() => (sum += 1), 2_000);
    expect(Math.round(bytes)).toBe(0);
    expect(Math.round(survivingBytes)).toBe(0);
    expect(sum).toBeGreaterThan(0);
  });

  test('is garbage when they make something, and stays when they keep it', () => {
    let last: unknown;
    const garbage = allocationOf(() => (last = [1, 2, 3, 4, 5, 6, 7, 8].map((x) => x + 0.5)), 500);
    expect(garbage.bytes).toBeGreaterThan(64);
    expect(garbage.survivingBytes).toBeLessThan(8);
    const kept: unknown[] = [last];
    const keeping = allocationOf(() => kept.push(Array.from({ length: 8 }, (_, x) => x + 0.5)), 500);
    expect(keeping.survivingBytes).toBeGreaterThan(64);
  });
});
