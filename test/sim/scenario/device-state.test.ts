/**
 * The state of a device as the scenario says it.
 */
import { expect, test } from 'vitest';

import { readProfile } from '../../../bench/io/profiles.ts';
import { MIB } from '../../../sim/base/units.ts';
import { pointCosts } from '../../../sim/device/costs.ts';
import { moveVm } from '../../../sim/memory/vm-move.ts';
import { compileScenario, moveInputOf, parametersOf } from '../../../sim/scenario/compile.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';

function compiled(device: object) {
  const scenario = scenarioSchema.parse({
    format: 'stopcopy-scenario',
    version: 2,
    name: 'a',
    description: 'A VM',
    vcpus: 4,
    memory: { size: '4GiB' },
    stream: { gigabitsPerSecond: 10 },
    convergence: { downtimeLimit: '10s' },
    devices: [device],
    assume: { p2p: true, dirtyTracking: true },
  });
  const { profile } = scenario.devices[0]!;
  return compileScenario(scenario, new Map([[profile, readProfile(profile)]]), 'a.yaml');
}

function pauseNs(device: object): number {
  const plan = compiled(device);
  return moveVm(moveInputOf(plan, 'point', pointCosts()), parametersOf(plan, 'point')).pauseNs;
}

test('more of it makes the pause longer, as its bytes take', () => {
  const [small, large] = [100, 200].map((mib) => pauseNs({ profile: 'mlx5-vf-300mb', state: `${mib}MiB` }));
  const [profile] = [readProfile('mlx5-vf-300mb')];
  const figure = compiled({ profile: 'mlx5-vf-300mb', state: '100MiB' }).devices[0]!.profile.stateBytes;
  expect(figure).toMatchObject({ value: 100 * MIB, range: [100 * MIB, 100 * MIB] });
  // What each byte takes at least is its way over the link, and at most what the slowest step of the profile takes.
  const perByteNs = (large! - small!) / (100 * MIB);
  expect(perByteNs).toBeGreaterThan(8 / 10);
  expect(perByteNs).toBeLessThan(
    1e9 / profile.streamBytesPerSecond.range[1] + profile.allocateNsPerByte.range[1] + 8 / 10,
  );
  expect(pauseNs({ profile: 'mlx5-vf-300mb', state: '300MB' })).toBe(pauseNs({ profile: 'mlx5-vf-300mb' }));
});

test('that of an accelerator VF is its driver’s', () => {
  expect(() => compiled({ profile: 'acc-zip', state: '1MiB' })).toThrow(/devices\[0\].state is given/);
});
