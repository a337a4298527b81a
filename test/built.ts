/**
 * What test/build.ts builds, for tests that start threads or programs of their own.
 */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

import { packageRoot } from '../bench/io/package-root.ts';

/** @param source path of a module's source, without the ending */
export function builtModule(source: string): string {
  return pathToFileURL(join(packageRoot(), 'dist', `${source}.js`)).href;
}
