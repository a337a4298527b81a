import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { builtModule } from '../../built.ts';

const CHILD = fileURLToPath(new URL('./interrupt-child.mjs', import.meta.url));

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s asks at first, and ends the process with 130 the second time',
  async (name) => {
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
    expect(await exit).toEqual([130, null]);
  },
);
