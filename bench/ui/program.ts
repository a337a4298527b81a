/**
 * The program of the page: the build bundles bench/ui/client into one file; from the sources it is bundled on the spot.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bug } from '../../sim/base/bug.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));

export async function uiProgram(): Promise<string> {
  const built = join(FOLDER, 'client.bundle.js');
  if (existsSync(built)) return readFileSync(built, 'utf8');
  const { build } = await import('esbuild');
  const entry = join(FOLDER, 'client', 'main-thread.ts');
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? bug('UI_BUNDLE', entry);
}
