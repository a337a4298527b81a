/**
 * Where the code of threads and of other processes is. In a build their files are in the folder of the asking one. Sources that run
 * themselves, as in tests, take them from the build of the package: Node cannot start a thread with TypeScript.
 */
import { Worker } from 'node:worker_threads';

/** Root of the package; of no use in a build, where it is `dist`. */
const ROOT = new URL('../../', import.meta.url).href;

/**
 * @param from import.meta.url of the asking module
 * @param name path of the file from there, without its ending
 */
export function builtUrl(from: string, name: string): URL {
  const place = from.endsWith('.ts') ? `${ROOT}dist/${from.slice(ROOT.length)}` : from;
  return new URL(`${name}.js`, place);
}

/** Piscina options that make a pool's threads load a module. */
export interface PoolModule {
  readonly filename: string;
  readonly execArgv: string[];
}

/**
 * Piscina tries require() on a module first. Where that can load ES modules, a thread that is ended meanwhile takes the whole
 * process with it ("IsGraphAsync must be used on an instantiated module", Node 20.20); import() does not.
 */
const NO_REQUIRE = '--no-experimental-require-module';

/** The module that a pool's threads load; see {@link builtUrl}. */
export function poolModule(from: string, name: string): PoolModule {
  return { filename: builtUrl(from, name).href, execArgv: [NO_REQUIRE] };
}

/** Starts a worker thread with the file of that name; see {@link builtUrl}. */
export function startWorker(from: string, name: string, workerData: unknown): Worker {
  return new Worker(builtUrl(from, name), { workerData });
}
