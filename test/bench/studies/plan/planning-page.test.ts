/**
 * The output that docs/planning.md shows is what the commands print.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { packageRoot } from '../../../../bench/io/package-root.ts';
import { expectShown, stepsOf } from '../../../page-examples.ts';
import { stopcopy } from '../../command.ts';

const PAGE = readFileSync(join(packageRoot(), 'docs', 'planning.md'), 'utf8');
const EXAMPLES = stepsOf(PAGE).filter((step) => step.does === 'run');

test('the page has examples', () => {
  expect(EXAMPLES.map(({ command }) => command.split(' ')[1])).toEqual([
    'link',
    'vfs-per-vm',
    'converge-nova',
    'empty-host',
    'moves-per-host',
  ]);
});

test.each(EXAMPLES)('$command', async ({ command, shown }) => {
  const folder = mkdtempSync(join(tmpdir(), 'stopcopy-page-'));
  try {
    const words = command.split(' ');
    const out = join(folder, 'plan.json');
    if (words.includes('--sweep')) words.push('--threads', '1', '--out', out);
    const { status, stdout } = await stopcopy(...words);
    expect(status).toBe(0);
    // The last line of a sweep is the name of its document.
    expectShown(stdout.replace(`\n${out}\n`, ''), shown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
