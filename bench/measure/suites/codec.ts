/**
 * The suite `codec`: writing and reading a frame's header, against msgpackr with the same header.
 */
import { floorRemarks, KIND_DEFAULT, openWorld, STAGE_COLUMNS, stageFigures, withMeasurer } from './measuring.ts';
import type { StageMeasurement } from './stage.ts';
import type { SuiteOptions, SuiteReport, SuiteRow } from '../../documents/suites/document.ts';

export interface CodecEffort {
  /** Queue sections of the headers. */
  readonly sections: readonly number[];
  readonly turns: number;
  readonly seconds: number;
}

const FULL: CodecEffort = { sections: [0, 5], turns: 31, seconds: 0.004 };
const QUICK: CodecEffort = { sections: [0, 5], turns: 11, seconds: 0.002 };

export async function runCodec(
  options: SuiteOptions,
  { sections, turns, seconds }: CodecEffort = options.quick ? QUICK : FULL,
): Promise<SuiteReport> {
  const rows: SuiteRow[] = [];
  const seen: StageMeasurement[] = [];
  for (const kind of options.accelerators ?? KIND_DEFAULT) {
    const world = await openWorld(options, { kind, vms: 1, queuePairs: options.queuePairs?.[0] ?? 1 });
    try {
      await withMeasurer('stage-measure', options.signal, async (pool) => {
        for (const count of sections) {
          if (options.signal?.aborted === true) return;
          const task = { world: world.init, turns, seconds, moves: 0, sections: count };
          const stages = (await pool.run(task, { name: 'measureCodec' })) as readonly StageMeasurement[];
          seen.push(...stages);
          for (const stage of stages) {
            rows.push({ at: { stage: stage.stage, device: kind, sections: count }, figures: stageFigures(stage) });
          }
        }
      });
    } finally {
      await world.close();
    }
  }
  return {
    suite: 'codec',
    title: 'Header and prefix of a frame with a register image and no queue bytes, measured in turn with msgpackr',
    columns: STAGE_COLUMNS,
    rows,
    remarks: floorRemarks(seen),
    costs: [],
  };
}
