import { expect, test } from 'vitest';

import { partsChart, timelineChart, valueChart } from '../../../bench/report/charts.ts';

test('the axis of figures with ranges reaches the end of the longest range', () => {
  const svg = valueChart(
    [
      { label: 'a', value: 1, low: 1, high: 25 },
      { label: 'b', value: 2, low: 1, high: 2 },
    ],
    'x',
    'var(--c1)',
  );
  const ends = [...svg.matchAll(/d="M[\d.]+ [\d.]+L([\d.]+) [^"]*"[^>]*stroke="var\(--c1\)"/g)].map((match) =>
    Number(match[1]),
  );
  expect(ends).toHaveLength(2);
  // 420 wide, with 30 free at the right.
  expect(Math.max(...ends)).toBeLessThanOrEqual(390);
});

function borderOf(svg: string, colour: string): boolean {
  const [element = ''] = new RegExp(`<path[^>]*fill="var\\(--${colour}\\)"[^>]*>`).exec(svg) ?? [];
  expect(element).not.toBe('');
  return element.includes('stroke="var(--paper)"');
}

test('a thin slice has no border that would hide it, a wide one has', () => {
  const parts = partsChart(2, [{ label: 'a', ns: [900, 1] }], 1000);
  expect([borderOf(parts, 'c1'), borderOf(parts, 'c2')]).toEqual([true, false]);
  const rows = [
    { label: 'a', colour: 0, spans: [{ fromNs: 0, toNs: 900 }] },
    { label: 'b', colour: 1, spans: [{ fromNs: 900, toNs: 901 }] },
  ];
  const timeline = timelineChart(rows, 1000, 980);
  expect([borderOf(timeline, 'c1'), borderOf(timeline, 'c2')]).toEqual([true, false]);
});
