import { describe, expect, test } from 'vitest';

import { ACCELERATOR_KINDS } from '../../../sim/abi/accelerators.ts';
import { VF_REG } from '../../../sim/abi/registers.ts';
import { ACC_VF_DATA_BYTES, QM_MATCH_BYTES } from '../../../sim/abi/vf-data.ts';
import { highCosts, lowCosts, pointCosts } from '../../../sim/device/costs.ts';
import { DOWNTIME_VIEW, type DowntimePart, pausePartsNs } from '../../../sim/base/pause-parts.ts';
import type { MoveOutcome } from '../../../sim/move/move.ts';
import { LOAD_NAMES } from '../../../sim/workload/load.ts';
import { completedBy, DRIVERS, LINK, Rig, type RigOptions } from '../world/rig.ts';

interface Moved extends MoveOutcome {
  readonly partsNs: Readonly<Record<DowntimePart, number>>;
}

function moved(outcome: MoveOutcome): Moved {
  expect(outcome).toMatchObject({ kind: 'moved', guestAt: 'destination', at: '', errno: '', vfs: ['served'] });
  return { ...outcome, partsNs: pausePartsNs(outcome.pause!, DOWNTIME_VIEW) };
}

const MODES = ['finish', 'hold'] as const;
const CASES = DRIVERS.flatMap((driver) =>
  ACCELERATOR_KINDS.flatMap((kind) =>
    MODES.flatMap((inFlight) => LOAD_NAMES.map((load) => ({ ...driver, kind, inFlight, load }))),
  ),
);

test.each(CASES)(
  '$generation on hardware $hardware moves an $load $kind VM there and back, $inFlight: nothing lost, in order',
  (options) => {
    // Tasks that outlast the pause command, so that some are always in service when it comes.
    const rig = new Rig({ ...options, engine: { servers: 3, serviceNs: 45_000 } });
    rig.pass(0.5);
    let before = completedBy(rig.vms[0]!);
    for (let turn = 0; turn < 4; turn++) {
      const outcome = moved(rig.move());
      expect(Object.values(outcome.partsNs).reduce((sum, ns) => sum + ns, 0)).toBeCloseTo(outcome.pauseNs, 3);
      expect(rig.vms[0]!.slot.host).toBe(rig.hosts[1 - (turn % 2)]);
      rig.pass(1.5);
      const after = completedBy(rig.vms[0]!);
      expect(after > before).toBe(options.load !== 'idle');
      before = after;
    }
    const [report] = rig.finish();
    expect(report).toMatchObject({ ok: true, outstanding: 0 });
    expect(report!.completed).toBe(report!.accepted);
  },
);

describe('the parts of the downtime', () => {
  test('begin with the stop of the vCPUs and end with their start, each of its full length', () => {
    const rig = new Rig({ load: 'idle' });
    const { partsNs } = moved(rig.move());
    expect([partsNs.vcpuStop, partsNs.vcpuStart]).toEqual([rig.costs.vcpuStopNs, rig.costs.vcpuStartNs]);
  });

  test('hold four status reads when nothing is wrong', () => {
    const rig = new Rig({ load: 'idle' });
    expect(moved(rig.move()).partsNs.statusChecks).toBeCloseTo(4 * rig.costs.mmioReadNs, 3);
  });

  test('send the image and the queue structures over the link', () => {
    const rig = new Rig({ load: 'idle' });
    const outcome = moved(rig.move());
    const bytes = ACC_VF_DATA_BYTES + rig.vms[0]!.layout.sectionBytes;
    expect(outcome.sentBytes).toBe(bytes);
    expect(outcome.partsNs.transfer).toBeCloseTo(LINK.latencyNs + (bytes * 8) / LINK.gigabitsPerSecond, 3);
  });

  test.each([1, 7])('start %i queue pairs with one doorbell each, after two message registers', (queuePairs) => {
    const rig = new Rig({ load: 'idle', queuePairs });
    const { syscallNs, mmioWriteNs, doorbellNs } = rig.costs;
    expect(moved(rig.move()).partsNs.start).toBeCloseTo(syscallNs + 2 * mmioWriteNs + queuePairs * doorbellNs, 3);
  });

  test('wait for the tasks in service when the pause lets them finish, and not when it holds them', () => {
    const pauseNs = MODES.map((inFlight) => {
      const rig = new Rig({ inFlight, engine: { servers: 2, serviceNs: 700_000 } });
      rig.pass(1);
      return moved(rig.move()).partsNs.pauseAndDrain;
    });
    expect(pauseNs[0]).toBeGreaterThan(2 * pauseNs[1]!);
    expect(pauseNs[1]).toBeLessThan(100_000);
  });
});

test('each queue with work has a pause no shorter than the downtime', () => {
  const rig = new Rig({ load: 'saturated' });
  rig.pass(1);
  const { pauseNs: downtimeNs } = moved(rig.move());
  rig.pass(1);
  for (const pauseNs of rig.vms[0]!.pauseNs) expect(pauseNs).toBeGreaterThanOrEqual(downtimeNs);
});

test('an open load is put off by the pause, not piled up', () => {
  const rig = new Rig({ load: 'half' });
  rig.pass(5);
  const { guest } = rig.vms[0]!;
  const rate = guest.totalAccepted() / 5;
  const before = guest.totalAccepted();
  const { pauseNs: downtimeNs } = moved(rig.move());
  expect(downtimeNs).toBeGreaterThan(1e6);
  // What was accepted came while the destination was made ready, before the pause; a pile of 2 ms would be hundreds.
  expect(guest.totalAccepted() - before).toBeLessThan(rate * 0.5);
});

test.each(DRIVERS)(
  '$generation on hardware $hardware: low costs make a migration cheaper, high ones dearer',
  (driver) => {
    const downtimes = [lowCosts(), pointCosts(), highCosts()].map((costs) => {
      const rig = new Rig({ ...driver, costs, load: 'half' });
      rig.pass(1);
      return moved(rig.move()).pauseNs;
    });
    expect(downtimes[0]).toBeLessThan(downtimes[1]!);
    expect(downtimes[1]).toBeLessThan(downtimes[2]!);
  },
);

describe.each(DRIVERS)('a guest without a driver, $generation on hardware $hardware', (driver) => {
  const withoutDriver = (): Rig => {
    const rig = new Rig({ ...driver, booted: false });
    for (const { accelerator } of rig.hosts) {
      accelerator.faults.vfStateAtReset = 1;
      accelerator.resetFunction(1, rig.nowNs);
    }
    return rig;
  };

  test('moves as 40 bytes, after the full millisecond that its driver is given', () => {
    const rig = withoutDriver();
    const seen: number[] = [];
    const outcome = moved(rig.move(rig.vms[0], (image) => seen.push(image.length)));
    expect(seen).toEqual([QM_MATCH_BYTES]);
    expect(outcome.partsNs.save).toBeGreaterThanOrEqual(1e6);
  });

  test('leaves the registers of its destination alone', () => {
    const rig = withoutDriver();
    const { accelerator } = rig.hosts[1];
    accelerator.write32(1, VF_REG.QM_VF_EQ_INT_MASK, 1, rig.nowNs);
    moved(rig.move());
    const read = (offset: number): number => accelerator.read32(1, offset, rig.nowNs);
    expect([read(VF_REG.QM_VF_STATE), read(VF_REG.QM_VF_EQ_INT_MASK)]).toEqual([1, 1]);
  });
});

test('a VM can be moved again by a host that it came from, with its VF closed and opened in between', () => {
  const options: RigOptions = { generation: 'upstream-2026', load: 'half' };
  const rig = new Rig(options);
  for (let turn = 0; turn < 4; turn++) {
    const left = rig.vms[0]!.slot;
    moved(rig.move());
    left.vfio.close();
    expect(left.vfio.open()).toBe(0);
    rig.pass(1);
  }
  expect(rig.finish()[0]).toMatchObject({ ok: true, outstanding: 0 });
});
