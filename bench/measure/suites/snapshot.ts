/**
 * The suite `snapshot`: the stages of a save and a restore, each against a bare copy, a bare checksum or bare round trips of
 * the same run.
 */
import type { Piscina } from 'piscina';

import type { AcceleratorKind } from '../../../sim/abi/accelerators.ts';
import { HANDOVER } from '../../../workers/lane/handover-words.ts';
import { publish } from '../../../workers/lane/waiting.ts';
import type { WorldInit } from '../../../workers/lane/world-init.ts';
import { measured, percentile } from '../statistics.ts';
import { HANDOVERS_OVER, type HandoverTask } from './handover-measure.ts';
import { floorRemarks, KIND_DEFAULT, openWorld, STAGE_COLUMNS, stageFigures, withMeasurer } from './measuring.ts';
import { refuseTooManyQueues } from './queue-limit.ts';
import type { StageMeasurement, StageTask } from './stage.ts';
import type { SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';

export interface SnapshotEffort {
  readonly queuePairs: readonly number[];
  readonly turns: number;
  readonly seconds: number;
  readonly moves: number;
}

const FULL: SnapshotEffort = { queuePairs: [1, 64], turns: 31, seconds: 0.006, moves: 101 };
const QUICK: SnapshotEffort = { queuePairs: [64], turns: 11, seconds: 0.004, moves: 31 };

/** Handovers that are timed for each move of the other stages: they are short. */
const HANDOVERS_PER_MOVE = 4;

export async function runSnapshot(
  options: SuiteOptions,
  effort: SnapshotEffort = options.quick ? QUICK : FULL,
): Promise<SuiteReport> {
  const kinds = options.accelerators ?? KIND_DEFAULT;
  const pairs = options.queuePairs ?? effort.queuePairs;
  refuseTooManyQueues(kinds, pairs);
  const rows: SuiteRow[] = [];
  const seen: StageMeasurement[] = [];
  for (const kind of kinds) {
    for (const queuePairs of pairs) {
      if (options.signal?.aborted === true) continue;
      const stages = await measure(options, { kind, queuePairs }, effort);
      seen.push(...stages);
      for (const stage of stages) {
        rows.push({
          at: { stage: stage.stage, device: kind, queuePairs },
          figures: { ...stageFigures(stage), ...partsFigures(stage, stages) },
        });
      }
    }
  }
  return {
    suite: 'snapshot',
    title: 'Stages of a save and of a restore between shared buffers, each measured in turn with its floor',
    columns: [...STAGE_COLUMNS, { name: 'partsNs', title: 'parts\nalone' }],
    rows,
    remarks: floorRemarks(seen),
    costs: [],
  };
}

async function measure(
  options: SuiteOptions,
  at: { readonly kind: AcceleratorKind; readonly queuePairs: number },
  { turns, seconds, moves }: SnapshotEffort,
): Promise<readonly StageMeasurement[]> {
  const world = await openWorld(options, { ...at, vms: 1 });
  try {
    return await withMeasurer('stage-measure', options.signal, async (pool) => {
      const task: StageTask = { world: world.init, turns, seconds, moves };
      const stages = (await pool.run(task, { name: 'measureStages' })) as readonly StageMeasurement[];
      return [...stages, await handOvers(pool, options, world.init, moves)];
    });
  } finally {
    await world.close();
  }
}

/** The handover needs a second thread, which answers. */
async function handOvers(
  pool: Piscina,
  options: SuiteOptions,
  world: WorldInit,
  moves: number,
): Promise<StageMeasurement> {
  return withMeasurer('stage-measure', options.signal, async (answering) => {
    const answered = answering.run(world, { name: 'answerHandovers' });
    const task: HandoverTask = { world, batches: moves * HANDOVERS_PER_MOVE };
    try {
      return (await pool.run(task, { name: 'measureHandover' })) as StageMeasurement;
    } finally {
      publish(new Int32Array(world.slots[0]!.handover), HANDOVER.ready, HANDOVERS_OVER);
      await answered;
    }
  });
}

/** What the parts of a whole take when each is measured alone, by the medians of this run. */
function partsFigures({ parts }: StageMeasurement, stages: readonly StageMeasurement[]): SuiteRow['figures'] {
  if (parts === undefined) return {};
  const medians = parts.map((name) => percentile(stages.find(({ stage }) => stage === name)?.ns ?? [], 0.5));
  return {
    partsNs: measured(
      medians.reduce((sum, ns) => sum + ns, 0),
      'ns',
    ),
  };
}
