import { describe, expect, test } from 'vitest';

import {
  bandChart,
  partsChart,
  waterfallChart,
  scaleChart,
  throughputChart,
  timelineChart,
  valueChart,
  waitedFor,
} from '../../../bench/show/charts.ts';

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

test('the critical path is what lies after all spans before, and adds up to the whole', () => {
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
  const left = width < 500 ? 140 : 214;
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
  expect(words.filter((word) => /^(410|395|195) ns$|^in parallel/.test(word))).toEqual([
    '410 ns',
    '395 ns',
    'in parallel',
    '195 ns',
  ]);
});

describe('words at the line of the floor', () => {
  /** Centre of the words in the chart; undefined: there are none. */
  function wordsAt(points: readonly (readonly [bytes: number, value: number])[], floor: number) {
    const series = [
      {
        name: 'zip save',
        colour: 'var(--c1)',
        hollow: false,
        points: points.map(([stateBytes, value]) => ({ stateBytes, value, low: value, high: value })),
      },
    ];
    const svg = throughputChart(series, 'B/s', floor);
    const [, dy, x] =
      /<text[^>]* y="([-\d.]+)" transform="translate\(([\d.]+) [\d.]+\)"[^>]*>copy floor</.exec(svg) ?? [];
    expect(svg).toMatch(/<path d="M70 ([\d.]+)L[\d.]+ \1"[^>]*stroke-dasharray/);
    return x === undefined ? undefined : { start: Number(x) < 225, above: Number(dy) < 0 };
  }

  test.each([
    [[], { start: true, above: true }],
    // Just above the line, at its start.
    [
      [
        [1.2e5, 1.3e9],
        [9e6, 1e8],
      ],
      { start: false, above: true },
    ],
    // At both ends above it.
    [
      [
        [1.2e5, 1.3e9],
        [9e6, 1.3e9],
        [1e6, 1e8],
      ],
      { start: true, above: false },
    ],
    [
      [
        [1.2e5, 1.3e9],
        [9e6, 1.3e9],
        [1.2e5, 7.5e8],
        [1e6, 1e8],
      ],
      { start: false, above: false },
    ],
    [
      [
        [1.2e5, 1.3e9],
        [9e6, 1.3e9],
        [1.2e5, 7.5e8],
        [9e6, 7.5e8],
        [1e6, 1e8],
      ],
      undefined,
    ],
  ] as const)('with points at %j: %j', (points, expected) => {
    // With one far above and one far below, at the centre.
    expect(wordsAt([...points, [1e6, 1e8], [1e6, 5e9]], 1e9)).toEqual(expected);
  });
});

test('series of one state size do not cover each other', () => {
  const series = ['var(--c1)', 'var(--c2)'].map((colour) => ({
    name: colour,
    colour,
    hollow: false,
    points: [{ stateBytes: 1e6, value: 1e8, low: 5e7, high: 2e8 }],
  }));
  const svg = throughputChart(series, 'B/s');
  const xOf = (colour: string): number => {
    const found = new RegExp(`<path d="M([\\d.]+) [\\d.]+L\\1 [^>]*stroke="var\\(--${colour}\\)"`).exec(svg);
    return Number(found?.[1]);
  };
  expect(xOf('c2') - xOf('c1')).toBeCloseTo(3, 0);
});

test('a bar too short to be seen is given in words, and what changes nothing has no effect', () => {
  const rows = [
    { label: 'long', short: 5e7, long: 2e8 },
    { label: 'short', short: 1e8 - 300, long: 1e8 },
    { label: 'none', short: 1e8, long: 1e8 },
  ];
  const words = (unmoved?: string): string[] =>
    [...bandChart(rows, 1e8, 'ns', 980, unmoved).matchAll(/<text[^>]*>([^<]*)<\/text>/g)]
      .map((match) => match[1]!)
      .filter((word) => /at most|effect/.test(word));
  expect(words('no effect')).toEqual(['at most 300 ns', 'no effect']);
  // A pause that is never begun has no bar either: the drawing says so.
  expect(words()).toEqual(['at most 300 ns']);
});

test('VFs per second against VFs: points where they belong, each series with its letter', () => {
  const at = (vfs: number, value: number) => ({ vfs, value, low: value * 0.9, high: value * 1.1 });
  const svg = scaleChart(
    [
      { mark: 'a', colour: 'var(--c1)', points: [at(1, 100), at(8, 200), at(64, 400)] },
      { mark: 'b', colour: 'var(--c2)', points: [at(64, 800)] },
    ],
    '/s',
    980,
  );
  const letters = [...svg.matchAll(/<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([ab])<\/text>/g)];
  expect(letters.map((match) => match[3])).toEqual(['a', 'a', 'a', 'b']);
  const [one, eight, most, other] = letters.map((match) => [Number(match[1]), Number(match[2])] as const);
  // 8 is half way to 64; heights go with the figures.
  expect(eight![0] - one![0]).toBeCloseTo((most![0] - one![0]) / 2, 0);
  expect((one![1] - eight![1]) / (one![1] - most![1])).toBeCloseTo(1 / 3, 2);
  expect((one![1] - other![1]) / (one![1] - most![1])).toBeCloseTo(7 / 3, 2);
});

test('steps of a waterfall begin where the last one ends, and one too short to be seen is a line', () => {
  const step = (label: string, ns: number, high: number) => ({ label, ns, low: ns, high, colour: 'var(--c1)' });
  const svg = waterfallChart([step('a', 600, 700), step('b', 0.001, 1), step('c', 400, 400)], 980);
  const bars = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+l([\d.]+) 0l0 14l[-\d.]+ 0Z"/g)].map(([, x, width]) => ({
    x: Number(x),
    width: Number(width),
  }));
  expect(bars).toHaveLength(3);
  const [a, b, c] = bars;
  expect(b!.x).toBeCloseTo(a!.x + a!.width, 0);
  expect(b!.width).toBe(1);
  expect(c!.x).toBeCloseTo(b!.x, 0);
  expect(a!.width / c!.width).toBeCloseTo(1.5, 1);
});
