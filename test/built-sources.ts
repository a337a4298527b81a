/**
 * Lets tests import the sources of the product from `dist/`, as users run them: the build has done the work once that each test
 * file would do again.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Folders of sources that the build compiles, file by file. */
const COMPILED = /^(?:sim|workers|bench)\//;
const SOURCES = ['sim', 'workers', 'bench', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
/** What the build writes last. A build that failed has none. */
const LAST = 'dist/bench/ui/client.bundle.js';

/** When something at or below a path was last changed, in ms. A folder changes when a file of it goes or comes. */
function changedMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedMs(join(path, name))));
}

/** Paths of what the build makes: Node loads it as it is. */
export const BUILT_CODE = /\/dist\/(?:sim|workers|bench)\//;

/** Whether `dist/` is what the sources are. @param root folder of the package */
export function isBuilt(root: string): boolean {
  const last = join(root, LAST);
  return existsSync(last) && statSync(last).mtimeMs >= Math.max(...SOURCES.map((name) => changedMs(join(root, name))));
}

/** The module that the build made of a source; undefined where there is none, as of what it puts into a bundle. */
export function builtOf(root: string, importer: string, imported: string): string | undefined {
  if (!imported.startsWith('.') || !imported.endsWith('.ts')) return undefined;
  const source = relative(root, resolve(dirname(importer), imported)).replaceAll('\\', '/');
  if (!COMPILED.test(source)) return undefined;
  const built = join(root, 'dist', source.replace(/\.ts$/, '.js'));
  return existsSync(built) ? built : undefined;
}
