import { assert, double, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readProfile } from '../../../bench/io/profiles.ts';
import { parseDocument } from '../../../sim/base/schema.ts';
import { GIB } from '../../../sim/base/units.ts';
import { type DeviceFigures, deviceProfileSchema, figuresOf } from '../../../sim/memory/device-profile.ts';
import { setupWorkNs, startWorkNs, stopWorkNs } from '../../../sim/memory/device-work.ts';
import { deviceWorkSchema, runDeviceWork } from '../../../sim/memory/device-work-experiment.ts';
import { pointParameters } from '../../../sim/memory/parameters.ts';
import { moveVm } from '../../../sim/memory/vm-move.ts';
import { devices, vm } from './rig.ts';
import { stating } from '../../stating.ts';

const MS = 1e6;
const NOTHING = devices(1)[0]!.figures;

function figures(changes: Partial<DeviceFigures>): DeviceFigures {
  return { ...NOTHING, ...changes };
}

function work(inputs: object, profile: string): Readonly<Record<string, number | undefined>> {
  const given = deviceWorkSchema.parse({ profile, ...inputs });
  return runDeviceWork(given, figuresOf(readProfile(profile), 'point'), pointParameters());
}

describe('work on a device', () => {
  test('counts once for it, for each GiB of guest memory, and for each queue', () => {
    const own = figures({ stopNs: 5 * MS, stopNsPerGib: 2 * MS, stopNsPerQueue: MS });
    expect(stopWorkNs(own, 8, 4 * GIB)).toBe((5 + 4 * 2 + 8) * MS);
    const start = figures({ startNs: 7 * MS, startNsPerGib: 3 * MS, startNsPerQueue: 10 * MS });
    expect(startWorkNs(start, 2, GIB)).toBe((7 + 3 + 20) * MS);
    expect(setupWorkNs(figures({ setupNs: MS, setupNsPerGib: 2 * MS }), 16 * GIB)).toBe(33 * MS);
  });

  test('is shared by queues that are worked on at once, and never takes less than one of them', () => {
    const at = (queues: number, queuesAtOnce: number): number =>
      stopWorkNs(figures({ stopNsPerQueue: MS, queuesAtOnce }), queues, 0);
    assert(
      property(integer({ min: 1, max: 1024 }), double({ min: 1, max: 64, noNaN: true }), (queues, atOnce) => {
        const ns = at(queues, atOnce);
        expect(ns).toBeGreaterThanOrEqual(MS);
        expect(ns).toBeLessThanOrEqual(at(queues, 1));
        expect(at(queues + 1, atOnce)).toBeGreaterThanOrEqual(ns);
      }),
    );
    expect(at(32, 4)).toBe(8 * MS);
    expect(at(2, 4)).toBe(MS);
  });

  test('lengthens the stop, the start and the setup of a move, and nothing else of it', () => {
    const given = devices(2, { stopNsPerGib: MS, startNsPerQueue: 2 * MS, setupNsPerGib: 3 * MS, stateBytes: 0 });
    const groups = given.map((group) => ({ ...group, queues: 4 }));
    const memory = { bytes: 8 * GIB };
    const p = pointParameters();
    const [plain, more] = [devices(2, { stateBytes: 0 }), groups].map((all) => moveVm(vm({ devices: all, memory }), p));
    expect(more!.criticalNs.deviceStop - plain!.criticalNs.deviceStop).toBeCloseTo(2 * 8 * MS, 0);
    expect(more!.criticalNs.deviceStart - plain!.criticalNs.deviceStart).toBeCloseTo(2 * 4 * 2 * MS, 0);
    expect(more!.setupNs - plain!.setupNs).toBeCloseTo(2 * 8 * 3 * MS, 0);
    expect(more!.pauseNs - plain!.pauseNs).toBeCloseTo((16 + 16) * MS, 0);
    expect(more!.memoryBytes).toBe(plain!.memoryBytes);
  });
});

describe('published work', () => {
  // Tatulea 2024: 32 queues; Si-Wei Liu 2023: 128 GB, 2 devices of 4 queues; published-tables T5 to T7.
  test.each<[string, object, string, string, number, number]>([
    ['queues one by one, without notifier', { queues: 32 }, 'vdpa-mlx5-2023', 'suspendMs', 37, 0.02],
    ['queues in parallel', { queues: 32 }, 'vdpa-mlx5', 'suspendMs', 2.5, 0.02],
    ['queues resumed one by one', { queues: 32, queuesAtOnce: 1 }, 'vdpa-mlx5', 'resumeMs', 16, 0.02],
    ['queues made and resumed', { queues: 32 }, 'vdpa-mlx5-2023', 'resumeMs', 370, 0.02],
    ['keys of one device', { memoryGib: 128 }, 'vdpa-mlx5-2023', 'switchMs', 1700, 0.1],
    ['keys of one device with more memory', { memoryGib: 256 }, 'vdpa-mlx5-2023', 'switchMs', 3140, 0.1],
    ['the final stop of 4 devices', { memoryGib: 256, devices: 4, queues: 32 }, 'vdpa-mlx5', 'stopMs', 1253, 0.05],
    ['a type1 map of huge pages', { memoryGib: 16 }, 'vfio-attached', 'mapMs', 50, 0.06],
    ['its removal', { memoryGib: 16 }, 'vfio-attached', 'unmapMs', 135, 0.02],
    ['a frame buffer', { stateGib: 16, gigabitsPerSecond: 10 }, 'vgpu-8gb', 'stateMs', 27_790, 0.05],
  ])('%s', (_, inputs, profile, output, published, tolerance) => {
    expect(Math.abs(work(inputs, profile)[output]! / published - 1)).toBeLessThan(tolerance);
  });

  test('has no state where neither its size nor its link is stated', () => {
    expect(work({}, 'vgpu-8gb')['stateMs']).toBeUndefined();
    expect(work({ stateGib: 1 }, 'vgpu-8gb')['stateMs']).toBeUndefined();
  });

  test('is bound by the link where that is slower than the device', () => {
    const seconds = work({ stateGib: 8, gigabitsPerSecond: 1 }, 'vgpu-8gb')['stateMs']! / 1000;
    // 68.7 Gbit over 1 Gbit/s.
    expect(seconds).toBeGreaterThan(68.7);
    expect(seconds).toBeLessThan(85);
  });
});

test.each([0, 0.5])('%d queues at once are refused', (value) => {
  const queuesAtOnce = { value, range: [value, value], from: 'assumed', source: 'a test' };
  expect(() => parseDocument(deviceProfileSchema, { ...readProfile('qat-vf'), queuesAtOnce }, 'own.yaml')).toThrow(
    stating('own.yaml', 'queuesAtOnce', 1),
  );
});
