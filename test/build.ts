/**
 * Before the tests that start threads or programs: builds `dist/` if a source is newer, so that they run what users run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { packageRoot } from '../bench/io/package-root.ts';

const ROOT = packageRoot();
const SOURCES = ['sim', 'workers', 'bench', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
/** What the build writes last. A build that failed has none. */
const LAST = join(ROOT, 'dist', 'bench', 'ui', 'client.bundle.js');

/** When something at or below a path was last changed, in ms. A folder changes when a file of it goes or comes. */
function changedMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedMs(join(path, name))));
}

export default function setup(project: TestProject): void {
  project.onTestsRerun(build);
  build();
}

function build(): void {
  const newestMs = Math.max(...SOURCES.map((name) => changedMs(join(ROOT, name))));
  if (existsSync(LAST) && statSync(LAST).mtimeMs >= newestMs) return;
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`dist/ cannot be built; threads and programs start from it:\n${stdout}`);
}
