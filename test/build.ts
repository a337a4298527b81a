/**
 * Before the tests that start threads or programs: builds `dist/` if a source is newer, so that they run what users run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { packageRoot } from '../bench/io/package-root.ts';
import { isBuilt } from './built-sources.ts';

const ROOT = packageRoot();

export default function setup(project: TestProject): void {
  project.onTestsRerun(build);
  build();
}

function build(): void {
  if (isBuilt(ROOT)) return;
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`dist/ cannot be built; threads and programs start from it:\n${stdout}`);
}
