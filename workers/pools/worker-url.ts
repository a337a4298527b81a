/**
 * Starting worker threads from sources as well as from a build: their files stand beside the asking one, with its ending.
 */
import { Worker } from 'node:worker_threads';

/** @param from import.meta.url of the asking module */
function fileUrl(from: string, name: string): string {
  return new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from).href;
}

/** Code that can import a TypeScript file: it registers the loader, a development dependency, before. */
function importSource(url: string): string {
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  return `import(${loader}).then(({ register }) => (register(), import(${JSON.stringify(url)})))`;
}

/** Piscina options that make a pool's threads load a module. */
export interface PoolModule {
  readonly filename: string;
  readonly execArgv: string[];
  readonly env?: Record<string, string>;
}

/**
 * Piscina tries require() on a module first. Where that can load ES modules, a thread that is ended meanwhile takes the whole
 * process with it ("IsGraphAsync must be used on an instantiated module", Node 20.20); import() does not.
 */
const NO_REQUIRE = '--no-experimental-require-module';

/**
 * The module that a pool's threads load.
 *
 * @param from import.meta.url of the asking module
 */
export function poolModule(from: string, name: string): PoolModule {
  const url = fileUrl(from, name);
  const execArgv = [NO_REQUIRE];
  if (!from.endsWith('.ts')) return { filename: url, execArgv };
  const env = { ...(process.env as Record<string, string>), STOPCOPY_POOL_MODULE: url };
  return { filename: new URL('./source-pool.mjs', import.meta.url).href, env, execArgv };
}

/** Starts a worker thread with the file of that name. */
export function startWorker(from: string, name: string, workerData: unknown): Worker {
  const url = fileUrl(from, name);
  if (!from.endsWith('.ts')) return new Worker(new URL(url), { workerData });
  return new Worker(importSource(url), { eval: true, workerData });
}
