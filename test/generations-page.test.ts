/**
 * docs/generations.md against the tables that it repeats.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import { changeWords, type Fact, FACT_NAMES, FACTS, RELEASES } from '../sim/driver/generation-facts.ts';
import { GENERATION_IDS } from '../sim/driver/generation.ts';
import { type Hazard, HAZARD_IDS, HAZARDS, hasHazard } from '../sim/driver/hazards.ts';

const PAGE = readFileSync(join(packageRoot(), 'docs', 'generations.md'), 'utf8');

/** Cells of the table after a heading, its head first, without backticks. */
function tableAfter(heading: string): string[][] {
  const from = PAGE.indexOf(`\n## ${heading}\n`);
  expect(from).toBeGreaterThan(0);
  const [table = ''] = /(?:^\|.*\|\n)+/m.exec(PAGE.slice(from)) ?? [];
  const rows = table.trimEnd().split('\n');
  return rows
    .filter((_, index) => index !== 1)
    .map((row) =>
      row
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) =>
          cell
            .replaceAll('`', '')
            .replaceAll(String.raw`\|`, '|')
            .trim(),
        ),
    );
}

test('lists the generations, oldest first, with their kernels', () => {
  const [, ...rows] = tableAfter('1 The generations');
  expect(rows.map(([id, covers]) => [id, covers])).toEqual(GENERATION_IDS.map((id) => [id, RELEASES[id].covers]));
  for (const [, , brought] of rows) expect(brought!.length).toBeGreaterThan(10);
});

test('has every fact with its history', () => {
  const [, ...rows] = tableAfter('2 What changed');
  expect(rows).toEqual(
    FACT_NAMES.map((name) => {
      const { what, words, first, changes }: Fact = FACTS[name];
      const since = changes.map((change) => `${changeWords(change)}: ${words[String(change.to)]}`);
      return [name, what, words[String(first)], since.join('; ')];
    }),
  );
});

test('has every bug and hazard, and which generations have it', () => {
  const [head, ...rows] = tableAfter('3 Bugs and hazards');
  expect(head!.slice(2, -1)).toEqual(GENERATION_IDS.map((id) => id.replace(/^(?:linux|upstream)-/, '')));
  expect(rows).toEqual(
    HAZARD_IDS.map((id) => {
      const { what, fixed }: Hazard = HAZARDS[id];
      const marks = GENERATION_IDS.map((generation) => (hasHazard(generation, id) ? 'x' : ''));
      return [id, what, ...marks, fixed === null ? '-' : changeWords(fixed)];
    }),
  );
});
