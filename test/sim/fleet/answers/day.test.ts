/**
 * The tables of a day: every figure is that of the moves of the same record, and sums are whole.
 */
import { expect, test } from 'vitest';

import { readQuestion } from '../../../../bench/studies/plan/read-question.ts';
import { answer } from '../../../../sim/fleet/answer.ts';
import { shipped } from '../fixture.ts';

const question = { ...shipped('empty-rack', 'evacuate'), compareOrders: false };
const { schedule, tables, value } = answer(question, readQuestion('empty-rack').files, 'empty-rack', {
  tornado: false,
});
const moves = schedule!.moves!;

function rowsOf(title: string): readonly (readonly (string | number | null)[])[] {
  return tables.find((each) => each.title.startsWith(title))!.rows;
}

test('hosts are in the order in which they are empty, each with what its moves say', () => {
  const rows = rowsOf('Hosts, in the order');
  expect(rows).toHaveLength(20);
  expect(rows.map((row) => row[3])).toEqual(rows.map((row) => Number(row[3])).toSorted((a, b) => a - b));
  expect(rows.at(-1)![3]).toBe(value);
  for (const [name, vms, begins, empty, pause] of rows) {
    const own = moves.filter(({ host }) => name === `host ${host}`);
    expect({ name, vms, begins, empty, pause }).toEqual({
      name,
      vms: own.length,
      begins: Math.min(...own.map(({ startNs }) => startNs)),
      empty: Math.max(...own.map(({ endNs }) => endNs)),
      pause: Math.max(...own.map(({ pauseNs }) => pauseNs)),
    });
  }
});

test('the notice has every VM, with the pause that half of them have at most', () => {
  const rows = rowsOf('Notice for tenants');
  expect(rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(moves.length);
  for (const [name, vms, moved, from, until, pause, longPause, slower, longSlower] of rows) {
    const own = moves.filter(({ vm }) => vm === name);
    expect([vms, moved]).toEqual([own.length, own.length]);
    expect(from).toBe(Math.min(...own.map(({ startNs }) => startNs)));
    expect(own.filter(({ pauseNs }) => pauseNs <= Number(pause)).length).toBeGreaterThanOrEqual(own.length / 2);
    expect(own.filter(({ pauseNs }) => pauseNs < Number(pause)).length).toBeLessThan(own.length / 2);
    expect(Number(longPause)).toBeGreaterThanOrEqual(Number(pause));
    expect(Number(longSlower)).toBeGreaterThanOrEqual(Number(slower));
    expect(Number(until)).toBeGreaterThanOrEqual(Math.max(...own.map(({ endNs }) => endNs)));
  }
});

test('what one more saves is the difference of two times, or nothing with its reason', () => {
  const rows = rowsOf('What one more buys');
  expect(rows.map(([what]) => what)).toContain('one more move at once in the fleet');
  for (const [, then, saved, why] of rows) {
    expect(saved === null).toBe(why !== '');
    const sumNs = saved === null ? value! : Number(then) + Number(saved);
    expect(sumNs).toBeCloseTo(value!, -1);
  }
});
