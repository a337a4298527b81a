import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { PlanDocument } from '../../../bench/documents/plan/document.ts';
import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { lanesOf } from '../../../bench/documents/plan/schedule-section.ts';
import { readSection } from '../../../bench/documents/kinds.ts';
import { sectionsPage } from '../../../bench/show/page.ts';
import { answered, evacuationOfRacks } from './documents.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-schedule-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pageOf(document: unknown): string {
  const path = join(folder, 'plan.json');
  writeFileSync(path, JSON.stringify(document));
  return sectionsPage([readSection(path)]);
}

function figureOf(document: unknown): string {
  return /<figure id="r0-schedule".*?<\/figure>/s.exec(pageOf(document))?.[0] ?? '';
}

function rowsOf(figure: string): readonly (readonly string[])[] {
  const body = /<tbody>.*<\/tbody>/s.exec(figure)?.[0] ?? '';
  return [...body.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map((cell) => cell[1]!),
  );
}

/** Left edges and widths of the rectangles of a colour, in the chart for a desk. */
function barsOf(figure: string, colour: string): readonly (readonly [x: number, width: number])[] {
  const [wide = ''] = /<div class="on-wide">.*?<\/div>/s.exec(figure) ?? [];
  return [...wide.matchAll(/<path d="M([\d.]+) [\d.]+l([\d.]+) [^"]*" fill="var\(--(\w+)\)"/g)].flatMap((match) =>
    match[3] === colour ? [[Number(match[1]), Number(match[2])] as const] : [],
  );
}

describe('a host that is emptied', () => {
  let document: PlanDocument;
  let figure: string;
  beforeAll(() => {
    document = answered('empty-host');
    figure = figureOf(document);
  });

  test('has a bar for each move, where it begins and as long as it takes', () => {
    const { moves, totalNs } = document.answer.schedule!;
    expect(moves).toHaveLength(15);
    const pixels = (ns: number): number => (892 * ns) / totalNs;
    for (const [vm, colour] of [
      ['small', 'c1'],
      ['large', 'c3'],
    ] as const) {
      const bars = barsOf(figure, colour).toSorted((a, b) => a[0] - b[0]);
      const own = moves!.filter((move) => move.vm === vm).toSorted((a, b) => a.startNs - b.startNs);
      expect(bars).toHaveLength(own.length);
      for (const [index, { startNs, endNs }] of own.entries()) {
        expect(Math.abs(bars[index]![0] - 64 - pixels(startNs))).toBeLessThan(1);
        expect(Math.abs(bars[index]![1] - pixels(endNs - startNs))).toBeLessThan(2);
      }
    }
    // At the end of each the VM is paused.
    expect(barsOf(figure, 'ink')).toHaveLength(15);
  });

  test('has a table of all its moves, and says what kind its figures are', () => {
    const rows = rowsOf(figure);
    expect(rows).toHaveLength(15);
    expect(new Set(rows.map(([host, , , , , , end]) => `${host} ${end}`))).toEqual(new Set(['host 1 moved']));
    expect(figure).toMatch(/class="source" id="[^"]+">\s*modelled, with nominal parameters/);
  });

  test('with a fate that nobody knows is refused', () => {
    const wrong = structuredClone(document) as unknown as { answer: { schedule: { moves: { fate: string }[] } } };
    wrong.answer.schedule.moves[2]!.fate = 'lost';
    expect(() => pageOf(wrong)).toThrow('answer.schedule.moves[2].fate');
  });

  test('shows a move that was given up in a colour of its own', () => {
    const given = structuredClone(document) as unknown as { answer: { schedule: { moves: { fate: string }[] } } };
    given.answer.schedule.moves[2]!.fate = 'time-out';
    const changed = figureOf(given);
    expect(barsOf(changed, 'c9')).toHaveLength(1);
    expect(/<ul class="legend">.*?<\/ul>/s.exec(changed)?.[0]).toContain('time-out');
    expect(figure).not.toContain('time-out');
  });
});

test('without room for any VM nothing is drawn', () => {
  const asked = readQuestion('empty-host').question as unknown as { fleet: { room: object } };
  const { fleet } = asked;
  const full = answered('empty-host', { fleet: { ...fleet, room: { ...fleet.room, vfs: 0 } } });
  expect(full.answer.schedule?.leftBehind).toBe(15);
  expect(figureOf(full)).toBe('');
});

test('many moves are strips: a row for each rack, and never more at once than the limit of the cluster', () => {
  const document = evacuationOfRacks();
  const { moves, groups, leftBehind } = document.answer.schedule!;
  expect([moves, leftBehind]).toEqual([null, 0]);
  const figure = figureOf(document);
  const rows = rowsOf(figure);
  expect(rows.map(([name, hosts, vms]) => [name, hosts, vms])).toEqual([
    ['rack 1', '20', '300'],
    ['rack 2', '20', '300'],
    ['rack 3', '20', '300'],
  ]);
  for (const row of rows) expect(Number(row[5])).toBeLessThanOrEqual(5);
  const covered = barsOf(figure, 'c1').reduce((sum, [, width]) => sum + width, 0);
  const busy = groups!.of.flatMap(({ atOnce }) => atOnce).filter((mean) => mean > 0).length;
  // The strips begin at 140 and end 24 before 980; each slice is a hundredth of that.
  expect(Math.abs(covered / (816 / 100) - busy)).toBeLessThan(3);
});

describe('lanes', () => {
  test('hold one move at a time, and as few are taken as can be', () => {
    const moves = [
      { host: 7, startNs: 0, endNs: 10 },
      { host: 2, startNs: 5, endNs: 6 },
      { host: 7, startNs: 4, endNs: 20 },
      { host: 7, startNs: 10, endNs: 30 },
      { host: 7, startNs: 25, endNs: 40 },
    ];
    expect(lanesOf(moves.map((move) => ({ ...move, hostName: `host ${move.host}` })))).toEqual({
      names: ['host 2', 'host 7', ''],
      lanes: [1, 0, 2, 1, 2],
    });
  });

  test('of a whole rack: no two moves of a lane overlap', () => {
    const moves = answered('empty-rack').answer.schedule!.moves!;
    const { names, lanes } = lanesOf(moves);
    for (const lane of names.keys()) {
      const own = moves.filter((_, index) => lanes[index] === lane).toSorted((a, b) => a.startNs - b.startNs);
      expect(own.length).toBeGreaterThan(0);
      for (const [index, move] of own.entries()) {
        expect(move.startNs).toBeGreaterThanOrEqual(own[index - 1]?.endNs ?? 0);
      }
    }
  });
});
