/**
 * Does what the tutorials tell their readers to do, in order, and holds what they show against what is printed.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { packageRoot } from '../bench/package-root.ts';
import { doStep, stepsOf } from './page-examples.ts';

const ROOT = packageRoot();
/** Of a tutorial: each command with its exit status. */
type Statuses = readonly (readonly [command: string, status: number])[];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stopcopy-tutorial-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function follow(name: string, tree: string): Statuses {
  return stepsOf(readFileSync(join(ROOT, 'docs', name), 'utf8')).flatMap((step) => {
    const status = doStep(step, folder, tree);
    return step.does === 'run' ? [[step.command, status ?? -1] as const] : [];
  });
}

test('docs/tutorial-driver.md, whose change is made in a copy of the sources', { timeout: 300_000 }, () => {
  for (const part of ['sim', 'workers', 'bench', 'traces', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  expect(follow('tutorial-driver.md', folder)).toEqual([
    ['verify traces/plain-stop-copy.upstream-2026.json', 0],
    ['run idle-vf', 0],
    ['bench --suite designs --driver linux-6.12.117 --queue-pairs 64', 0],
    ['verify traces/plain-stop-copy.upstream-2026.json', 1],
    ['compare --exact', 5],
  ]);
});
