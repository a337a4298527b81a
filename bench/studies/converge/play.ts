/**
 * Every policy of a question played against every class over its seeds, on a pool of threads. The same seed is the same guest
 * for each policy, and the result does not depend on the number of threads.
 */
import { availableParallelism } from 'node:os';

import { keysOf } from '../../../sim/base/keys.ts';
import { type MoveColumns, moveColumns } from '../../../sim/converge/play.ts';
import { type PlayedClassSummary, summariseDraws } from '../../../sim/converge/draws-summary.ts';
import { guestsOfDraw } from '../../../sim/converge/question.ts';
import { summarise } from '../../../sim/converge/summary.ts';
import {
  CONVERGE_CELL,
  type ConvergeAsked,
  type ConvergeCell,
  type ConvergeValue,
} from '../../../workers/pools/converge-cell.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { type CellResult, valueOf } from '../../../workers/pools/job-results.ts';
import { InThreadRunner, type JobRunner } from '../../../workers/pools/job-runner.ts';
import { loadOwnPolicy } from '../../../workers/pools/own-modules.ts';
import { PoolRunner } from '../../../workers/pools/pool-runner.ts';
import { poolModule } from '../../../workers/pools/worker-url.ts';
import { type Place, placedRunner } from '../shards/placed-runner.ts';
import type { Output } from '../../io/output.ts';
import { packageVersion } from '../../io/package-root.ts';
import type { AskedPolicies } from './read-question.ts';

export interface ConvergeOptions {
  /** Where cells are run; default: all of them here. */
  readonly place?: Place;
  /** Default: as many as there are processors. */
  readonly threads?: number;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** What was played: summaries, and what they took. */
export interface PlayedConverge {
  readonly classes: readonly PlayedClassSummary[];
  readonly moves: number;
  /** Events of the engine: counted, so that they are the same on every machine. */
  readonly events: number;
}

/** Seeds of one cell. */
const CELL_SEEDS = 250;
/** Fewer moves are played sooner than a thread starts. */
const THREAD_MOVES = 3000;

/** @throws UserError of kind `input` for a user's policy that cannot be played */
export async function playConverge(asked: AskedPolicies, options: ConvergeOptions): Promise<PlayedConverge> {
  const { question, policies, classes, stream, devices, labels } = asked;
  for (const { module } of policies) if (module !== undefined) await loadOwnPolicy(module);
  const { seeds, seed, draws, horizon, prefer, faultEvery } = question;
  const given: ConvergeAsked = { classes, policies, stream, devices, horizonNs: horizon, seed, draws };
  const guests = guestsOfDraw(question);
  const cells = classes.flatMap((_, workload) => [
    ...Array.from({ length: Math.ceil(seeds / CELL_SEEDS) }, (__, block): ConvergeCell => {
      const from = block * CELL_SEEDS;
      return { workload, from, count: Math.min(CELL_SEEDS, seeds - from) };
    }),
    ...Array.from({ length: draws }, (__, draw): ConvergeCell => ({ workload, from: 0, count: guests, draw })),
  ]);
  const moves = classes.length * policies.length * (seeds + draws * guests);
  const results = await runCells(given, cells, moves, options);
  const values = results.map((result) => valueOf(result));
  const summaries = classes.map(({ name }, workload): PlayedClassSummary => {
    const columns = policies.map((_, policy) => merged(cells, values, workload, policy, seeds));
    const summary = summarise(name, labels, columns, prefer, faultEvery);
    const drawn = cells.flatMap((cell, i) =>
      cell.workload === workload && cell.draw !== undefined ? [values[i]!.columns] : [],
    );
    return { ...summary, drawn: draws === 0 ? null : summariseDraws(summary, columns, drawn, prefer) };
  });
  return { classes: summaries, moves, events: values.reduce((sum, { events }) => sum + events, 0) };
}

async function runCells(
  asked: ConvergeAsked,
  cells: readonly ConvergeCell[],
  moves: number,
  { threads = availableParallelism(), place, output, signal }: ConvergeOptions,
): Promise<readonly CellResult<ConvergeValue>[]> {
  const set = jobSet(CONVERGE_CELL, { question: asked, data: dataVersion(packageVersion()) }, cells);
  const here: JobRunner =
    threads === 1 || moves < THREAD_MOVES
      ? new InThreadRunner()
      : new PoolRunner({ threads, tasks: poolModule(import.meta.url, '../../../workers/pools/converge-tasks') });
  const runner = placedRunner(here, place);
  const progress = output.progress();
  try {
    return await runner.run(set, {
      signal,
      onCell: ({ index, done, total }) => progress.update(done, total, asked.classes[cells[index]!.workload]!.name),
    });
  } finally {
    progress.stop();
    await runner.close();
  }
}

/** The moves of one policy in one class, in the order of their seeds. */
function merged(
  cells: readonly ConvergeCell[],
  values: readonly ConvergeValue[],
  workload: number,
  policy: number,
  seeds: number,
): MoveColumns {
  const all = moveColumns(seeds);
  for (const [i, cell] of cells.entries()) {
    if (cell.workload !== workload || cell.draw !== undefined) continue;
    const part = values[i]!.columns[policy]!;
    for (const name of keysOf(all)) all[name].set(part[name], cell.from);
  }
  return all;
}
