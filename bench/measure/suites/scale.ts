/**
 * The suite `scale`: what one more VF costs on the same PF thread, moves of all VFs at once through pools of several
 * sizes and over several PFs, and saves sent to a pool alone and in batches.
 */
import type { Piscina } from 'piscina';

import { ACCELERATORS } from '../../../sim/abi/accelerators.ts';
import { QUEUES_TOTAL } from '../../../sim/abi/vft.ts';
import { bug } from '../../../sim/base/bug.ts';
import type { RealWorld } from '../../../workers/real-world.ts';
import { nowNs } from '../../../workers/wall-clock.ts';
import type { Figure } from '../../show/figure.ts';
import { exact, measured, medianFigure, percentile, ratioInTurn } from '../statistics.ts';
import { KIND_DEFAULT, openWorld, withMeasurer } from './measuring.ts';
import type { ScaleMeasurement, ScaleTask } from './scale-measure.ts';
import type { SuiteColumn, SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';

type Kind = (typeof KIND_DEFAULT)[number];

export interface ScaleEffort {
  readonly vfs: readonly number[];
  readonly turns: number;
  readonly seconds: number;
  /** VFs, threads of each pool and PFs of the moves at once. */
  readonly fleets: readonly { readonly vfs: number; readonly threads: number; readonly pfs: number }[];
  /** Times that all VFs move. */
  readonly moves: number;
  readonly batches: readonly number[];
  /** Tasks of each batch size. */
  readonly tasks: number;
}

const FULL: ScaleEffort = {
  vfs: [2, 8, 32, 63],
  turns: 51,
  seconds: 0.01,
  fleets: [
    { vfs: 1, threads: 1, pfs: 1 },
    { vfs: 8, threads: 1, pfs: 1 },
    { vfs: 63, threads: 1, pfs: 1 },
    { vfs: 63, threads: 2, pfs: 1 },
    { vfs: 63, threads: 4, pfs: 1 },
    { vfs: 32, threads: 1, pfs: 2 },
  ],
  moves: 8,
  batches: [1, 8, 64],
  tasks: 60,
};
const QUICK: ScaleEffort = {
  vfs: [63],
  turns: 11,
  seconds: 0.01,
  fleets: [
    { vfs: 1, threads: 1, pfs: 1 },
    { vfs: 63, threads: 1, pfs: 1 },
    { vfs: 63, threads: 2, pfs: 1 },
  ],
  moves: 3,
  batches: [1, 64],
  tasks: 20,
};

const COLUMNS: readonly SuiteColumn[] = [
  { name: 'perVfNs', title: 'per VF\np50' },
  { name: 'p99Ns', title: 'p99\n' },
  { name: 'floorNs', title: 'floor\np50' },
  { name: 'ratio', title: '/ floor\n' },
  { name: 'copyRatio', title: 'copies:\n/ floor' },
  { name: 'copiedPerByte', title: 'copied\nper byte' },
  { name: 'garbage', title: 'garbage\nper call' },
  { name: 'firstNs', title: 'first\ndone' },
  { name: 'lastNs', title: 'last\ndone' },
];

const QUEUE_PAIRS_DEFAULT = 2;

export async function runScale(
  options: SuiteOptions,
  effort: ScaleEffort = options.quick ? QUICK : FULL,
): Promise<SuiteReport> {
  const rows: SuiteRow[] = [];
  const queuePairs = options.queuePairs?.[0] ?? QUEUE_PAIRS_DEFAULT;
  const aborted = (): boolean => options.signal?.aborted === true;
  for (const kind of options.accelerators ?? KIND_DEFAULT) {
    const most = Math.floor((QUEUES_TOTAL - ACCELERATORS[kind].pfDefaultQueues) / queuePairs);
    for (const vfs of effort.vfs) {
      if (!aborted() && vfs <= most) rows.push(await savesOf(options, kind, queuePairs, vfs, effort));
    }
    const one = effort.fleets[0] ?? bug('SCALE_FLEETS');
    let floorNs: readonly number[] = [];
    for (const fleet of effort.fleets) {
      if (aborted() || fleet.vfs > most) continue;
      const rounds = await movesOf(options, kind, queuePairs, fleet, effort.moves);
      if (fleet === one) floorNs = rounds.map(({ perVfNs }) => perVfNs);
      rows.push(movesRow(kind, fleet, rounds, floorNs));
    }
    if (!aborted()) rows.push(...(await batchesOf(options, kind, queuePairs, effort)));
  }
  return {
    suite: 'scale',
    title: `VFs with ${queuePairs} queue pairs on the threads of their PFs, and what pools and batches make of it`,
    columns: COLUMNS,
    rows,
    remarks: [
      {
        about: 'save',
        lines: ['one thread saves VF after VF; floor: saves of the only VF of another PF, and copies alike, in turn'],
      },
      {
        about: 'move',
        lines: [
          'all VFs move at once; per VF is the time until the last has moved, shared by all',
          'p99, first and last are from the order to the end of a move; floor: one VF alone',
        ],
      },
      { about: 'task', lines: ['saves in one task of a pool, per save; floor: a task that does nothing, in turn'] },
    ],
    costs: [],
  };
}

async function savesOf(
  options: SuiteOptions,
  kind: Kind,
  queuePairs: number,
  vfs: number,
  { turns, seconds }: ScaleEffort,
): Promise<SuiteRow> {
  const worlds: RealWorld[] = [];
  try {
    for (const vms of [1, vfs]) worlds.push(await openWorld(options, { kind, queuePairs, vms }));
    const [one, many] = worlds as [RealWorld, RealWorld];
    const { oneNs, manyNs, oneCopyNs, manyCopyNs, ...counted } = await withMeasurer(
      'scale-measure',
      options.signal,
      (pool) => {
        const task: ScaleTask = { worlds: [one.init, many.init], turns, seconds };
        return pool.run(task, { name: 'measureScale' }) as Promise<ScaleMeasurement>;
      },
    );
    return {
      at: { what: 'save', device: kind, vfs, threads: 1, pfs: 1, batch: 1 },
      figures: {
        perVfNs: medianFigure(manyNs, 'ns'),
        p99Ns: measured(percentile(manyNs, 0.99), 'ns'),
        floorNs: medianFigure(oneNs, 'ns'),
        ratio: ratioInTurn(manyNs, oneNs),
        copyRatio: ratioInTurn(manyCopyNs, oneCopyNs),
        // Header and prefix are written, not copied.
        copiedPerByte: exact(Number((counted.copiedBytes / counted.frameBytes).toFixed(3)), ''),
        garbage: measured(counted.allocation.bytes, 'B'),
        survivors: measured(counted.allocation.survivingBytes, 'B'),
      },
    };
  } finally {
    for (const world of worlds) await world.close();
  }
}

interface MoveRound {
  readonly perVfNs: number;
  /** From the order until each VF had moved. */
  readonly latenciesNs: readonly number[];
}

type Fleet = ScaleEffort['fleets'][number];

async function movesOf(
  options: SuiteOptions,
  kind: Kind,
  queuePairs: number,
  { vfs, threads, pfs }: Fleet,
  moves: number,
): Promise<readonly MoveRound[]> {
  const worlds: RealWorld[] = [];
  try {
    for (let pf = 0; pf < pfs; pf++) worlds.push(await openWorld(options, { kind, queuePairs, vms: vfs, threads }));
    const rounds: MoveRound[] = [];
    // The first pass warms the code of all threads up.
    for (let round = -1; round < moves && options.signal?.aborted !== true; round++) {
      const startNs = nowNs();
      const latenciesNs = await Promise.all(
        worlds.flatMap((world) =>
          Array.from({ length: vfs }, async (_, vm) => {
            const outcome = await world.migrate(vm, Math.abs(round % 2));
            if (outcome.kind !== 'moved') return bug('BENCH_MIGRATION', outcome.reason);
            return nowNs() - startNs;
          }),
        ),
      );
      if (round >= 0) rounds.push({ perVfNs: (nowNs() - startNs) / latenciesNs.length, latenciesNs });
    }
    return rounds;
  } finally {
    for (const world of worlds) await world.close();
  }
}

function movesRow(kind: Kind, fleet: Fleet, rounds: readonly MoveRound[], floorNs: readonly number[]): SuiteRow {
  const { vfs, threads, pfs } = fleet;
  const perVfNs = rounds.map((round) => round.perVfNs);
  const count = Math.min(perVfNs.length, floorNs.length);
  const ends = (pick: (...values: number[]) => number): Figure =>
    medianFigure(
      rounds.map(({ latenciesNs }) => pick(...latenciesNs)),
      'ns',
    );
  return {
    at: { what: 'move', device: kind, vfs: vfs * pfs, threads, pfs, batch: 1 },
    figures: {
      perVfNs: medianFigure(perVfNs, 'ns'),
      p99Ns: measured(
        percentile(
          rounds.flatMap(({ latenciesNs }) => latenciesNs),
          0.99,
        ),
        'ns',
      ),
      floorNs: medianFigure(floorNs, 'ns'),
      ratio: ratioInTurn(perVfNs.slice(0, count), floorNs.slice(0, count)),
      firstNs: ends(Math.min),
      lastNs: ends(Math.max),
    },
  };
}

/** Batches of each size and empty tasks, in turn. */
async function batchesOf(
  options: SuiteOptions,
  kind: Kind,
  queuePairs: number,
  { batches, tasks }: ScaleEffort,
): Promise<readonly SuiteRow[]> {
  const world = await openWorld(options, { kind, queuePairs, vms: 1 });
  try {
    return await withMeasurer('scale-measure', options.signal, async (pool) => {
      const runs = batches.map(() => ({ perSaveNs: [] as number[], firstNs: [] as number[], lastNs: [] as number[] }));
      const emptyNs: number[] = [];
      for (let turn = -2; turn < tasks && options.signal?.aborted !== true; turn++) {
        const noneNs = await timeTask(pool, 'empty', undefined);
        if (turn >= 0) emptyNs.push(noneNs.tookNs);
        for (const [index, vfs] of batches.entries()) {
          const { startNs, tookNs, result } = await timeTask(pool, 'saveBatch', { world: world.init, vfs });
          if (turn < 0) continue;
          const doneNs = result as number[];
          const run = runs[index]!;
          run.perSaveNs.push(tookNs / vfs);
          run.firstNs.push(doneNs[0]! - startNs);
          run.lastNs.push(tookNs);
        }
      }
      return batches.map((batch, index): SuiteRow => {
        const { perSaveNs, firstNs, lastNs } = runs[index]!;
        return {
          at: { what: 'task', device: kind, vfs: 1, threads: 1, pfs: 1, batch },
          figures: {
            saves: exact(batch, 'saves'),
            perVfNs: medianFigure(perSaveNs, 'ns'),
            p99Ns: measured(percentile(lastNs, 0.99), 'ns'),
            floorNs: medianFigure(emptyNs, 'ns'),
            ratio: ratioInTurn(perSaveNs, emptyNs),
            firstNs: medianFigure(firstNs, 'ns'),
            lastNs: medianFigure(lastNs, 'ns'),
          },
        };
      });
    });
  } finally {
    await world.close();
  }
}

interface TimedTask {
  readonly startNs: number;
  readonly tookNs: number;
  readonly result: unknown;
}

async function timeTask(pool: Piscina, name: string, task: unknown): Promise<TimedTask> {
  const startNs = nowNs();
  const result: unknown = await pool.run(task, { name });
  return { startNs, tookNs: nowNs() - startNs, result };
}
