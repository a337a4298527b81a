/**
 * That each test file runs, and in the lane of what it reaches.
 */
import { readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { packageRoot } from '../bench/io/package-root.ts';
import { LANES, laneOf, testsByLane, UNHURRIED } from './lanes.ts';

const REAL = testsByLane(packageRoot());

test('each test file is in one lane', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name.replaceAll('\\', '/')}`);
  expect(LANES.flatMap((lane) => REAL[lane]).toSorted()).toEqual(files.toSorted());
});

test.each([
  ['fast', 'test/sim/base/calendar.test.ts'],
  ['fast', 'test/tidy.test.ts'],
  ['threads', 'test/workers/real-world.test.ts'],
  ['programs', 'test/bench/cli/commands.test.ts'],
] as const)('%s has %s', (lane, file) => {
  expect(REAL[lane]).toContain(file);
});

test('what the fast lane leaves out when it is asked for alone is in it otherwise', () => {
  expect(UNHURRIED.filter((file) => !REAL.fast.includes(file))).toEqual([]);
});

/** Not written out where it is imported: there is no such file. */
const A = './a.ts';

test.each([
  ['what only computes', `import { a } from '${A}';`, '', 'fast'],
  ['a thread', "import { Worker } from 'node:worker_threads';", '', 'threads'],
  ['a program', "import { spawn } from 'node:child_process';", '', 'programs'],
  ['a thread at second hand', `import { a } from '${A}';`, "export * from 'piscina';", 'threads'],
  ['a program in a module that is loaded late', `await import('${A}');`, "import 'node:child_process';", 'programs'],
  ['a program rather than a thread', `import '${A}';\nimport 'node:net';`, "import 'playwright-core';", 'programs'],
  ['an import over several lines', `import {\n  b,\n  c,\n} from '${A}';`, "import net from 'node:net';", 'threads'],
  [
    'types only',
    `import type { Worker } from 'node:worker_threads';\nexport type { A } from '${A}';`,
    "import 'piscina';",
    'fast',
  ],
  ['a circle', `import '${A}';`, `import '${A}';`, 'fast'],
] as const)('%s', (_, importing, imported, lane) => {
  const texts: Readonly<Record<string, string>> = { '/x.test.ts': importing, '/a.ts': imported };
  expect(laneOf('/x.test.ts', (file) => texts[file])).toBe(lane);
});
