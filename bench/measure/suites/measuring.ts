/**
 * What the suites that measure have in common: a world, a thread that measures in it, and the rows made of stages.
 */
import { Piscina } from 'piscina';

import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import type { Load } from '../../../sim/workload/load.ts';
import { JOB_RATES, serviceNs } from '../../../sim/workload/rates.ts';
import { RealWorld, type RealWorldOptions } from '../../../workers/real-world.ts';
import type { WaitingPolicy } from '../../../workers/lane/waiting.ts';
import { poolModule } from '../../../workers/pools/worker-url.ts';
import type { Figure } from '../../show/figure.ts';
import { exact, measured, medianFigure, percentile, ratioInTurn } from '../statistics.ts';
import type { StageMeasurement } from './stage.ts';
import type { SuiteColumn, SuiteOptions } from '../../documents/suites/document.ts';

const SEED = 1;

export interface WorldShape {
  readonly kind: AcceleratorKind;
  readonly vms: number;
  readonly queuePairs: number;
  readonly load?: Load;
  readonly threads?: number;
  readonly waiting?: WaitingPolicy;
}

/** A world whose engine has the rate of its kind, with guests that do nothing unless said otherwise. */
export function openWorld(options: SuiteOptions, { kind, ...shape }: WorldShape): Promise<RealWorld> {
  const rate = JOB_RATES[kind];
  const world: RealWorldOptions = {
    load: { kind: 'idle' },
    ...shape,
    ...(options.limitMs === undefined ? {} : { limitMs: options.limitMs }),
    kind,
    generation: options.driver,
    seed: SEED,
    inFlight: 'finish',
    engine: { servers: rate.servers.value, serviceNs: serviceNs(rate) },
  };
  return RealWorld.open(world);
}

/** Runs something with a pool of one thread that has a module's tasks. An abort takes the thread away. */
export async function withMeasurer<T>(
  name: 'stage-measure' | 'scale-measure' | 'vf-measure',
  signal: AbortSignal | undefined,
  body: (pool: Piscina) => Promise<T>,
): Promise<T> {
  const pool = new Piscina({
    ...poolModule(import.meta.url, name),
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    stricterFIFO: true,
  });
  const abandon = (): void => void pool.destroy();
  signal?.addEventListener('abort', abandon, { once: true });
  try {
    return await body(pool);
  } finally {
    signal?.removeEventListener('abort', abandon);
    await pool.destroy();
  }
}

/** Columns of a table of stages. */
export const STAGE_COLUMNS: readonly SuiteColumn[] = [
  { name: 'bytes', title: 'bytes\n' },
  { name: 'p50Ns', title: 'p50\n' },
  { name: 'p99Ns', title: 'p99\n' },
  { name: 'floorNs', title: 'floor\np50' },
  { name: 'ratio', title: '/ floor\n' },
  { name: 'copies', title: 'copied\nper byte' },
  { name: 'waits', title: 'waits\n' },
  { name: 'garbage', title: 'garbage\nper call' },
  { name: 'survivors', title: 'of it\nsurviving' },
];

export function stageFigures(stage: StageMeasurement): Readonly<Record<string, Figure>> {
  const { ns, floorNs, bytes, copies, allocation, waits } = stage;
  return {
    ...(bytes === 0 ? {} : { bytes: exact(bytes, 'B') }),
    p50Ns: medianFigure(ns, 'ns'),
    p99Ns: measured(percentile(ns, 0.99), 'ns'),
    floorNs: medianFigure(floorNs, 'ns'),
    ratio: ratioInTurn(ns, floorNs),
    ...(copies === 0 ? {} : { copies: exact(copies, 'x') }),
    ...(waits === null ? {} : { waits: exact(waits, 'waits') }),
    ...(allocation === null
      ? {}
      : { garbage: measured(allocation.bytes, 'B'), survivors: measured(allocation.survivingBytes, 'B') }),
  };
}

/** What a floor is, for a person. */
export function floorRemarks(
  stages: readonly StageMeasurement[],
): readonly { readonly about: string; readonly lines: readonly string[] }[] {
  const names = new Map(stages.map(({ stage, floor }) => [stage, floor]));
  return Array.from(names, ([about, floor]) => ({ about, lines: [`floor: ${floor}`] }));
}

/** The accelerator whose VFs are measured, unless others are asked for: its entries are the longest. */
export const KIND_DEFAULT: readonly AcceleratorKind[] = ['zip'];
