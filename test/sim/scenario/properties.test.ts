import { describe, expect, test } from 'vitest';

import { MIG_STATE } from '../../../sim/abi/vfio.ts';
import { readProfile } from '../../../bench/io/profiles.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import { runScenario, type ScenarioResult, type VmResult } from '../../../sim/scenario/scenario-run.ts';
import { drawScenario } from './random-scenario.ts';
import { effort } from '../../effort.ts';

const PROFILES = new Map(['acc-sec', 'acc-hpre', 'acc-zip'].map((id) => [id, readProfile(id)]));

/** STOPCOPY_SEED=n plays only that one. */
const RUNS = effort(60, 300, 10_000);
const BATCH = effort(60, 100);

function planOf(seed: number): CompiledScenario {
  const scenario = drawScenario(seed);
  return compileScenario(scenario, PROFILES, scenario.name);
}

/** What a VM's result has against itself or against what was asked. */
function findings(vm: VmResult, plan: CompiledScenario): string[] {
  const found: string[] = [];
  const claim = (holds: boolean, words: string): void => {
    if (!holds) found.push(words);
  };
  const { outcome, reports, lostTasks, foundAt, otherStates, queuePausesNs, serviceGaps } = vm.devices;

  const sumNs = vm.parts.reduce((sum, { criticalNs }) => sum + criticalNs, 0);
  claim(Math.abs(sumNs - vm.pauseNs) < 0.01, `the parts give ${sumNs}, the pause lasted ${vm.pauseNs}`);
  claim(Math.abs(vm.pauseNs - outcome.pauseNs) <= 1, `the VM paused ${vm.pauseNs}, its VFs' guest ${outcome.pauseNs}`);
  claim(
    vm.parts.every(({ criticalNs, busyNs }) => criticalNs >= 0 && busyNs >= criticalNs - 0.01),
    'a part is negative',
  );

  const isParked = vm.kind === 'unowned';
  claim(isParked === outcome.vfs.includes('parked') || outcome.vfs.length === 1, 'parked VFs of a VM that is not');
  claim(!isParked || plan.recovery === 'park', 'parked, and nobody parks');
  claim(
    foundAt === (isParked ? 'torn' : outcome.guestAt),
    `the guest is said to be at the ${outcome.guestAt} and is at the ${foundAt}`,
  );
  claim(
    (outcome.kind === 'moved') === (outcome.guestAt === 'destination'),
    `${outcome.kind}, at the ${outcome.guestAt}`,
  );
  // The source is stopped once the VM has left it; a destination that it never came to is as good as new.
  const otherState = outcome.guestAt === 'destination' ? MIG_STATE.STOP : MIG_STATE.RUNNING;
  claim(
    otherStates.every((state) => state === otherState),
    `the VFs on the other side are in states ${otherStates.join()}`,
  );
  claim(outcome.kind !== 'failed' || outcome.at !== '', 'a failure without its place');
  claim(outcome.kind !== 'cancelled' || plan.scenario.faults.some(({ kind }) => kind === 'cancel'), 'nobody cancelled');

  outcome.vfs.forEach((end, vf) => {
    const report = reports[vf]!;
    const told = `VF ${vf + 1}, ${end}`;
    claim(report.violationCount === 0, `${told}: ${JSON.stringify(report.violations[0])}`);
    claim(report.accepted === report.completed + report.outstanding, `${told}: tasks do not add up`);
    if (end === 'served') claim(!isParked, `${told}, and the vCPUs are parked`);
    const isLost = end === 'blank' || end === 'paused';
    const lost = lostTasks[vf]!;
    claim(lost >= 0 && lost <= (isLost ? report.outstanding : 0), `${told}: ${lost} lost tasks`);
    const { deviceNs, queuesNs } = serviceGaps[vf]!;
    const gaps = [deviceNs, ...queuesNs, ...queuePausesNs[vf]!];
    claim(end === 'served' || gaps.every((gap) => gap === null), `${told}, and its service gap ends`);
    if (end === 'served') claim(report.outstanding === 0, `${told}: ${report.outstanding} tasks never came back`);
    // A VF is left blank by the VMM's reset, and nothing else; it is never the driver's own work.
    if (end === 'blank') claim(plan.recovery !== 'goOn', `${told}, though nobody resets`);
  });
  if (outcome.vfs.some((end) => end !== 'served'))
    claim(outcome.errno !== '', `${outcome.vfs.join()} without an error`);
  for (const pauses of queuePausesNs) {
    claim(
      pauses.every((ns) => ns >= vm.pauseNs),
      `a queue paused less than the VM: ${Math.min(...pauses)}`,
    );
  }
  return found;
}

interface Checked {
  readonly result: ScenarioResult;
  readonly found: readonly string[];
}

function check(seed: number): Checked {
  const plan = planOf(seed);
  const result = runScenario(plan, 'point');
  const found = result.vms.flatMap((vm, index) => findings(vm, plan).map((words) => `VM ${index + 1}: ${words}`));
  const strikes = plan.scenario.faults.length > 0;
  if (!strikes && result.vms.some(({ kind }) => kind !== 'moved'))
    found.push('nothing went wrong, and it did not move');
  return { result, found: found.map((words) => `STOPCOPY_SEED=${seed}: ${words}`) };
}

/** Ends of VMs and their VFs, those first that few scenarios come to as well. */
const USUAL_ENDS = ['moved served', 'failed served', 'failed blank', 'cancelled served', 'unowned blank'];
const ENDS = effort<readonly string[]>(USUAL_ENDS, [...USUAL_ENDS, 'moved blank', 'failed paused', 'unowned parked']);

const wanted = process.env['STOPCOPY_SEED'];

describe.skipIf(wanted !== undefined)(`${RUNS} random scenarios`, () => {
  const ends = new Map<string, number>();
  const batches = Array.from({ length: Math.ceil(RUNS / BATCH) }, (_, batch) => batch * BATCH);

  test.each(batches)(
    'parts add up, no task is lost or done twice, and the guest is where the outcome says: from seed %i',
    (first) => {
      const all: string[] = [];
      for (let seed = first; seed < first + BATCH; seed++) {
        const { result, found } = check(seed);
        all.push(...found);
        for (const { kind, devices } of result.vms) {
          for (const end of devices.outcome.vfs) {
            const key = `${kind} ${end}`;
            ends.set(key, (ends.get(key) ?? 0) + 1);
          }
        }
      }
      expect(all).toEqual([]);
    },
  );

  test('end in every way there is', () => {
    const few = ENDS.filter((key) => (ends.get(key) ?? 0) < 2);
    expect({ few, ends: [...ends] }).toMatchObject({ few: [] });
  });
});

test.runIf(wanted !== undefined)('the scenario of STOPCOPY_SEED', () => {
  expect(check(Number(wanted)).found).toEqual([]);
});

test.each([3, 21, 160])('the same seed is the same run: %i', (seed) => {
  const [first, second] = [check(seed).result, check(seed).result];
  expect(second.world.traceHash).toBe(first.world.traceHash);
  expect(second.world.endNs).toBe(first.world.endNs);
  expect(second.vms.map(({ parts }) => parts)).toEqual(first.vms.map(({ parts }) => parts));
});
