import { describe, expect, test } from 'vitest';

import { runScenario, type VmResult } from '../../../sim/scenario/scenario-run.ts';
import { clocksOfVm, otherDevicesOf, passedVm, stoppedNsOf } from '../../../sim/scenario/service.ts';
import { type Changes, plan, SMALL } from './rig.ts';

const [ZIP] = SMALL.devices;
/** Times in ns that are sums in different orders. */
const SLACK_NS = 1;

function played(changes: Changes = {}): { readonly vm: VmResult; readonly clock: (id: string) => number | undefined } {
  const compiled = plan(changes);
  const result = runScenario(compiled, 'point');
  const clocks = new Map(clocksOfVm(compiled, passedVm(result.vms[0]!)).map(({ id, ns }) => [id, ns]));
  return { vm: result.vms[0]!, clock: (id) => clocks.get(id) };
}

describe('what is paused', () => {
  test.each<[string, Changes]>([
    ['one VF under QEMU', {}],
    ['one VF under Cloud Hypervisor', { vmm: 'cloud-hypervisor' }],
    ['four VFs', { vmm: 'cloud-hypervisor', devices: [{ ...ZIP, count: 4 }] }],
    ['VMs that share a link', { vms: 3 }],
  ])('%s: a device is stopped no longer than the vCPUs, and its client waits longer', (_, changes) => {
    const { vms } = runScenario(plan(changes), 'point');
    for (const vm of vms) {
      const stopped = stoppedNsOf(passedVm(vm));
      expect(stopped).toHaveLength(vm.devices.serviceGaps.length);
      for (const [vf, { deviceNs, queuesNs }] of vm.devices.serviceGaps.entries()) {
        const gaps = queuesNs.filter((ns) => ns !== null);
        expect(gaps.length).toBeGreaterThan(0);
        const inOrder = [0, stopped[vf]!, vm.pauseNs, deviceNs!, Math.min(...gaps), Math.max(...gaps)];
        expect(inOrder.toSorted((a, b) => a - b)).toEqual(inOrder);
      }
    }
  });

  test('one VF is stopped for the pause without its two ends', () => {
    const { vm } = played();
    const { vcpuStop, vcpuStart } = vm.move.criticalNs;
    expect(Math.abs(stoppedNsOf(passedVm(vm))[0]! - (vm.pauseNs - vcpuStop - vcpuStart))).toBeLessThan(SLACK_NS);
  });

  test('of several, the first stops first and starts first', () => {
    const { vm } = played({ vmm: 'cloud-hypervisor', devices: [{ ...ZIP, load: 'idle', count: 2 }] });
    const [first, second] = stoppedNsOf(passedVm(vm));
    const [before, after] = vm.devices.outcome.times;
    const stopNs = before!.pauseAndDrainNs + before!.statusChecksNs + before!.cacheWriteBackNs + before!.saveNs;
    expect(Math.abs(first! - stopNs + after!.startNs - second!)).toBeLessThan(SLACK_NS);
  });

  test('an idle device has no gap that anybody sees', () => {
    const { vm } = played({ devices: [{ ...ZIP, load: 'idle' }] });
    expect(vm.devices.serviceGaps).toEqual([{ deviceNs: null, queuesNs: [null, null, null, null] }]);
    expect(stoppedNsOf(passedVm(vm))[0]).toBeGreaterThan(0);
  });

  test('devices with figures only are stopped with the vCPUs', () => {
    const compiled = plan({ devices: [{ profile: 'connectx7-vf', count: 2 }] });
    const vm = runScenario(compiled, 'point').vms[0]!;
    const { vcpuStop, vcpuStart } = vm.move.criticalNs;
    const stoppedNs = vm.pauseNs - vcpuStop - vcpuStart;
    expect(otherDevicesOf(compiled, vm)).toEqual([{ profile: 'connectx7-vf', count: 2, stoppedNs }]);
    expect(stoppedNsOf(passedVm(vm))).toEqual([]);
  });

  test('a VM that did not arrive has none of it', () => {
    const compiled = plan({ faults: [{ kind: 'cancel', at: 'vcpusStopped' }] });
    const vm = runScenario(compiled, 'point').vms[0]!;
    expect(vm.pauseNs).toBeGreaterThan(0);
    expect([clocksOfVm(compiled, passedVm(vm)), stoppedNsOf(passedVm(vm)), otherDevicesOf(compiled, vm)]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe('the clock of the VMM is what the model reports', () => {
  test.each<[string, Changes]>([
    ['qemuDowntime', { returnPath: false }],
    ['qemuDowntimeReturnPath', { returnPath: true }],
    ['cloudHypervisorDowntime', { vmm: 'cloud-hypervisor' }],
  ])('%s', (id, changes) => {
    const { vm, clock } = played(changes);
    expect(Math.abs(clock(id)! - vm.reportedNs)).toBeLessThan(SLACK_NS);
  });
});
