/**
 * Keeps true what docs/converge.md repeats: its commands, tables of policies, classes and fields, and its example.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { packageRoot } from '../bench/io/package-root.ts';
import { keysOf } from '../sim/base/keys.ts';
import { POLICIES, POLICY_NAMES } from '../sim/converge/policies.ts';
import { convergeQuestionSchema } from '../sim/converge/question.ts';
import { workloadsSchema } from '../sim/converge/workload-class.ts';
import { stopcopyAt } from './bench/command.ts';
import { doStep, stepsOf } from './page-examples.ts';

const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
const PAGE = read('docs/converge.md');

/** Cells of the rows of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return Array.from(section.matchAll(/^\|(.*)\|$/gm), ([, row = '']) =>
    row.split('|').map((cell) => cell.replaceAll('`', '').trim()),
  ).slice(2);
}

test('its commands print what stands below them', async () => {
  const steps = stepsOf(PAGE);
  expect(steps).toHaveLength(1);
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-converge-page-'));
  try {
    for (const step of steps) expect(await doStep(step, folder, (words) => stopcopyAt(folder, ...words))).toBe(0);
    cpSync(join(packageRoot(), 'sim/converge/examples/patient.mjs'), join(folder, 'patient.mjs'));
    const [, line = ''] = /^ {4}npx stopcopy (converge .*patient\.mjs.*)$/m.exec(PAGE) ?? [];
    const { status, stdout } = await stopcopyAt(folder, ...line.split(' '));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^.patient +\d/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('its example is the one that ships', () => {
  expect(/^```js\n([\s\S]*?)^```/m.exec(PAGE)?.[1]).toBe(read('sim/converge/examples/patient.mjs'));
});

test('it has every policy, and every class with its basis', () => {
  expect(rowsUnder('Policies').map(([name]) => name)).toEqual([...POLICY_NAMES]);
  const { classes } = workloadsSchema.parse(parse(read('sim/converge/classes.yaml')));
  expect(rowsUnder('Classes').map(([name, basis]) => [name, basis])).toEqual(
    Object.entries(classes).map(([name, { basis }]) => [name, basis]),
  );
});

test('it has every field of the question', () => {
  expect(rowsUnder('The question').map(([name]) => name)).toEqual(keysOf(convergeQuestionSchema.shape));
});

test('each policy has a source and the date of it', () => {
  for (const name of POLICY_NAMES) {
    expect(POLICIES[name].source).toMatch(/[0-9a-f]{9}|\d+\.\d+/);
    expect(POLICIES[name].date).toMatch(/^2026-\d\d-\d\d$/);
  }
});
