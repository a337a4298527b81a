import { expect, test } from 'vitest';

import { readQuestion } from '../../../bench/plan/read-question.ts';
import type { QuestionVm } from '../../../sim/fleet/question.ts';
import { scenarioOf, VmTrials } from '../../../sim/fleet/vm-trials.ts';
import { planScenario } from '../../../sim/scenario/plan.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';
import type { RangeEnd } from '../../../sim/vmm/device-profile.ts';
import { shipped } from './fixture.ts';

const { profiles } = readQuestion('queues-per-vf').files;
const { vm } = shipped('queues-per-vf', 'most');

const shapes: readonly (readonly [queues: number, load: QuestionVm['devices'][number]['load']])[] = [
  [1, 'idle'],
  // With long interrupts the guest is slower than its load: rings fill up, whatever their length.
  [1, 'half'],
  [16, 'half'],
  [3, 'saturated'],
  [64, { kind: 'closed', inFlight: 15 }],
  [8, { kind: 'open', fraction: 0.99, burst: 40 }],
];

test.each(shapes)('a VF with %i queues, %j: its steps are those of the rings that it has', (queues, load) => {
  const own: QuestionVm = { ...vm, devices: [{ ...vm.devices[0]!, queues, load }] };
  const trials = new VmTrials(profiles, 'test');
  const plan = planScenario(scenarioOf(own), profiles, 'test');
  for (const end of ['short', 'point', 'long'] satisfies RangeEnd[]) {
    const times = runScenario(plan, end).vms[0]!.devices.outcome.times[0]!;
    const steps = trials.inputOf(own, end).input.devices[0]!.steps;
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
