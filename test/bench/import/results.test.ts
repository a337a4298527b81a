/**
 * Results of other trackers: read, recorded, and written again in their formats.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { assert, double, property, stringMatching, uniqueArray } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { type ExchangeFormat, exchangeText } from '../../../bench/documents/history/exchange.ts';
import {
  groupMetrics,
  type HistoryRecord,
  metricIn,
  type NamedValue,
} from '../../../bench/documents/history/record.ts';
import { recordsOfFile } from '../../../bench/history/result-record.ts';
import { readIfForeign } from '../../../bench/import/readers.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { historyRecord } from '../history/records.ts';

const SAMPLE = join(import.meta.dirname, 'samples', 'bench.customSmallerIsBetter.json');
const folder = mkdtempSync(join(tmpdir(), 'stopcopy-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const COMMIT = { commit: 'abc', subject: 'a change', dirty: false };
const NOW = new Date('2026-11-30T12:00:00.000Z');

test('the array of github-action-benchmark is read, with what is wrong in it', () => {
  const expected = JSON.parse(readFileSync(`${SAMPLE}.expected.json`, 'utf8')) as { format: string; series: object[] };
  const { format, facts, findings, unknown } = readIfForeign('results', SAMPLE)!;
  expect(format).toBe(expected.format);
  expect(facts.runs).toEqual([{ commit: undefined, subject: undefined, time: undefined, series: expected.series }]);
  expect(findings.map(({ kind }) => kind)).toEqual(['read', 'inferred', 'warning']);
  expect(findings[2]!.text).toMatch(/stream.*Gbit\/s/);
  expect(unknown).toEqual(['commit, date (the action adds them)']);
});

test('the page of github-action-benchmark is a record for each commit', () => {
  const entry = (id: string, date: number, value: number): object => ({
    commit: { id, message: `Change ${id}\n\nand why` },
    date,
    tool: 'customSmallerIsBetter',
    benches: [{ name: 'pause', unit: 'ms', value }],
  });
  const data = { lastUpdate: 1, repoUrl: 'x', entries: { Benchmark: [entry('a1', 1000, 20), entry('b2', 2000, 21)] } };
  const path = file('data.js', `window.BENCHMARK_DATA = ${JSON.stringify(data)};\n`);
  const { records } = recordsOfFile(path, COMMIT, NOW, { machine: 'lab-a' });
  expect(records.map(({ commit, subject, time, machine }) => [commit, subject, time, machine])).toEqual([
    ['a1', 'Change a1', '1970-01-01T00:00:01.000Z', 'lab-a'],
    ['b2', 'Change b2', '1970-01-01T00:00:02.000Z', 'lab-a'],
  ]);
  expect(metricIn(records[1]!, 'pause')).toEqual({ name: 'pause', kind: 'measured', unit: 'ms', value: 21 });
});

test('several samples of the Go format become their median', () => {
  const text = [
    'goos: linux',
    'commit: f00',
    'BenchmarkSave-8  100  10 ns/op  4 B/op',
    'BenchmarkSave-8  100  30 ns/op  4 B/op',
    'BenchmarkSave-8  100  12 ns/op  4 B/op',
    'BenchmarkPause 1 21.5 ms',
    'PASS',
  ].join('\n');
  const { facts } = readIfForeign('results', file('go.txt', text))!;
  expect(facts.runs).toEqual([
    {
      commit: 'f00',
      subject: undefined,
      time: undefined,
      series: [
        { name: 'Save/ns/op', unit: 'ns/op', value: 12, range: '10 to 30, 3 samples' },
        { name: 'Save/B/op', unit: 'B/op', value: 4, range: '4 to 4, 3 samples' },
        { name: 'Pause', unit: 'ms', value: 21.5 },
      ],
    },
  ]);
});

test('measures of Bencher have the units that it gives them', () => {
  const text = JSON.stringify({
    pause: { latency: { value: 21e6, lower_value: 20e6, upper_value: 22e6 }, faults: { value: 3 } },
  });
  const { facts, findings } = readIfForeign('results', file('bmf.json', text))!;
  expect(facts.runs[0]!.series).toEqual([
    { name: 'pause/latency', unit: 'ns', value: 21e6, range: '20000000 to 22000000' },
    { name: 'pause/faults', unit: 'faults', value: 3 },
  ]);
  expect(findings.map(({ kind }) => kind)).toEqual(['read', 'inferred']);
});

test.each([
  ['[{"name": "a", "unit": "ms", "value": "fast"}]', /\[0\]\.value is 'fast'/],
  ['[{"name": "a", "unit": "ms", "value": ""}]', /\[0\]\.value is ''/],
  ['[{"name": "a", "unit": "ms", "value": 1}', /is not JSON/],
  [
    'window.BENCHMARK_DATA = {"entries": {"a": [{"commit": {"id": "x"}, "date": 9e99, "benches": []}]}}',
    /date is 9e\+99/,
  ],
  ['BenchmarkA 1 1e999 ms', /line 1: '1e999' is no number/],
  ['{"a": {"b": {"value": "1"}}}', /a\.b\.value/],
])('%s is refused', (text, says) => {
  const path = file('bad.txt', text);
  expect(() => readIfForeign('results', path)).toThrow(says);
  expect(() => readIfForeign('results', path)).toThrow(UserError);
});

test('a time that no date has is named and not taken', () => {
  const path = file('far.prom', '# TYPE pause gauge\npause 0.02 99999999999999999999\n');
  const { facts, findings } = readIfForeign('results', path)!;
  expect(facts.runs.map(({ time }) => time)).toEqual([undefined]);
  expect(findings.filter(({ kind }) => kind === 'warning').map(({ line }) => line)).toEqual([2]);
});

test('what is no result of another tracker is left to the readers of our own', () => {
  expect(readIfForeign('results', file('own.json', '{"format": "stopcopy-bench", "version": 2}'))).toBeUndefined();
  expect(readIfForeign('results', file('list.json', '[1, 2]'))).toBeUndefined();
});

const VALUES: readonly NamedValue[] = [
  { name: 'zip-64-idle/saves', kind: 'measured', unit: '/s', value: 1234.5 },
  { name: 'zip-64-idle/downtime', kind: 'measured', unit: 'ns', value: 2_500_000 },
  { name: 'zip-64-idle/handshake to floor', kind: 'ratio', unit: 'x', value: 1.2 },
  { name: 'floor/copy', kind: 'measured', unit: 'B/s', value: 1e10 },
  { name: 'zip-64-idle/stateBytes', kind: 'exact', unit: 'B', value: 176 },
];
const recordOf = (values: readonly NamedValue[]): HistoryRecord => historyRecord({ metrics: groupMetrics(values) });

describe('a record', () => {
  test('is in one of the two files of github-action-benchmark, by the direction in which it is good', () => {
    const read = (format: ExchangeFormat): string[] =>
      (JSON.parse(exchangeText(format, [recordOf(VALUES)])) as { name: string }[]).map(({ name }) => name);
    const [smaller, bigger] = [read('github-smaller'), read('github-bigger')];
    expect(bigger.toSorted()).toEqual(['floor/copy', 'zip-64-idle/saves']);
    expect([...smaller, ...bigger].toSorted()).toEqual(VALUES.map(({ name }) => name).toSorted());
  });

  test.each(['github-smaller', 'github-bigger', 'bencher', 'benchstat'] as const)('comes back from %s', (format) => {
    const name = stringMatching(/^[A-Z][a-z0-9/_]{0,12}$/);
    assert(
      property(
        uniqueArray(name, { minLength: 1, maxLength: 5 }),
        double({ noNaN: true, noDefaultInfinity: true, min: 1e-9, max: 1e12 }),
        (names, value) => {
          const unit = format === 'github-bigger' ? '/s' : 'ns';
          const values = names.map((each): NamedValue => ({ name: each, kind: 'measured', unit, value }));
          const { runs } = readIfForeign(
            'results',
            file(`${format}.txt`, exchangeText(format, [recordOf(values)])),
          )!.facts;
          const ending = format === 'bencher' ? '/latency' : '';
          expect(new Set(runs[0]!.series.map((each) => each.name))).toEqual(
            new Set(names.map((each) => `${each}${ending}`)),
          );
          for (const each of runs[0]!.series) expect([each.unit, each.value]).toEqual([unit, value]);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  test('comes back from OpenMetrics in base units, with its commit and time', () => {
    const record = recordOf(VALUES);
    const { reader, facts } = readIfForeign('results', file('m.txt', exchangeText('openmetrics', [record])))!;
    expect(reader).toBe('openmetrics');
    const [run, ...others] = facts.runs;
    expect(others).toEqual([]);
    expect([run!.commit, run!.time]).toEqual([record.commit, new Date(record.time).toISOString()]);
    const byName = Object.fromEntries(run!.series.map(({ name, unit, value }) => [name, [value, unit]]));
    expect(byName).toEqual({
      'zip-64-idle/saves': [1234.5, '/s'],
      'zip-64-idle/downtime': [0.0025, 's'],
      'zip-64-idle/handshake to floor': [1.2, 'x'],
      'floor/copy': [1e10, 'B/s'],
      'zip-64-idle/stateBytes': [176, 'B'],
    });
  });

  test('is a sample for benchstat, each with its commit', () => {
    const text = exchangeText('benchstat', [recordOf(VALUES), historyRecord({ commit: 'next' })]);
    expect(text.match(/^commit: \S+$/gm)).toEqual(['commit: c0ffee', 'commit: next']);
    expect(text).toContain('\nBenchmarkZip-64-idle/handshake_to_floor 1 1.2 x\n');
  });

  test('is OpenMetrics text with base units, and ends with its mark', () => {
    const text = exchangeText('openmetrics', [recordOf(VALUES)]);
    const lines = text.split('\n');
    expect(lines.at(-1)).toBe('# EOF');
    const families = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]!);
    expect(new Set(families).size).toBe(families.length);
    for (const line of lines.slice(0, -1)) {
      expect(line).toMatch(
        /^(?:# (?:TYPE|UNIT|HELP) [a-z_]+ .+|[a-z_]+\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\} [-+.\de]+ [.\d]+)$/,
      );
    }
    // The unit is the ending of the family, as the format asks.
    for (const [, family, unit] of text.matchAll(/^# UNIT (\S+) (\S+)$/gm))
      expect(family!.endsWith(`_${unit!}`)).toBe(true);
    expect(text).toContain('stopcopy_figure_seconds{figure="zip-64-idle/downtime"');
    expect(text).toMatch(/zip-64-idle\/downtime".* 0\.0025 \d/);
  });
});
