/**
 * A move from or to a VF that offers no migration does not begin: the guest notices nothing.
 */
import { describe, expect, test } from 'vitest';

import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import type { MigrationRefusal } from '../../../sim/vfio/migration-refusal.ts';
import { completedBy, Rig } from '../world/rig.ts';

const REFUSAL: MigrationRefusal = { why: 'a switch port turns requests around', path: ['VF', 'port', 'VF'] };
const NONE: ReadonlyMap<number, MigrationRefusal> = new Map();
const FIRST: ReadonlyMap<number, MigrationRefusal> = new Map([[1, REFUSAL]]);
const ALL_DONE = { ok: true, lostTasks: 0, outstanding: 0 };

describe.each([
  ['source', [FIRST, NONE]],
  ['destination', [NONE, FIRST]],
] as const)('refused at the %s', (side, refusals) => {
  test.each(['half', 'saturated'] as const)('with load %s nothing is stopped, and no task is late or lost', (load) => {
    const rig = new Rig({ refusals, load });
    const undisturbed = new Rig({ load });
    rig.pass(2);
    undisturbed.pass(2);
    const vm = rig.vms[0]!;

    expect(rig.move()).toMatchObject({
      kind: 'failed',
      at: `${side} MIGRATION`,
      errno: 'ENOTTY',
      reason: 'the VF offers no migration: a switch port turns requests around; the way there: VF -> port -> VF',
      guestAt: 'source',
      vfs: ['served'],
      pauseNs: 0,
      pause: null,
    });

    expect([vm.running, vm.slot.host === rig.hosts[0]]).toEqual([true, true]);
    rig.pass(2);
    undisturbed.pass(2);
    // To the task and to the event: as if nobody had asked.
    expect(completedBy(vm)).toBe(completedBy(undisturbed.vms[0]!));
    expect([rig.nowNs, rig.world.eventCount, rig.world.hash.value]).toEqual([
      undisturbed.nowNs,
      undisturbed.world.eventCount,
      undisturbed.world.hash.value,
    ]);
    expect(rig.finish()).toMatchObject([ALL_DONE]);
  });

  test('the destination was not touched', () => {
    const rig = new Rig({ refusals });
    rig.pass(1);
    rig.move();
    const state = rig.hosts[1].slot(1).vfio.getState();
    expect(state).toBe(side === 'source' ? MIG_STATE.RUNNING : -25);
  });
});

test('the other VFs of the same device move', () => {
  const rig = new Rig({ refusals: [FIRST, NONE], vms: 2 });
  rig.pass(1);
  const [first, second] = rig.moveAll();
  expect(first).toMatchObject({ kind: 'failed', at: 'source MIGRATION', pauseNs: 0 });
  expect(second).toMatchObject({ kind: 'moved' });
  rig.pass(2);
  expect(rig.vms.map((vm) => rig.hosts.indexOf(vm.slot.host))).toEqual([0, 1]);
  expect(rig.finish()).toMatchObject([ALL_DONE, ALL_DONE]);
});
