/**
 * Keeps docs/designs.md true: its tables are what the comparison computes and what the sources hold, and the sections that
 * sources cite exist.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { formatWithRange } from '../bench/show/format.ts';
import { runDesigns } from '../bench/measure/suites/designs.ts';
import { ACCELERATORS } from '../sim/abi/accelerators.ts';
import { V1_REG, V1_WIDTH } from '../sim/abi/vfio-v1.ts';
import { COST } from '../sim/device/costs.ts';
import { RFC_SNAPSHOT_IDS, RFC_SNAPSHOTS, type RfcSnapshot } from '../sim/driver/rfc-snapshot.ts';
import { DESIGN_IDS } from '../sim/designs/compare.ts';
import { pfPermissions } from '../sim/designs/pf-gate.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = readFileSync(join(ROOT, 'docs/designs.md'), 'utf8');

/** Cells of all table rows, without backticks. */
const ROWS: readonly (readonly string[])[] = Array.from(PAGE.matchAll(/^\|(.*)\|$/gm), ([, row = '']) =>
  row.split('|').map((cell) => cell.replaceAll('`', '').trim()),
);

const report = runDesigns({
  quick: false,
  driver: 'linux-6.12.117',
  accelerators: undefined,
  queuePairs: [2, 64],
});

describe('the table of section 6', () => {
  test('has the figures that the command prints', () => {
    const told = ROWS.filter(([id = '', , ...rest]) => DESIGN_IDS.some((known) => known === id) && rest.length > 1);
    const computed = report.rows.map(({ at, figures }) => [
      at['design'],
      String(at['queuePairs']),
      ...Object.values(figures).map((figure) =>
        figure.kind === 'exact' ? String(figure.value) : formatWithRange(figure),
      ),
    ]);
    expect(told).toEqual(computed);
  });

  test('is followed by the calls of each design', () => {
    const text = PAGE.replaceAll(/\s+/g, ' ');
    for (const { about, lines } of report.remarks) {
      const calls = lines[1]?.replace('calls with 64 queue pairs: ', '');
      const said = new RegExp(String.raw`${about}(?: and [-\w]+)? ${calls}`).test(text);
      expect([about, calls, said]).toEqual([about, calls, true]);
    }
  });

  test('is what the sentences below it say', () => {
    const figure = (id: string, name: string): number =>
      report.rows.find(({ at }) => at['design'] === id && at['queuePairs'] === 64)?.figures[name]?.value ?? Number.NaN;
    const ratio = figure('user-mapped', 'pauseNs') / figure('kernel-v2', 'pauseNs');
    expect(`${Math.round((ratio - 1) * 100)} %`).toBe('2 %');
    expect(PAGE).toContain('a difference of 2 %');
    expect(figure('user-mapped', 'systemCallsInPause')).toBe(2);
    expect(figure('kernel-v2', 'systemCallsInPause')).toBe(5);
    for (const name of ['wholeNs', 'systemCalls'] as const) {
      const sign = Math.sign(figure('kernel-v1-a', name) - figure('kernel-v2', name));
      expect([name, sign]).toEqual([name, name === 'wholeNs' ? -1 : 1]);
    }
  });

  test('rests on the cost of a system call that the page names', () => {
    const { ns, min, max, from } = COST.syscallNs;
    expect(PAGE.replaceAll(/\s+/g, ' ')).toContain(`\`syscallNs\`, ${ns} ns, ${min} to ${max / 1000} 000, ${from}`);
  });
});

test('with the other driver the shortest and the longest pause are of the same designs', () => {
  const orders = (['linux-6.12.117', 'upstream-2026'] as const).map((driver) =>
    runDesigns({ quick: false, driver, accelerators: undefined, queuePairs: [64] })
      .rows.toSorted((a, b) => a.figures['pauseNs']!.value - b.figures['pauseNs']!.value)
      .map(({ at }) => at['design']),
  );
  expect(orders[0]?.[0]).toBe('kernel-v2');
  expect(orders[1]?.[0]).toBe('kernel-v2');
  expect(orders.map((order) => order.at(-1))).toEqual(['user-syscalls', 'user-syscalls']);
});

test('the door to the PF knows as many registers as the page says', () => {
  const offsets = new Set(pfPermissions(ACCELERATORS.sec, 1).map(({ offset }) => offset));
  expect(offsets.size).toBe(11);
  expect(PAGE.match(/knows?\s+eleven/g)).toHaveLength(2);
});

test('the registers of section 3.1 are those of the tables', () => {
  const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const known = new Map(Object.entries(V1_REG).map(([name, offset]) => [snake(name), offset]));
  const told = ROWS.filter(([name = '', offset = '']) => known.has(name) && /^\d+$/.test(offset));
  const expected = Object.entries(V1_REG).map(([name, offset]) => [
    snake(name),
    String(offset),
    String(V1_WIDTH[name as keyof typeof V1_WIDTH]),
  ]);
  expect(told.map((row) => row.slice(0, 3))).toEqual(expected);
});

test('the facts of section 4 are those of the snapshots', () => {
  const facts = Object.keys(RFC_SNAPSHOTS[RFC_SNAPSHOT_IDS[0]!]);
  const told = ROWS.filter(([name = '']) => facts.includes(name));
  const held = facts.map((name) => [
    name,
    ...RFC_SNAPSHOT_IDS.map((id) => String(RFC_SNAPSHOTS[id][name as keyof RfcSnapshot])),
  ]);
  expect(told).toEqual(held);
});

test('every section that a source cites is there', () => {
  const headings = new Set(Array.from(PAGE.matchAll(/^#{2,3} (\d+(?:\.\d+)?) /gm), ([, number = '']) => number));
  const missing: string[] = [];
  for (const folder of ['sim', 'bench', 'test']) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((each) => each.endsWith('.ts'))) {
      const text = readFileSync(join(ROOT, folder, name), 'utf8').replaceAll(/\n\s*(?:\*|\/\/)?\s*/g, ' ');
      for (const [, list = ''] of text.matchAll(
        /docs\/designs\.md(?: sections?)? (\d[\d.]*(?:(?:,| and) \d[\d.]*)*)/g,
      )) {
        for (const cited of list.split(/,| and /)) {
          const number = cited.trim().replace(/\.$/, '');
          if (!headings.has(number)) missing.push(`${folder}/${name}: ${number}`);
        }
      }
    }
  }
  expect([...headings]).toContain('6');
  expect(missing).toEqual([]);
});
