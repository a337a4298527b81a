import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { clocksOfVm, passedVm } from '../../../sim/scenario/service.ts';
import { type Changes, plan, SMALL } from './rig.ts';
import { stating } from '../../stating.ts';

/** Rewrites 8 GB per second over a link of 25 Gbit/s. */
const WILD: Changes = {
  devices: [],
  memory: { size: '4GiB', dirty: { kind: 'uniform', pagesPerSecond: 2e6, workingSet: '2GiB' } },
  assume: undefined,
};
const STOPS = { timeout: '30s', whenOut: 'stop' };

function refusal(changes: Changes): UserError {
  try {
    plan(changes);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

describe('a scenario is moved by post-copy', () => {
  test.each<[string, Changes]>([
    ['virsh --timeout-postcopy', { qemu: { postCopy: true }, convergence: STOPS }],
    ['Nova, force_complete', { manager: 'nova', nova: { permitPostCopy: true }, convergence: STOPS }],
    ['KubeVirt', { manager: 'kubevirt', kubevirt: { allowPostCopy: true }, convergence: { timeout: '30s' } }],
  ])('with %s', (_, changes) => {
    const given = plan({ ...WILD, vmmVersion: '10.2', ...changes });
    const vm = runScenario(given, 'point').vms[0]!;
    expect([vm.kind, vm.move.cause.reason]).toEqual(['forced', 'timeout']);
    expect(vm.move.postCopy!.leftBytes).toBeGreaterThan(1.5e9);
    expect(vm.pauseNs).toBeLessThan(0.2e9);
    // Of QEMU's managers only what is known of post-copy: to the switch, and to the last page.
    const clocks = clocksOfVm(given, passedVm(vm));
    expect(clocks.map(({ id, ofThisMove }) => [id, ofThisMove])).toEqual([
      ['qemuDowntime', true],
      ['kubevirtTotal', true],
    ]);
    expect(clocks[0]!.ns).toBeCloseTo(vm.reportedNs, 3);
    expect(clocks[1]!.ns).toBeCloseTo(vm.totalNs + vm.move.postCopy!.arrivesNs, 3);
  });

  test('by Cloud Hypervisor, also with a VF of HiSilicon, whose driver logs nothing', () => {
    const changes = { vmm: 'cloud-hypervisor', vmmVersion: 'main', iommu: { backend: 'iommufd' }, kernel: '7.3' };
    const given = plan({ ...changes, assume: undefined, cloudHypervisor: { memoryMode: 'postcopy' } });
    const { vms, world } = runScenario(given, 'point');
    expect(vms[0]!.kind).toBe('moved');
    expect(vms[0]!.rounds).toEqual([]);
    expect(vms[0]!.move.postCopy!.leftBytes).toBe(2 ** 30);
    expect(world.vms[0]!.reports[0]!.violationCount).toBe(0);
    expect(vms[0]!.parts.find(({ name }) => name === 'memory')!.criticalNs).toBe(0);
  });
});

describe('post-copy is not begun', () => {
  test.each<[string, Changes]>([
    ['where it is permitted, and time cancels', { qemu: { postCopy: true }, convergence: { timeout: '30s' } }],
    ['by Nova, which aborts', { manager: 'nova', nova: { permitPostCopy: true }, convergence: { timeout: '30s' } }],
  ])('%s', (_, changes) => {
    const { kind, move } = runScenario(plan({ ...WILD, vmmVersion: '10.2', ...changes }), 'point').vms[0]!;
    expect([kind, move.postCopy]).toEqual(['cancelled', null]);
  });

  test('by QEMU with VFIO devices: the capability alone is refused (B7)', () => {
    const said = refusal({ ...SMALL, vmmVersion: '10.2', kernel: '6.12', qemu: { postCopy: true } });
    expect(said.message).toContain('VFIO migration is not supported with postcopy migration');
  });

  test('by Cloud Hypervisor over several connections', () => {
    const stream = { gigabitsPerSecond: 25, channels: 4 };
    const cloud = { ...WILD, vmm: 'cloud-hypervisor', vmmVersion: 'main', stream };
    const said = refusal({ ...cloud, cloudHypervisor: { memoryMode: 'postcopy' } });
    expect(said.message).toContain('memory_mode=postcopy currently requires a single connection (connections=1).');
  });

  test.each([
    ['downtimeLimit', '1s'],
    ['timeout', '60s'],
    ['rounds', 3],
  ])('without limits that nothing reads: convergence.%s', (field, value) => {
    const cloud = { ...WILD, vmm: 'cloud-hypervisor', vmmVersion: 'main', cloudHypervisor: { memoryMode: 'postcopy' } };
    expect(refusal({ ...cloud, convergence: { [field]: value } }).message).toMatch(
      stating(`convergence.${field}`, 'cloudHypervisor.memoryMode', 'postcopy'),
    );
  });
});
