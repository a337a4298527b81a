import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { runScenario, type VmResult } from '../../../sim/scenario/scenario-run.ts';
import { type Changes, MS, plan } from './rig.ts';

const VM: Changes = { cpu: 'sapphire-rapids', devices: [], assume: undefined };
/** 8 network devices of 16 pairs, 16 block devices of 4 queues. */
const MANY = { devices: 24, queues: 320 };

function moved(changes: Changes): VmResult {
  return runScenario(plan({ ...VM, ...changes }), 'point').vms[0]!;
}

/** How much longer each part of the pause is than without, ms. */
function moreMs(changes: Changes): Readonly<Record<string, number>> {
  const [without, more] = [moved({ ...changes, vhost: undefined }), moved(changes)];
  return Object.fromEntries(
    more.parts.flatMap(({ name, criticalNs }, i) => {
      const ms = Math.round((criticalNs - without.parts[i]!.criticalNs) / 1e3) / 1e3;
      return ms === 0 ? [] : [[name, ms]];
    }),
  );
}

describe('vhost devices of a scenario', () => {
  // docs/pause.md: 0.2 ms to stop a device and 0.24 each ring; 0.39 and 1.33 to load a device, 0.125 each ring; 2.2 a sync.
  test('stop ring by ring, change the memory map at load, and lengthen the last sync', () => {
    expect(moreMs({ vhost: MANY })).toEqual({ vcpuStop: 81.6, dirtySync: 52.8, platformLoad: 81.28 });
    expect(moreMs({ vhost: { devices: 2, queues: 2 } })).toEqual({
      vcpuStop: 0.88,
      dirtySync: 4.4,
      platformLoad: 3.69,
    });
  });

  test.each([
    [undefined, 52.8],
    ['10.2', 52.8],
    ['10.2.2', 52.8],
    ['11.0', 0.866],
    ['main', 0.866],
  ])('lengthen that sync up to QEMU 10.2: %s', (vmmVersion, ms) => {
    expect(moreMs({ vhost: MANY, vmmVersion })['dirtySync']).toBeCloseTo(ms, 2);
  });

  test('do so of a VM with VFs too, whose registers then take as long as before', () => {
    const vfs = { devices: [{ profile: 'acc-sec', load: 'idle' }], assume: { dirtyTracking: true } };
    const [without, more] = [moved(vfs), moved({ ...vfs, vhost: MANY })];
    const part = (vm: VmResult, name: string) => vm.parts.find((each) => each.name === name)!.criticalNs;
    for (const name of ['deviceStop', 'deviceLoad', 'deviceStart']) expect(part(more, name)).toBe(part(without, name));
    expect((more.pauseNs - without.pauseNs) / MS).toBeCloseTo(81.6 + 52.8 + 81.28, -2);
  });

  test.each<[Changes, RegExp]>([
    [{ vhost: { devices: 4, queues: 3 } }, /vhost\.queues is 3: allowed is one for each device or more/],
    [{ vhost: { devices: 0, queues: 1 } }, /vhost\.devices is 0/],
    [
      { vhost: MANY, vmm: 'cloud-hypervisor' },
      /vhost is given, and what such devices add to a move of Cloud Hypervisor/,
    ],
  ])('%j is refused', (changes, words) => {
    expect(() => plan({ ...VM, ...changes })).toThrow(UserError);
    expect(() => plan({ ...VM, ...changes })).toThrow(words);
  });
});
