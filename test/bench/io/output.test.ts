import { describe, expect, test } from 'vitest';

import { lineProgress, timeLeft } from '../../../bench/io/progress.ts';
import { printResult } from '../../../bench/measure/bench-run.ts';
import { wrap } from '../../../bench/show/wrap.ts';
import { formatValue, formatWithRange } from '../../../bench/show/format.ts';
import { summaryOf } from '../../../bench/documents/bench/summary.ts';
import { legend } from '../../../bench/show/figure.ts';
import { resultTable } from '../../../bench/documents/bench/table.ts';
import { captured } from '../captured.ts';
import { fixtureCell, fixtureResult } from '../fixture.ts';
import { stating } from '../../stating.ts';

describe('output', () => {
  test('with --json, stdout carries one document whatever else is said', () => {
    const { output, stdout, stderr } = captured(true);
    output.text('a table');
    output.document({ format: 'stopcopy-error', version: 1 });
    output.document({ format: 'stopcopy-bench', version: 1 });
    output.note('a remark');
    expect(JSON.parse(stdout())).toEqual({ format: 'stopcopy-error', version: 1 });
    expect(stderr()).toBe('a remark\n');
  });

  test('a result is a table with its legend, summary and files', () => {
    const { output, stdout, stderr } = captured(false);
    printResult(fixtureResult(), ['results/a.json', 'results/a.html'], output);
    const text = stdout();
    // Sentences are broken into lines wherever that comes.
    const words = text.replaceAll(/\s+/gu, ' ');
    for (const part of ['sec', '[E] exact', '[M] measured', '[R] ratio', '[P] modelled', 'No task was lost']) {
      expect(words).toContain(part);
    }
    expect(text).toMatch(/results\/a\.json\nresults\/a\.html\n$/);
    expect(stderr()).toBe('');
  });

  test('a result with --json is the document; the files are named on stderr', () => {
    const { output, stdout, stderr } = captured(true);
    const result = fixtureResult();
    printResult(result, ['a.json'], output);
    expect(JSON.parse(stdout())).toEqual(result);
    expect(stderr()).toBe('a.json\n');
  });
});

describe('the table', () => {
  test('has a row per cell and no colour', () => {
    const lines = resultTable(fixtureResult()).split('\n');
    // Head, rule, rows, and the columns that --wide adds.
    expect(lines).toHaveLength(27 + 4);
    expect(lines.join('')).not.toContain('\u001B');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.find((line) => /^hpre +16 +half /.test(line))).toMatch(/2\.18 MB .* 3\.06 ms .* 0$/);
  });

  test('leaves out what no cell has', () => {
    const { id, accelerator, queuePairs, load, stateBytes } = fixtureCell('sec', 1, 'idle');
    const table = resultTable(fixtureResult({ cells: [{ id, accelerator, queuePairs, load, stateBytes }] }));
    expect(table).toContain('136 kB');
    expect(table).not.toContain('downtime');
  });

  test('its legend explains each kind', () => {
    expect(legend().split('\n')).toHaveLength(4);
  });
});

describe('the summary', () => {
  test('names the worst cell and the part that dominates', () => {
    const summary = summaryOf(fixtureResult());
    expect(summary).toMatch(stating('longest', 'hpre', '64 queue pairs', 'saturated'));
    expect(summary).toContain('42 % of it is drain');
  });

  test('says when tasks were lost, and when the run was cut short', () => {
    const cell = { ...fixtureCell('zip', 1, 'half'), lostTasks: { value: 2, unit: 'tasks', kind: 'exact' as const } };
    const summary = summaryOf(fixtureResult({ cells: [cell], interrupted: true }));
    expect(summary).toContain('2 tasks were LOST');
    expect(summary).toContain('interrupted');
  });

  test('has nothing to say about nothing', () => {
    expect(summaryOf(fixtureResult({ cells: [] }))).toBe('Nothing was measured.');
  });
});

test('numbers have three digits and a prefix', () => {
  expect(formatValue(0, 'ns')).toBe('0 ns');
  expect(formatValue(999, 'ns')).toBe('999 ns');
  expect(formatValue(1_234_567, 'ns')).toBe('1.23 ms');
  expect(formatValue(2.5e9, 'B/s')).toBe('2.5 GB/s');
  expect(formatValue(12_345, '/s')).toBe('12.3 k/s');
  expect(formatValue(1.256, 'x')).toBe('1.26x');
  expect(formatValue(3, 'tasks')).toBe('3 tasks');
  expect(formatWithRange({ value: 2000, unit: 'ns', kind: 'measured', low: 1000, high: 3000 })).toBe(
    '2 µs (1 µs to 3 µs)',
  );
});

test('a paragraph is broken between words', () => {
  expect(wrap('aa bb cc dd', 5)).toBe('aa bb\ncc dd');
  expect(wrap('longer-than-that x', 5)).toBe('longer-than-that\nx');
});

describe('progress', () => {
  test('elsewhere than on a terminal is a line every couple of seconds, with the time left', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const progress = lineProgress(
      (line) => lines.push(line),
      () => nowMs,
    );
    for (let done = 0; done <= 10; done++) {
      progress.update(done, 10, `cell ${done}`);
      nowMs += 500;
    }
    expect(lines).toEqual(['0/10: cell 0', '4/10, about 3 s left: cell 4', '8/10, about 1 s left: cell 8']);
  });

  test('long waits are given in minutes', () => {
    expect(timeLeft(60_000, 1, 6)).toBe('about 5 min left');
    expect(timeLeft(60_000, 6, 6)).toBe('');
  });
});
