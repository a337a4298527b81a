/**
 * Searches a driver generation for bugs: blocks of runs on a pool of threads, what was found traced to its cause and shrunk, or
 * one run of a finding played again.
 */
import { availableParallelism } from 'node:os';

import { UserError } from '../../../sim/base/user-error.ts';
import { bug } from '../../../sim/base/bug.ts';
import { type Cause, causeOf, FIXED_IDS, unfixed } from '../../../sim/check/causes.ts';
import { hexOf } from '../../../sim/check/choices.ts';
import { play } from '../../../sim/check/play.ts';
import { mergeBlocks } from '../../../sim/check/search.ts';
import { shrink } from '../../../sim/check/shrink.ts';
import {
  DEFAULT_GENERATION,
  type Generation,
  GENERATION_IDS,
  type GenerationId,
  GENERATIONS,
} from '../../../sim/driver/generation.ts';
import { HAZARD_IDS, type HazardId } from '../../../sim/driver/hazards.ts';
import { blockOf, CHECK_CELL, type CheckCell, type CheckValue } from '../../../workers/pools/check-cell.ts';
import { dataVersion, jobSet } from '../../../workers/pools/job-key.ts';
import { JobResults, valueOf } from '../../../workers/pools/job-results.ts';
import { InThreadRunner, type JobRunner } from '../../../workers/pools/job-runner.ts';
import { PoolRunner } from '../../../workers/pools/pool-runner.ts';
import type { CheckedGeneration, ShownFinding } from '../../documents/check/document.ts';
import type { CommandIo } from '../../io/command-io.ts';
import { packageVersion } from '../../io/package-root.ts';

export interface CheckOptions {
  /** Default: the newest. `all`: every generation, for the matrix. */
  readonly generation?: GenerationId | 'all';
  /** Bugs whose fixes are taken back. */
  readonly unfix?: readonly HazardId[];
  readonly runs: number;
  readonly seed: number;
  /** Default: as many as there are processors. */
  readonly threads?: number;
}

/** Runs of one cell: a part of a second. */
const CELL_RUNS = 250;

/** The generation that was asked for, with fixes taken back. */
function generationOf(id: GenerationId, unfix: readonly HazardId[]): Generation {
  for (const hazard of unfix) {
    if (FIXED_IDS.includes(hazard) && unfixed(GENERATIONS[id], [hazard]) !== null) continue;
    const allowed = HAZARD_IDS.filter((known) => FIXED_IDS.includes(known))
      .filter((known) => unfixed(GENERATIONS[id], [known]) !== null)
      .join(', ');
    throw new UserError('usage', `--unfix ${hazard}: no fact of a generation is this bug`, `Allowed is ${allowed}.`);
  }
  return unfixed(GENERATIONS[id], unfix) ?? GENERATIONS[id];
}

/** Searches one generation, or all of them. Equal options give equal results on any number of threads. */
export async function check(options: CheckOptions, io: CommandIo): Promise<readonly CheckedGeneration[]> {
  const { generation = DEFAULT_GENERATION, threads = availableParallelism(), runs } = options;
  const runner: JobRunner = threads === 1 || runs <= CELL_RUNS ? new InThreadRunner() : new PoolRunner({ threads });
  const ids = generation === 'all' ? GENERATION_IDS : [generation];
  const checked: CheckedGeneration[] = [];
  try {
    for (const id of ids) {
      if (io.signal.aborted) break;
      checked.push(await checkOne(id, options, runner, io));
    }
  } finally {
    await runner.close();
  }
  return checked;
}

async function checkOne(
  id: GenerationId,
  { unfix = [], runs, seed, generation: asked }: CheckOptions,
  runner: JobRunner,
  { output, signal }: CommandIo,
): Promise<CheckedGeneration> {
  const generation = generationOf(id, unfix);
  const cells = Array.from({ length: Math.ceil(runs / CELL_RUNS) }, (_, i): CheckCell => {
    return { from: i * CELL_RUNS, count: Math.min(CELL_RUNS, runs - i * CELL_RUNS) };
  });
  const set = jobSet(CHECK_CELL, { question: { generation, seed }, data: dataVersion(packageVersion()) }, cells);
  const progress = output.progress();
  const results = new JobResults<CheckValue>();
  try {
    await runner.run(set, {
      results,
      signal,
      onCell: ({ done, total }) => progress.update(done, total, `${id}, blocks of ${CELL_RUNS} runs`),
    });
  } catch (error) {
    // What was found before a signal is shown all the same.
    if (!signal.aborted) throw error;
  }
  try {
    const done = set.cells.flatMap(({ key }) => results.get(key) ?? []);
    const merged = mergeBlocks(done.map((result) => blockOf(valueOf(result))));
    const findings = merged.hits.map(({ bytes, finding, cause, run }, i): ShownFinding => {
      progress.update(i, merged.hits.length, `${id}, findings made shorter`);
      // A matrix shows no time lines.
      const isLeft = asked === 'all' || signal.aborted;
      return { ...replay(generation, isLeft ? bytes : shrink(generation, bytes, finding).bytes, cause), firstRun: run };
    });
    const { calls, withFinding } = merged;
    return { generation: id, unfixed: unfix, seed, runs: merged.runs, calls, withFinding, findings };
  } finally {
    progress.stop();
  }
}

function replay(generation: Generation, bytes: Uint8Array, cause: Cause): ShownFinding {
  const { finding, steps, hash, calls } = play(generation, bytes, { keepsSteps: true });
  if (finding === null) return bug('CHECK_REPLAY', hexOf(bytes));
  return { ...finding, cause, calls, hash, replay: hexOf(bytes), steps: steps ?? [] };
}

/** Plays the run of a finding again; in another generation it may find nothing. */
export function replayOne(id: GenerationId, unfix: readonly HazardId[], bytes: Uint8Array): CheckedGeneration {
  const generation = generationOf(id, unfix);
  const { finding, calls } = play(generation, bytes);
  const findings = finding === null ? [] : [replay(generation, bytes, causeOf(generation, bytes, finding))];
  return { generation: id, unfixed: unfix, seed: null, runs: 1, calls, withFinding: findings.length, findings };
}
