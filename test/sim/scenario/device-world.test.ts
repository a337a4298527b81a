import { describe, expect, test } from 'vitest';

import { DEPTH } from '../../../sim/abi/contexts.ts';
import { DOWNTIME_VIEW, pausePartsNs } from '../../../sim/base/pause-parts.ts';
import { highCosts, lowCosts, pointCosts } from '../../../sim/device/costs.ts';
import { DeviceWorld, type WorldOutcome } from '../../../sim/scenario/device-world.ts';
import type { VfTimes } from '../../../sim/move/vf-passage.ts';
import { Rig } from '../world/rig.ts';
import { type Changes, MS, plan } from './rig.ts';

const CLOUD = { vmm: 'cloud-hypervisor' } as const;

/** Loading begins so long after the vCPUs' stop. */
function move(changes: Changes, loadBeginsNs = 20 * MS, costs = pointCosts()): WorldOutcome {
  return new DeviceWorld(plan(changes), { costs, end: 'point' }).run({
    cut: () => null,
    loadBegins: () => loadBeginsNs,
  });
}

describe.each([
  ['cheap', lowCosts()],
  ['guessed', pointCosts()],
  ['dear', highCosts()],
])('%s: an idle VF', (_, costs) => {
  test('takes as long for each step as in a move of a VF alone', () => {
    const rig = new Rig({ generation: 'upstream-2026', load: 'idle', queuePairs: 4, depths: DEPTH, costs });
    const alone = rig.move();
    if (alone.kind !== 'moved') throw new Error(alone.at);
    const changes = { ...CLOUD, devices: [{ profile: 'acc-zip', queues: 4 }] };
    const { outcome } = move(changes, 100 * MS, costs).vms[0]!;
    const [times] = outcome.times as [VfTimes];
    const { pauseAndDrain, statusChecks, cacheWriteBack, save, load, start } = pausePartsNs(
      alone.pause!,
      DOWNTIME_VIEW,
    );
    expect(times.pauseAndDrainNs).toBeCloseTo(pauseAndDrain, 3);
    expect(times.statusChecksNs).toBeCloseTo(statusChecks, 3);
    expect(times.cacheWriteBackNs).toBeCloseTo(cacheWriteBack, 3);
    expect(times.saveNs + times.readNs).toBeCloseTo(save, 3);
    expect(times.loadNs).toBeCloseTo(load, 3);
    expect(times.startNs).toBeCloseTo(start, 3);
  });
});

test('loading begins when it may, and not before', () => {
  const [early, late] = [20, 50].map((ms) => move(CLOUD, ms * MS).vms[0]!.outcome);
  expect(late!.pauseNs - early!.pauseNs).toBeCloseTo(30 * MS, 3);
  const load = early!.spans.find(({ part }) => part === 'load');
  expect(load!.startNs - early!.stoppedAtNs).toBeCloseTo(20 * MS, 3);
});

test('of a VM with several VFs all stop before the first is read, and all are loaded before the first starts', () => {
  const devices = [
    { profile: 'acc-zip', count: 2, queues: 2, load: 'half' },
    { profile: 'acc-hpre', queues: 2, load: 'half' },
  ];
  const { spans } = move({ ...CLOUD, devices }).vms[0]!.outcome;
  const ends = (part: string): number =>
    Math.max(...spans.filter((span) => span.part === part).map(({ endNs }) => endNs));
  const starts = (part: string): number =>
    Math.min(...spans.filter((span) => span.part === part).map(({ startNs }) => startNs));
  expect(new Set(spans.map(({ vf }) => vf)).size).toBe(3);
  expect(ends('save')).toBeLessThanOrEqual(starts('read'));
  expect(ends('load')).toBeLessThanOrEqual(starts('start'));
});

test('QEMU has the 40 bytes that are compared at the destination before the stop, Cloud Hypervisor nothing', () => {
  const ahead = (changes: Changes): boolean =>
    move(changes).vms[0]!.outcome.spans.some(({ part }) => part === 'matchData');
  expect(ahead({})).toBe(true);
  expect(ahead(CLOUD)).toBe(false);
});

test('VFs of different groups are on different devices, those of one group share theirs', () => {
  const { places } = move({
    ...CLOUD,
    vms: 2,
    devices: [{ profile: 'acc-zip', count: 2 }, { profile: 'acc-zip' }],
  });
  expect(places.map(({ groupIndex, fn }) => [groupIndex, fn])).toEqual([
    [0, 1],
    [0, 2],
    [1, 1],
  ]);
});

test('queue pairs may be all that the device has for VFs', () => {
  const depths = { sq: 64, cq: 64 };
  const { vms } = move({ vms: 63, devices: [{ profile: 'acc-zip', queues: 15, load: 'idle', depths }] });
  expect(vms.every(({ outcome }) => outcome.kind === 'moved')).toBe(true);
});
