/**
 * The lanes of the tests. A test file falls into one by what it reaches through its imports, at any depth: whatever can start
 * a program runs in `programs`, whatever can start a thread or open a socket in `threads`, and all else, which only computes,
 * in `fast`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const LANES = ['fast', 'threads', 'programs'] as const;
export type Lane = (typeof LANES)[number];

/**
 * Files of the fast lane that try much whatever the effort, and that `npm run test:fast` leaves to `npm test`, so that it takes
 * less than a minute of CPU.
 */
export const UNHURRIED: readonly string[] = [
  'test/bench/measure/suites/designs.test.ts',
  'test/bench/measure/suites/engine.test.ts',
  'test/bench/studies/upgrade/upgrade.test.ts',
  'test/conformance/traces.test.ts',
  'test/sim/fleet/answer.test.ts',
  'test/sim/fleet/fields.test.ts',
  'test/sim/fleet/verified-bounds.test.ts',
  'test/sim/fleet/vm-fields.test.ts',
  'test/sim/fleet/vm-trials.test.ts',
  'test/sim/move/failures.test.ts',
  'test/sim/scenario/fields.test.ts',
  'test/sim/workload/queueing/against-theory.test.ts',
  'test/sim/world/interleaved-failures.test.ts',
];

/** The first lane of which a module is reached; `fast` when there is none. */
const REACHED: readonly (readonly [lane: Lane, modules: readonly string[]])[] = [
  ['programs', ['node:child_process', 'playwright-core']],
  ['threads', ['node:worker_threads', 'piscina', 'node:net', 'node:v8']],
];

/** Imports and re-exports of values, static and dynamic, and modules loaded by URL. Those of types are gone when a test runs. */
const IMPORT =
  /^(?:import|export)\s+(?!type\b)[^;'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|\bnew URL\(\s*['"](\.[^'"]+)['"]/gm;

/** @returns modules that a file imports: absolute paths of files, names of packages */
function importsOf(file: string, text: string): string[] {
  return Array.from(text.matchAll(IMPORT), (match) => match.slice(1).find((name) => name !== undefined) ?? '').map(
    (name) => (name.startsWith('.') ? resolve(dirname(file), name) : name),
  );
}

/** @param read text of a file, undefined when there is no such file */
export function laneOf(file: string, read: (file: string) => string | undefined): Lane {
  const reached = new Set([file]);
  // A set that grows while it is walked is walked to its end.
  for (const each of reached) {
    const text = each.endsWith('.ts') ? read(each) : undefined;
    for (const module of text === undefined ? [] : importsOf(each, text)) reached.add(module);
  }
  return REACHED.find(([, modules]) => modules.some((module) => reached.has(module)))?.[0] ?? 'fast';
}

/** The test files below a folder, by lane: paths from the folder's parent. */
export function testsByLane(root: string, folder = 'test'): Readonly<Record<Lane, readonly string[]>> {
  const texts = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, existsSync(file) ? readFileSync(file, 'utf8') : undefined);
    return texts.get(file);
  };
  const found: Record<Lane, string[]> = { fast: [], threads: [], programs: [] };
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).toSorted()) {
    const path = `${folder}/${name.replaceAll('\\', '/')}`;
    if (path.endsWith('.test.ts')) found[laneOf(join(root, path), read)].push(path);
  }
  return found;
}
