import { describe, expect, test } from 'vitest';

import { ACC_VF_DATA_BYTES } from '../../../sim/abi/vf-data.ts';
import { DOWNTIME_VIEW, pausePartsNs } from '../../../sim/base/pause-parts.ts';
import { Link } from '../../../sim/move/link.ts';
import { leastGrowth } from '../../heap.ts';
import { DRIVERS, Rig } from './rig.ts';

/** All queues of a ZIP device that are for VFs, 960, shared by as many VFs as there can be. */
const FULL = { kind: 'zip', vms: 63, queuePairs: 15, load: 'saturated' } as const;

/** A command that the shared mailbox did not get to in the time that its driver gives it. */
const TOO_LATE = { kind: 'failed', at: 'destination RESUMING', errno: 'ETIMEDOUT', vfs: ['served'], pauseNs: 0 };

test.each(DRIVERS)('$generation on hardware $hardware: 63 saturated VMs move at once and lose nothing', (driver) => {
  const rig = new Rig({ ...FULL, ...driver });
  rig.pass(1);
  const outcomes = rig.moveAll();
  // They all pause their destinations at once, by the one mailbox; the old driver gives a command no more than 1 ms.
  const inTime =
    driver.generation === 'linux-6.12.117' ? Math.floor(1e6 / rig.costs.pauseBaseNs) : Number.POSITIVE_INFINITY;
  outcomes.forEach((outcome, vm) => {
    expect(outcome).toMatchObject(vm < inTime ? { kind: 'moved' } : TOO_LATE);
    expect(rig.vms[vm]!.slot.host).toBe(rig.hosts[outcome.kind === 'moved' ? 1 : 0]);
  });
  rig.pass(2);
  for (const report of rig.finish()) {
    expect(report).toMatchObject({ ok: true, outstanding: 0 });
    expect(report.completed).toBeGreaterThan(0);
  }
});

describe('VMs that move at once', () => {
  test('share a slow link first come first served: each waits for the one before', () => {
    const rig = new Rig({ vms: 8, load: 'idle', link: new Link(0.1, 0) });
    const outcomes = rig.moveAll();
    const transfers = outcomes.map(({ pause }) => pausePartsNs(pause!, DOWNTIME_VIEW).transfer);
    const wireNs = (8 / 0.1) * (ACC_VF_DATA_BYTES + rig.vms[0]!.layout.sectionBytes);
    expect(transfers[0]).toBeGreaterThanOrEqual(wireNs);
    for (let vm = 1; vm < 8; vm++) expect(transfers[vm]).toBeGreaterThan(transfers[vm - 1]! + wireNs / 2);
  });

  test('do not disturb one that fails, nor it them', () => {
    const rig = new Rig({ vms: 4 });
    rig.pass(1);
    rig.hosts[0].accelerator.faults.ifcStatus(3, 1);
    const outcomes = rig.moveAll();
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['moved', 'moved', 'failed', 'moved']);
    rig.pass(2);
    const reports = rig.finish();
    for (const vm of [0, 1, 3]) expect(reports[vm]).toMatchObject({ ok: true, outstanding: 0 });
  });
});

test('a thousand moves in a row forget nothing on the heap', async () => {
  const rig = new Rig({ queuePairs: 2, load: 'half', engine: { servers: 1, serviceNs: 50_000 } });
  const perMove = await leastGrowth(5, 200, () => {
    if (rig.move().kind !== 'moved') throw new Error('the VM did not move');
    rig.pass(0.1);
  });
  // A data file that is kept takes half a kilobyte: 176 bytes, its buffer, two views and the object.
  expect(perMove).toBeLessThan(400);
  expect(rig.finish()[0]).toMatchObject({ ok: true, outstanding: 0 });
});
