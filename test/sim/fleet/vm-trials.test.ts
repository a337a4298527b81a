import { expect, test } from 'vitest';

import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import type { QuestionVm } from '../../../sim/fleet/question.ts';
import { scenarioOf, VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { compileScenario } from '../../../sim/scenario/compile.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import { VMM_PARAMETER } from '../../../sim/memory/parameters.ts';
import type { RangeEnd } from '../../../sim/memory/device-profile.ts';
import { shipped } from './fixture.ts';

const profiles = new Map(['queues-per-vf', 'load', 'link'].flatMap((name) => [...readQuestion(name).files.profiles]));
const { vm } = shipped('queues-per-vf', 'most');

type Device = QuestionVm['devices'][number];

const shapes: readonly (readonly [queues: number, load: Device['load'], change: Partial<Device>])[] = [
  [1, 'idle', {}],
  // With long interrupts the guest is slower than its load: rings fill up, whatever their length.
  [1, 'half', {}],
  [16, 'half', {}],
  [3, 'saturated', {}],
  [64, { kind: 'closed', inFlight: 15 }, {}],
  [2, { kind: 'closed', inFlight: 600 }, {}],
  [8, { kind: 'open', fraction: 0.99, burst: 40 }, {}],
  [8, { kind: 'open', fraction: 0.9, burst: 300 }, {}],
  [6, { kind: 'open', fraction: 3, burst: 1 }, { profile: 'acc-hpre', inFlight: 'hold' }],
  [4, 'half', { profile: 'acc-zip', driver: 'linux-6.12.117' }],
  // Rings of completions that fill up before those of tasks do.
  [2, { kind: 'open', fraction: 1.5, burst: 20 }, { depths: { sq: 512, cq: 24 } }],
  [3, { kind: 'open', fraction: 0.5, burst: 20 }, { profile: 'acc-hpre', depths: { sq: 1024, cq: 8 } }],
  // What is in service when the VF stops depends on what was refused before.
  [1, { kind: 'open', fraction: 2, burst: 60 }, { profile: 'acc-hpre' }],
  [1, { kind: 'open', fraction: 1.2, burst: 5 }, { profile: 'acc-hpre' }],
];

test.each(shapes)('a VF with %i queues, %j: its steps are those of the rings that it has', (queues, load, change) => {
  const own: QuestionVm = { ...vm, devices: [{ ...vm.devices[0]!, queues, load, ...change }] };
  const trials = new VmTrials(profiles, 'test');
  const plan = compileScenario(scenarioOf(own, profiles), profiles, 'test');
  for (const end of ['short', 'point', 'long'] satisfies RangeEnd[]) {
    const times = runScenario(plan, end).vms[0]!.devices.outcome.times[0]!;
    const { input, failed } = trials.inputOf(own, end);
    const { steps } = input.devices[0]!;
    expect(failed).toBeNull();
    expect(steps).toEqual([
      {
        stopNs: times.pauseAndDrainNs + times.statusChecksNs + times.cacheWriteBackNs + times.saveNs,
        saveNs: times.readNs,
        loadNs: times.loadNs,
        startNs: times.startNs,
      },
    ]);
  }
});

test('a VF that its driver cannot stop in time is reported as in its full world', () => {
  const own: QuestionVm = { ...vm, devices: [{ ...vm.devices[0]!, queues: 600, load: 'half' }] };
  const { outcome } = runScenario(compileScenario(scenarioOf(own, profiles), profiles, 'test'), 'long').vms[0]!.devices;
  expect(outcome.kind).toBe('failed');
  const { failed } = new VmTrials(profiles, 'test').inputOf(own, 'long');
  expect(failed).toBe(`${outcome.at} fails with ${outcome.errno}`);
}, 60_000);

test('parameters of a platform stand in place of the shipped ones, in every end and as what is assumed', () => {
  const load = { value: 500e6, low: 400e6, high: 600e6 };
  const trials = new VmTrials(profiles, 'test', {
    id: 'slow',
    cpu: 'sapphire-rapids',
    spreads: { platformLoadNs: load },
  });
  const known: QuestionVm = { ...vm, vmm: 'qemu', devices: [] };
  const usual = new VmTrials(profiles, 'test').quick({ ...known, cpu: 'sapphire-rapids' }, 'point');
  const added = trials.quick(known, 'point').pauseNs - usual.pauseNs;
  expect(added).toBeCloseTo(load.value - VMM_PARAMETER.platformLoadNs.value, -1);
  expect(trials.parameters('long', undefined).platformLoadNs).toBe(load.high);
  for (const draw of [0, 1, 2])
    expect(trials.inputOf(known, { draw }).parameters.platformLoadNs).toBeGreaterThan(200e6);
  const moved = trials.parameters('point', { group: 'vmm', name: 'platformLoadNs', end: 'short' });
  expect(moved.platformLoadNs).toBe(load.low);
  expect(trials.assumptions(known).find(({ name }) => name === 'platformLoadNs')).toMatchObject({
    from: 'fitted',
    source: 'platform slow',
  });
});
