import { expect, test } from 'vitest';

import { plotsOf } from '../../../bench/documents/bench/plots.ts';
import { formatValue } from '../../../bench/show/format.ts';
import type { BenchResult } from '../../../bench/documents/bench/result.ts';
import { measured } from '../../../bench/measure/statistics.ts';
import { LEAF_PARTS, WALL_PARTS } from '../../../sim/base/pause-parts.ts';
import { fixtureResult } from '../fixture.ts';

/** A result in which each part of the wall downtime took a time of its own. */
function withAllParts(): BenchResult {
  const result = fixtureResult();
  const parts = WALL_PARTS.map((name, index) => ({ name, p50: measured(1_000 * 2 ** index, 'ns') }));
  return {
    ...result,
    cells: result.cells.map((cell) =>
      cell.wallDowntimeNs === undefined ? cell : { ...cell, wallDowntimeNs: { ...cell.wallDowntimeNs, parts } },
    ),
  };
}

/** Rows of the table of a plot, its head first. */
function tableOf(result: BenchResult, id: string): readonly (readonly string[])[] {
  const plot = plotsOf(result, 'r').find(({ text }) => text.includes(`id="${id}"`));
  const rows = [...(plot?.text ?? '').matchAll(/<tr>(.*?)<\/tr>/gs)];
  return rows.map(([, row = '']) => Array.from(row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs), ([, cell = '']) => cell));
}

test('parts are measured and modelled by the same definitions: what lies between save and load is the transfer', () => {
  const result = withAllParts();
  const [head = [], ...rows] = tableOf(result, 'r-parts');
  const [detailHead = [], ...details] = tableOf(result, 'r-transfer');
  const worlds = rows.map((row) => row[head.indexOf('world')]);
  expect(new Set(worlds)).toEqual(new Set(['measured', 'modelled']));
  expect(head).not.toContain(LEAF_PARTS.gather.title);
  const names = ['gather', 'checksum', 'handOver', 'validate', 'scatter'] as const;
  expect(detailHead.slice(3)).toEqual(names.map((name) => LEAF_PARTS[name].title));
  const cells = result.cells.filter(({ wallDowntimeNs }) => wallDowntimeNs !== undefined);
  expect(details).toHaveLength(cells.length);
  const above = rows.filter((_, index) => worlds[index] === 'measured');
  cells.forEach((cell, index) => {
    const parts = cell.wallDowntimeNs!.parts.filter(({ name }) => (names as readonly string[]).includes(name));
    expect(parts).toHaveLength(5);
    const transferNs = parts.reduce((sum, { p50 }) => sum + p50.value, 0);
    expect(above[index]![head.indexOf('transfer')]).toBe(formatValue(transferNs, 'ns'));
  });
});
