import { expect, test } from 'vitest';

import { partsChart, timelineChart, valueChart, waitedFor } from '../../../bench/report/charts.ts';

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

/** Left edges and widths of the frames of a timeline. */
function framesOf(svg: string): readonly (readonly [x: number, width: number])[] {
  const frames = svg.matchAll(/<path d="M([\d.]+) [\d.]+l([\d.]+) [^"]*" fill="none"[^>]*stroke="var\(--ink\)"/g);
  return [...frames].map(([, x, width]) => [Number(x), Number(width)] as const);
}

test('the critical path is what lies behind all that was told before, and adds up to the whole', () => {
  const spans = [
    { fromNs: 0, toNs: 100 },
    { fromNs: 100, toNs: 400 },
    { fromNs: 100, toNs: 300 },
    { fromNs: 100, toNs: 900 },
    { fromNs: 900, toNs: 1000 },
  ];
  const stretches = waitedFor(spans);
  expect(stretches).toEqual([spans[0], spans[1], undefined, { fromNs: 400, toNs: 900 }, spans[4]]);
  expect(stretches.reduce((sum, each) => sum + (each === undefined ? 0 : each.toNs - each.fromNs), 0)).toBe(1000);
});

test.each([980, 380])('a timeline %d wide frames what the pause waits for, and says for how long', (width) => {
  const rows = [
    { label: 'memory', colour: 0, spans: [{ fromNs: 0, toNs: 410 }] },
    {
      label: 'devices',
      colour: 1,
      spans: [
        { fromNs: 0, toNs: 300 },
        { fromNs: 0, toNs: 805 },
      ],
    },
    { label: 'log', colour: 2, spans: [{ fromNs: 100, toNs: 200 }] },
    { label: 'start', colour: 3, spans: [{ fromNs: 805, toNs: 1000 }] },
  ];
  const svg = timelineChart(rows, 1000, width);
  const left = width < 500 ? 122 : 190;
  const pixels = (ns: number): number => ((width - left - 24) * ns) / 1000;
  const frames = framesOf(svg);
  expect(frames).toHaveLength(3);
  for (const [index, [from, to]] of [
    [0, 410],
    [410, 805],
    [805, 1000],
  ].entries()) {
    // A frame stands two pixels off its stretch.
    expect(Math.abs(frames[index]![0] + 2 - left - pixels(from!))).toBeLessThan(1.5);
    expect(Math.abs(frames[index]![1] - 4 - pixels(to! - from!))).toBeLessThan(1.5);
  }
  const words = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
  expect(words.filter((word) => /^(410|395|195) ns$|^beside/.test(word))).toEqual([
    '410 ns',
    '395 ns',
    'beside others',
    '195 ns',
  ]);
});
