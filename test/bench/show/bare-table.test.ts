/**
 * Tables for the terminal fit a line, and lose nothing that --wide does not give back.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type BareColumn, bareTable, NARROW } from '../../../bench/show/bare-table.ts';
import { effort } from '../../effort.ts';

const column = fc.record({
  head: fc.stringMatching(/^[a-z]{1,12}$/),
  align: fc.constantFrom('left' as const, 'right' as const),
  detail: fc.nat(3),
});
const cell = fc.stringMatching(/^[a-z]{1,9}(?: [a-z]{1,9}){0,5}$/);
const tables = fc.uniqueArray(column, { minLength: 1, maxLength: 12, selector: ({ head }) => head }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(cell, { minLength: columns.length, maxLength: columns.length }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
);

function longest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}

test('shows each column once where all fit, else names those that --wide adds; --wide has all', () => {
  const property = fc.property(tables, ({ columns, rows }) => {
    const narrow = bareTable(columns, rows);
    const wide = bareTable(columns, rows, { wide: true });
    const added = /--wide adds (.*)\.$/.exec(narrow)?.[1]?.split(', ') ?? [];
    for (const name of columns.map(({ head }) => head)) {
      expect(words(wide)).toContain(name);
      expect([...words(narrow.replace(/--wide adds .*$/, '')), ...added]).toContain(name);
    }
    for (const name of added) expect(columns.find(({ head }) => head === name)!.detail).toBeGreaterThan(0);
    expect(added.length === 0 || longest(wide) > NARROW).toBe(true);
  });
  fc.assert(property, { numRuns: effort(30, 100, 10_000) });
});

test('is no wider than a line, with any number of columns', () => {
  const narrowCell = fc.stringMatching(/^\d{1,9} ms$/);
  const property = fc.property(fc.integer({ min: 1, max: 20 }), fc.array(narrowCell), (count, texts) => {
    const columns = Array.from({ length: count }, (_, i): BareColumn => ({ head: `c${i}`, align: 'right' }));
    const row = columns.map((_, i) => texts[i] ?? '1 ms');
    expect(longest(bareTable(columns, [row]))).toBeLessThanOrEqual(NARROW);
  });
  fc.assert(property, { numRuns: effort(30, 100, 10_000) });
});

test('drops the column with the greatest detail first, and wraps words before it splits', () => {
  const columns: readonly BareColumn[] = [
    { head: 'row', align: 'left' },
    { head: 'first', align: 'right', detail: 2 },
    { head: 'second\n[P]', align: 'right', detail: 1 },
  ];
  expect(bareTable(columns, [['a', '1'.repeat(80), '2'.repeat(80)]])).toBe(
    [
      'row' + ' '.repeat(76) + 'second',
      ' '.repeat(82) + '[P]',
      '-'.repeat(88),
      'a    ' + '2'.repeat(80),
      '--wide adds first.',
    ].join('\n'),
  );
  const text = bareTable([{ head: 'words', align: 'left' }], [['word '.repeat(30).trim()]]);
  expect(longest(text)).toBeLessThanOrEqual(NARROW);
  expect(text.match(/word\b/g)).toHaveLength(30);
});
