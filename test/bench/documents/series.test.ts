import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { appendRecords } from '../../../bench/history/store.ts';
import { historySection } from '../../../bench/documents/history/section.ts';
import { readSection } from '../../../bench/documents/kinds.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { stopcopy } from '../command.ts';
import { recordsOf } from '../history/records.ts';
import { historyDocument, SWEEP } from './documents.ts';
import { stating } from '../../stating.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-series-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pageOf(document: unknown): string {
  const path = join(folder, 'document.json');
  writeFileSync(path, JSON.stringify(document));
  return sectionsPage([readSection(path)]);
}

function embedded(page: string): unknown {
  return JSON.parse(/<script type="application\/json" id="r0-json">(.*?)<\/script>/s.exec(page)?.[1] ?? '');
}

function figures(page: string): readonly string[] {
  return page.match(/<figure .*?<\/figure>/gs) ?? [];
}

/** The chart for a desk. */
function chartOf(figure: string): string {
  return /<div class="on-wide">.*?<\/div>/s.exec(figure)?.[0] ?? '';
}

function rowsOf(figure: string): readonly (readonly string[])[] {
  const body = /<tbody>.*<\/tbody>/s.exec(figure)?.[0] ?? '';
  return [...body.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map((cell) => cell[1]!),
  );
}

interface Line {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly dashed: boolean;
}

/** Lines between two points of a colour. */
function linesOf(chart: string, colour: string): readonly Line[] {
  const found = chart.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" ([^>]*stroke="var\(--(\w+)\)"[^>]*)>/g);
  return [...found].flatMap(([, x1, y1, x2, y2, rest, seen]) =>
    seen === colour
      ? [{ from: [Number(x1), Number(y1)], to: [Number(x2), Number(y2)], dashed: rest!.includes('dasharray') }]
      : [],
  );
}

describe('a history', () => {
  let page: string;
  let chart: string;
  beforeAll(() => {
    page = pageOf(historyDocument(true));
    chart = chartOf(figures(page)[0]!);
  });

  test('has a figure for each metric, the one that shifted first, with kind, source and all values', () => {
    const both = figures(page);
    expect(both.map((figure) => /<h3[^>]*>(.*?)<\/h3>/s.exec(figure)?.[1])).toEqual(['frame-write', 'handshake']);
    expect(both[0]).toMatch(/class="source" id="[^"]+">\s*measured: one value per record, of machine aaaa0000/);
    expect(both[1]).toMatch(/class="source" id="[^"]+">\s*ratio: .* No change point\./s);
    const rows = rowsOf(both[0]!);
    expect(rows).toHaveLength(60);
    expect(rows.flatMap(([commit, , , mark]) => (mark === '' ? [] : [[commit, mark]]))).toEqual([
      ['commit-20', '1: worse'],
      ['commit-40', '2: better'],
    ]);
  });

  test('marks each change point where it is, what is worse by a whole line and what is better by a dashed one', () => {
    // 60 commits from 74 to 956, each at the centre of its share.
    const at = (index: number): number => 74 + ((index + 0.5) * (980 - 74 - 24)) / 60;
    const [worse] = linesOf(chart, 'c9');
    const [better] = linesOf(chart, 'c3');
    expect([linesOf(chart, 'c9').length, linesOf(chart, 'c3').length]).toEqual([1, 1]);
    expect(Math.abs(worse!.from[0] - at(20))).toBeLessThan(1.5);
    expect(Math.abs(better!.from[0] - at(40))).toBeLessThan(1.5);
    expect([worse!.dashed, better!.dashed]).toEqual([false, true]);
    expect(page).toMatch(stating('commit-20', '1 µs', '1.3 µs', '+29.9 %', 'worse'));
  });

  test('draws the level of each stretch, as high as its values', () => {
    const levels = linesOf(chart, 'c2');
    expect(levels).toHaveLength(3);
    const [first, second, third] = levels.map(({ from }) => from[1]) as [number, number, number];
    // Medians 1002, 1302 and 1102, on an axis that points up.
    expect((first - third) / (first - second)).toBeCloseTo(1 / 3, 1);
    for (const { from, to } of levels) expect(from[1]).toBe(to[1]);
  });

  test('without values lists its change points in a table, and says what is missing', () => {
    const bare = pageOf(historyDocument(false));
    expect(figures(bare)).toEqual([]);
    expect(bare).toMatch(stating('no values'));
    expect(bare).toMatch(/<td class="text">commit-20<\/td>/);
  });

  test('of which only the records are there is refused, and so is a change that is no number', () => {
    const list = { format: 'stopcopy-history-list', version: 1, stopcopy: '0.1.0', machines: [], records: [] };
    expect(() => pageOf(list)).toThrow(stating('stopcopy history list'));
    const wrong = structuredClone(historyDocument(true)) as unknown as { series: { changes: { before: unknown }[] }[] };
    wrong.series[0]!.changes[1]!.before = 'much';
    expect(() => pageOf(wrong)).toThrow('series[0].changes[1].before');
  });

  test('that rose from 0 says so, in the page of the command and in the page of its JSON', async () => {
    const file = join(folder, 'zero.ndjson');
    const html = join(folder, 'zero.html');
    await appendRecords(file, recordsOf(Array.from({ length: 40 }, (_, index) => (index < 20 ? 0 : 5))));
    const { status, stdout } = await stopcopy(
      'history',
      'show',
      'frame-write',
      '--file',
      file,
      '--html',
      html,
      '--json',
    );
    expect(status).toBe(0);
    const page0 = readFileSync(html, 'utf8');
    expect(page0).toContain('from 0');
    expect(embedded(page0)).toEqual(JSON.parse(stdout));
    // Ids of clips count up in a process.
    const same = (text: string): string => text.replaceAll(/zr\d+-c/g, 'c').replaceAll('document.json', 'history.json');
    expect(same(pageOf(JSON.parse(stdout)))).toBe(same(page0));
  });

  test('as the command shows all metrics: the page has the values that --json leaves out', async () => {
    const file = join(folder, 'history.ndjson');
    const html = join(folder, 'history.html');
    await appendRecords(file, recordsOf(Array.from({ length: 40 }, (_, index) => 100 + (index % 2))));
    const shown = await stopcopy('history', 'show', '--file', file, '--html', html);
    expect(shown.status).toBe(0);
    expect(shown.stdout.trimEnd().endsWith(html)).toBe(true);
    const exported = await stopcopy('history', 'export', '--file', file, '--json');
    expect(embedded(readFileSync(html, 'utf8'))).toEqual(JSON.parse(exported.stdout));
    expect(rowsOf(figures(readFileSync(html, 'utf8'))[0]!)).toHaveLength(40);
    const refused = await stopcopy('history', 'list', '--file', file, '--html', html);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(stating('--html', 'list', 'no page'))]);
  });
});

describe('a sweep', () => {
  const cells = SWEEP.cells.map(({ at, outcome }) => ({ at, outcome }));

  test('has a panel for each combination of the other fields, and a table of all', () => {
    const [figure = ''] = figures(pageOf(SWEEP));
    expect([...figure.matchAll(/<h4>(.*?)<\/h4>/g)].map((match) => match[1])).toEqual([
      'vm.stream.channels = 1',
      'vm.stream.channels = 4',
    ]);
    expect(figure).toMatch(/class="source" id="[^"]+">\s*modelled: the point is the answer/);
    expect(figure).toContain('a: pause budget');
    expect(rowsOf(figure)).toEqual([
      ['8', '1', '40 VFs', '44 VFs', '40 VFs', '48 VFs', 'pause budget'],
      ['8', '4', '63 VFs', '67 VFs', '63 VFs', '71 VFs', 'VFs of the PF'],
      ['16', '1', '31 VFs', '35 VFs', '31 VFs', '39 VFs', 'pause budget'],
      ['16', '4', 'none', 'none', 'none', 'none', 'The nearest that holds: 1 VFs with a budget of 340 ms.'],
      ['32', '1', '22 VFs', '26 VFs', '22 VFs', '30 VFs', 'pause budget'],
      ['32', '4', 'refused', '', '', '', 'vm.vcpus is 32'],
    ]);
  });

  test('draws a point with its band for an answer, and a word where there is none', () => {
    const [figure = ''] = figures(pageOf(SWEEP));
    const [one = '', four = ''] = figure.split('<h4>').slice(1);
    const words = (panel: string): string[] =>
      [...panel.matchAll(/<text[^>]*>(a|b|none|refused)<\/text>/g)].map((match) => match[1]!);
    expect([words(one), words(four)]).toEqual([
      ['a', 'a', 'a'],
      ['b', 'none', 'refused'],
    ]);
    // The upright lines of the bands are all 8 VFs long, those across have no height.
    const tall = [...linesOf(one, 'c1'), ...linesOf(four, 'c2')].filter(({ from, to }) => from[1] !== to[1]);
    expect(tall).toHaveLength(4);
    const heights = tall.map(({ from, to }) => Math.abs(from[1] - to[1]));
    for (const height of heights) expect(Math.abs(height - heights[0]!)).toBeLessThan(1);
    expect(heights[0]).toBeGreaterThan(10);
  });

  test('of one field fills the width, and answers far apart are on a logarithmic axis', () => {
    const own = cells
      .filter(({ at }) => at['vm.stream.channels'] === 1)
      .map(({ at, outcome }) => ({
        at: { 'vm.vcpus': at['vm.vcpus']! },
        outcome,
      }));
    const page = pageOf({ ...SWEEP, cells: own });
    expect(page).toContain('<div class="on-narrow">');
    expect(page).not.toContain('It is logarithmic');
    const far = structuredClone(own) as unknown as { outcome: { value: number } }[];
    far[0]!.outcome.value = 40_000;
    expect(pageOf({ ...SWEEP, cells: far })).toContain('It is logarithmic');
  });

  test('without any answer still has a page', () => {
    const page = pageOf({ ...SWEEP, cells: cells.filter(({ outcome }) => outcome.kind === 'refused') });
    expect(page).toMatch(stating('1 combinations', '0 with an answer', '0 without', /1 \D*cannot/));
  });

  test('by the command: the page of --html is that of the document', async () => {
    const [out, html] = [join(folder, 'line.json'), join(folder, 'line.html')];
    const sweep = ['--sweep', 'vm.vcpus=8,16', '--out', out, '--threads', '1'];
    const { status, stdout } = await stopcopy('plan', 'link', ...sweep, '--html', html, '--json');
    expect(status).toBe(0);
    const page = readFileSync(html, 'utf8');
    expect(embedded(page)).toEqual(JSON.parse(stdout));
    expect((await stopcopy('report', out, '--out', join(folder, 'again.html'))).status).toBe(0);
    expect(readFileSync(join(folder, 'again.html'), 'utf8')).toBe(page);
  });
});

test('the page of a long history stays small, and says what it leaves out', () => {
  const points = Array.from({ length: 10_000 }, (_, index) => ({
    time: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
    commit: index.toString(16).padStart(40, '0'),
    subject: `change ${index}`,
    value: 100 + (index % 7),
  }));
  const series = Array.from({ length: 100 }, (_, index) => ({
    name: `metric-${index}`,
    kind: 'measured' as const,
    unit: 'ns',
    machine: 'x',
    points,
    changes: [],
  }));
  const section = historySection({
    format: 'stopcopy-history',
    version: 1,
    stopcopy: '0',
    machine: 'x',
    about: '',
    series,
  });
  const page = sectionsPage([{ name: 'history.json', section }]);
  expect(page.length).toBeLessThan(2e6);
  expect(page).toContain('100 metrics, 1000000 values');
  expect(page).toMatch(stating(100, 12));
  expect(page).toMatch(stating(10000, 250));
});
