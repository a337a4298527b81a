/**
 * Moves with the driver of each generation, as VMMs drive it: PRE_COPY is asked only of a driver whose flags have it.
 */
import { describe, expect, test } from 'vitest';

import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../../../sim/abi/vf-data.ts';
import { MIG_FLAG } from '../../../sim/abi/vfio.ts';
import { GENERATION_IDS, type GenerationId, GENERATIONS } from '../../../sim/driver/generation.ts';
import { hasHazard } from '../../../sim/driver/hazards.ts';
import { type MoveOptions, runMoves } from '../../../sim/move/move.ts';
import { plan, SMALL } from '../scenario/rig.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { Rig } from '../world/rig.ts';

/** As QEMU moves a VF, and as VMMs without pre-copy of devices do. */
const MANNERS = {
  'match data ahead': { preCopy: true, loadsAtStart: true },
  'all in the pause': { preCopy: false },
} as const satisfies Readonly<Record<string, Partial<MoveOptions>>>;

const hasPreCopy = (generation: GenerationId): boolean => (GENERATIONS[generation].flags & MIG_FLAG.PRE_COPY) !== 0;

describe.each(Object.entries(MANNERS))('with %s', (_, manners) => {
  test.each(GENERATION_IDS)('a busy VF moves there and back with %s, and its queues are served', (generation) => {
    const goesAhead = manners.preCopy && hasPreCopy(generation);
    // An image that goes in pieces is torn where files copy from their start (R5).
    const isTorn = goesAhead && hasHazard(generation, 'R5');
    const rig = new Rig({ generation, load: 'saturated' });
    rig.pass(0.5);
    for (let turn = 0; turn < 2; turn++) {
      const images: number[] = [];
      const move = rig.moveOf(rig.vms[0]!, (image) => images.push(image.length), manners);
      const [outcome] = runMoves(rig.world, [move]);
      expect({ generation, outcome }).toMatchObject({
        outcome: { kind: 'moved', guestAt: 'destination', at: '', vfs: ['served'] },
      });
      expect(images).toEqual(goesAhead ? [QM_MATCH_BYTES, ACC_VF_DATA_BYTES] : [ACC_VF_DATA_BYTES]);
      // Nothing before the stop but RESUMING, where nothing goes ahead.
      expect(outcome!.spans.some(({ part }) => part === 'matchData')).toBe(goesAhead);
      rig.pass(1);
      if (isTorn) break;
    }
    const { ok, outstanding, accepted, completed } = rig.finish()[0]!;
    expect({ generation, served: ok && outstanding === 0 }).toEqual({ generation, served: !isTorn });
    expect(completed === accepted).toBe(!isTorn);
    expect(accepted).toBeGreaterThan(0);
  });
});

test.each(GENERATION_IDS)('a scenario in which QEMU moves a VF with %s ends with the VM moved', (driver) => {
  const [vf] = SMALL.devices;
  const { kind, pauseNs, devices } = runScenario(plan({ devices: [{ ...vf, driver, load: 'half' }] }), 'point').vms[0]!;
  expect({ kind, at: devices.outcome.at, vfs: devices.outcome.vfs }).toEqual({
    kind: 'moved',
    at: '',
    vfs: ['served'],
  });
  expect(pauseNs).toBeGreaterThan(0);
  const isTorn = hasPreCopy(driver) && hasHazard(driver, 'R5');
  expect(devices.reports.map(({ ok }) => ok)).toEqual([!isTorn]);
});
