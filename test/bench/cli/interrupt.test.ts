import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { builtModule } from '../../built.ts';

const CHILD = fileURLToPath(new URL('./interrupt-child.mjs', import.meta.url));

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s asks at first, and ends the process with %i the second time', async (name, status) => {
  const child = spawn(process.execPath, [CHILD, builtModule('bench/cli/interrupt')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    // At `ready`, and again when the abort signal has been heard.
    if (line !== 'stopping') child.kill(name);
  }
  expect(lines).toEqual(['ready', 'stopping', 'Interrupted: interrupted']);
  expect(await exit).toEqual([status, null]);
});
