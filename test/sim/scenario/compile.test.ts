import { describe, expect, test } from 'vitest';

import { UserError } from '../../../sim/base/user-error.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { NOVA, novaSteps } from '../../../sim/scenario/document.ts';
import { moveInputOf } from '../../../sim/scenario/compile.ts';
import { type Changes, MS, plan, SMALL } from './rig.ts';
import { GIB } from '../../../sim/base/units.ts';

const [ZIP] = SMALL.devices;

/** Rewrites 8 GB per second over a link of 25 Gbit/s. */
const WILD = { size: '16GiB', dirty: { kind: 'uniform', pagesPerSecond: 2e6 } };

function refusal(changes: Changes): UserError {
  try {
    plan(changes);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

describe('refused, with the reason', () => {
  const cases: readonly (readonly [what: string, changes: Changes, says: RegExp])[] = [
    ['no bandwidth', { stream: { gigabitsPerSecond: 0 } }, /stream\.gigabitsPerSecond is 0/],
    ['less than none', { stream: { gigabitsPerSecond: -1 } }, /stream\.gigabitsPerSecond is -1/],
    [
      'a guest that never comes to rest',
      { memory: WILD },
      /would never be stopped.*the stream carries 2\.\d\d GB per second/,
    ],
    [
      'too many VFs',
      { vms: 32, vmm: 'cloud-hypervisor', devices: [{ ...ZIP, count: 2, queues: 1 }] },
      /64 VFs of one PF/,
    ],
    ['too many queue pairs', { vms: 4, devices: [{ ...ZIP, queues: 241 }] }, /964 queue pairs/],
    [
      'a load for a device without registers',
      { devices: [{ profile: 'connectx7-vf', load: 'half' }] },
      /no register model/,
    ],
    [
      'queues of a device whose figures do not depend on them',
      { devices: [{ profile: 'connectx7-vf', queues: 4 }] },
      /devices\[0\]\.queues is 4, and profile connectx7-vf has no register model and no time per queue/,
    ],
    [
      'more in flight than the EQ holds',
      { devices: [{ ...ZIP, load: { kind: 'closed', inFlight: 512 } }] },
      /2048 entries/,
    ],
    [
      'more than the ring holds',
      { devices: [{ ...ZIP, queues: 1, load: { kind: 'closed', inFlight: 1024 } }] },
      /1024/,
    ],
    ['no fraction', { devices: [{ ...ZIP, load: { kind: 'open', fraction: 0 } }] }, /fractionOfCapacity is 0/],
    [
      'a page of 5000',
      { memory: { size: '1GiB', page: '5000B' } },
      /memory\.page is "5000B": allowed is a power of two/,
    ],
    [
      'hardware, which changes nothing',
      { devices: [{ ...ZIP, hardware: 'V4' }] },
      /hardware is V4, and V3, V4 and V5 move alike/,
    ],
    ['a depth that changes nothing', { devices: [{ ...ZIP, depths: { aeq: 16 } }] }, /depths\.aeq is given/],
    [
      'a limit next to limits that rise',
      { convergence: { downtimeLimit: '300ms', steps: 'nova' } },
      /downtimeLimit is "300ms": steps say which limit/,
    ],
    [
      'a ratio of no compression',
      { stream: { gigabitsPerSecond: 1, compressionRatio: 2 } },
      /compressionRatio is given/,
    ],
    ['a number without a unit', { convergence: { downtimeLimit: 300 } }, /a time without a unit: 300 ms or 300 ns\?/],
    [
      'a link that no host has',
      { stream: { gigabitsPerSecond: 1e300 } },
      /stream\.gigabitsPerSecond is 1e\+300, allowed is at most/,
    ],
    [
      'more memory than addresses',
      { memory: { size: '9999999TiB' } },
      /memory\.size is "9999999TiB": allowed is at most/,
    ],
    [
      'more memory than 52 bits',
      { memory: { size: '5000TiB' } },
      /memory\.size is "5000TiB": allowed is up to 4096TiB/,
    ],
    ['half a page', { memory: { size: '4097KiB' } }, /memory\.size is "4097KiB": allowed are whole pages/],
    [
      'a working set larger than the memory',
      { memory: { size: '1GiB', dirty: { kind: 'uniform', pagesPerSecond: 1, workingSet: '2GiB' } } },
      /memory\.dirty\.workingSet is "2GiB": allowed is up to the VM's memory, 1GiB/,
    ],
    [
      'a hot set larger than the memory',
      { memory: { size: '1GiB', dirty: { kind: 'hotSet', hot: '2GiB', hotPagesPerSecond: 1 } } },
      /memory\.dirty\.hot is "2GiB"/,
    ],
    [
      'DMA buffers larger than the memory',
      { memory: { size: '1GiB', dma: { bytesPerSecond: 1, buffers: '2GiB' } } },
      /memory\.dma\.buffers is "2GiB"/,
    ],
    [
      'multifd in Cloud Hypervisor',
      { vmm: 'cloud-hypervisor', stream: { gigabitsPerSecond: 1, multifd: true } },
      /multifd/,
    ],
    [
      'compression in Cloud Hypervisor',
      { vmm: 'cloud-hypervisor', stream: { gigabitsPerSecond: 1, compression: 'zstd' } },
      /compression is zstd/,
    ],
    ['limit of iterations in QEMU', { convergence: { rounds: 6 } }, /QEMU does not count/],
    ['channels without multifd', { stream: { gigabitsPerSecond: 1, channels: 4, multifd: false } }, /without multifd/],
    ['a stop after no time', { convergence: { whenOut: 'stop' } }, /no timeout/],
    [
      'side by side over one stream',
      { parallelDevices: true, stream: { gigabitsPerSecond: 1, multifd: false } },
      /side by/,
    ],
    ['a fault of a VM that is not there', { faults: [{ kind: 'image', field: 'magic', vm: 2 }] }, /vm is 2/],
    ['a fault of a VF that is not there', { faults: [{ kind: 'image', field: 'magic', device: 2 }] }, /device is 2/],
    [
      'two ends',
      {
        faults: [
          { kind: 'cancel', at: 'saved' },
          { kind: 'link', at: 'sending' },
        ],
      },
      /2 that end a move/,
    ],
    ['more queues than the device has', { faults: [{ kind: 'otherQueues', queues: 1000 }] }, /queues is 1000/],
  ];
  test.each(cases)('%s', (_, changes, says) => {
    const error = refusal(changes);
    expect(error.kind).toBe('input');
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/^small\.yaml: /);
    expect(error.message).not.toMatch(/small\.yaml.*small\.yaml/);
  });

  test.each<[string, readonly unknown[]]>([
    ['two VFs', [{ ...ZIP, count: 2 }]],
    ['a P2P device next to one without', [ZIP, { profile: 'connectx7-vf' }]],
  ])('what can says will not move: %s in QEMU', (_, devices) => {
    const error = refusal({ assume: { dirtyTracking: true }, devices });
    expect(error.kind).toBe('infeasible');
    expect(error.message).toMatch(/^small\.yaml: .*QEMU: 'Multiple VFIO devices .* only if all of them support P2P/);
    expect(error.hint).toContain('P2P');
  });

  test.each<[string, Changes]>([
    ['a timeout', { timeout: '60s' }],
    ['auto-converge', { autoConverge: true }],
    ['steps that go far enough', { steps: [{ after: '10s', limit: '10s' }] }],
  ])('a guest that writes too fast may move with %s', (_, convergence) => {
    expect(() => plan({ memory: WILD, convergence })).not.toThrow();
  });
});

describe('what the model of the VM gets', () => {
  test('is in bytes, ns and shares', () => {
    const input = moveInputOf(
      plan({
        vms: 2,
        vmm: 'cloud-hypervisor',
        stream: { gigabitsPerSecond: 25, latency: '1ms', share: 0.5, channels: 8, maxBytesPerSecond: '1GB' },
        convergence: { downtimeLimit: '200ms', timeout: '1h', rounds: 6, whenOut: 'stop' },
        memory: { size: '2GiB', dirty: { kind: 'uniform', pagesPerSecond: 10, workingSet: '1GiB' } },
      }),
      'point',
      pointCosts(),
    );
    expect(input.memory).toMatchObject({
      bytes: 2 * GIB,
      dirty: { kind: 'uniform', pagesPerSecond: 10, workingSetBytes: GIB },
    });
    expect(input.stream).toMatchObject({ latencyNs: MS, lineShare: 0.25, channels: 8, maxBytesPerSecond: 1e9 });
    expect(input.convergence).toMatchObject({ downtimeLimitNs: 200 * MS, timeoutNs: 3600e9, roundsMax: 6 });
  });

  test("has Nova's eleven limits, from a tenth of 500 ms to all of it", () => {
    const steps = novaSteps(64 * GIB);
    expect(steps).toHaveLength(NOVA.steps + 1);
    expect(steps[0]).toEqual({ afterNs: 0, limitNs: 50 * MS });
    expect(steps[1]).toEqual({ afterNs: 64 * 75e9, limitNs: 95 * MS });
    expect(steps.at(-1)).toEqual({ afterNs: 64 * 750e9, limitNs: 500 * MS });
    expect(novaSteps(1)[1]!.afterNs).toBe(2 * 75e9);
  });
});

describe('a manager in a scenario', () => {
  const guest = { memory: { size: '16GiB' }, devices: [] };
  const convergence = (change: object) => moveInputOf(plan({ ...guest, ...change }), 'point', pointCosts()).convergence;

  test('brings its time-outs, unless the scenario gives one', () => {
    expect(convergence({ manager: 'kubevirt' })).toMatchObject({ timeoutNs: 2700e9, progressTimeoutNs: 150e9 });
    expect(convergence({ manager: 'nova' })).toMatchObject({ timeoutNs: 12_800e9, progressTimeoutNs: Infinity });
    expect(convergence({ manager: 'kubevirt', convergence: { timeout: '60s' } })).toMatchObject({ timeoutNs: 60e9 });
    expect(convergence({ manager: 'libvirt', managerVersion: '12.8' })).toMatchObject({ timeoutNs: Infinity });
    expect(convergence({ vmm: 'cloud-hypervisor' })).toMatchObject({ timeoutNs: 3600e9 });
  });

  test('knows whether the VM has VFIO devices', () => {
    expect(convergence({})).toMatchObject({ hasVfio: false });
    expect(convergence({ devices: [{ profile: 'vdpa-mlx5' }] })).toMatchObject({ hasVfio: false });
    expect(convergence({ devices: [{ profile: 'connectx7-vf' }] })).toMatchObject({ hasVfio: true });
  });

  test.each([
    ['a gate under another manager', { kubevirt: { stallDetection: true } }, 'KubeVirt is not the manager'],
    ['a limit that no gate reads', { manager: 'kubevirt', kubevirt: { maxDowntime: '1s' } }, 'nothing reads it'],
    [
      'both gates',
      { manager: 'kubevirt', kubevirt: { stallDetection: true, downtimeTuning: true } },
      'stall detection leaves it without effect',
    ],
    [
      'a limit next to a gate that sets it',
      { manager: 'kubevirt', kubevirt: { stallDetection: true }, convergence: { downtimeLimit: '1s' } },
      'convergence.downtimeLimit is given',
    ],
  ])('is refused with %s', (_, change, words) => {
    expect(() => convergence(change)).toThrow(words);
  });
});
