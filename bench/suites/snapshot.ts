/**
 * The suite `snapshot`: the stages of a save and a restore, each against a bare copy, a bare checksum or bare round trips of
 * the same run.
 */
import type { AcceleratorKind } from '../../sim/abi/accelerators.ts';
import { floorRemarks, KIND_DEFAULT, openWorld, STAGE_COLUMNS, stageFigures, withMeasurer } from './measuring.ts';
import { refuseTooManyQueues } from './queue-limit.ts';
import type { StageMeasurement, StageTask } from './stage-measure.ts';
import type { SuiteOptions, SuiteReport, SuiteRow } from './suite-report.ts';

export interface SnapshotEffort {
  readonly queuePairs: readonly number[];
  readonly turns: number;
  readonly seconds: number;
  readonly moves: number;
}

const FULL: SnapshotEffort = { queuePairs: [1, 64], turns: 31, seconds: 0.006, moves: 101 };
const QUICK: SnapshotEffort = { queuePairs: [64], turns: 11, seconds: 0.004, moves: 31 };

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
        rows.push({ at: { stage: stage.stage, device: kind, queuePairs }, figures: stageFigures(stage) });
      }
    }
  }
  return {
    suite: 'snapshot',
    title: 'Stages of a save and of a restore between shared buffers, each measured in turn with its floor',
    columns: STAGE_COLUMNS,
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
    return await withMeasurer('stage-measure', options.signal, (pool) => {
      const task: StageTask = { world: world.init, turns, seconds, moves };
      return pool.run(task, { name: 'measureStages' }) as Promise<readonly StageMeasurement[]>;
    });
  } finally {
    await world.close();
  }
}
