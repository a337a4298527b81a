/**
 * The output that docs/planning.md shows is what the commands print.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { buildProgram } from '../../../bench/cli/program.ts';
import { packageRoot } from '../../../bench/package-root.ts';
import { captured } from '../captured.ts';

const PAGE = readFileSync(join(packageRoot(), 'docs', 'planning.md'), 'utf8');
const EXAMPLES = Array.from(PAGE.matchAll(/^ {4}npx stopcopy (.+)\n\n```\n([\s\S]*?)^```/gm), ([, command, shown]) => ({
  command: command!,
  shown: shown!.trimEnd().split('\n'),
}));

test('the page has examples', () => {
  expect(EXAMPLES.map(({ command }) => command.split(' ')[1])).toEqual([
    'line',
    'converge-nova',
    'empty-host',
    'moves-per-host',
  ]);
});

test.each(EXAMPLES)(
  '$command',
  async ({ command, shown }) => {
    const folder = mkdtempSync(join(tmpdir(), 'stopcopy-page-'));
    try {
      const { output, stdout } = captured(false);
      const program = buildProgram({ output, signal: new AbortController().signal, exit: () => undefined });
      const words = command.split(' ');
      if (words.includes('--sweep')) words.push('--threads', '1', '--out', join(folder, 'plan.json'));
      await program.parseAsync(words, { from: 'user' });
      const printed = stdout().split('\n');
      let from = 0;
      let free = false;
      for (const line of shown) {
        if (line === '…') {
          free = true;
          continue;
        }
        const at = free ? printed.indexOf(line, from) : from;
        // A line that is missing is told with what stands there.
        expect([line, ...(printed[at] === line ? [] : printed.slice(from, from + 3))]).toEqual([line]);
        from = at + 1;
        free = false;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
