import { describe, expect, test } from 'vitest';

import type { AccessTracer } from '../sim/world/virtual-port.ts';
import type { MoveOutcome } from '../sim/move/move.ts';
import type { CheckReport } from '../sim/workload/checker.ts';
import { LOAD_NAMES } from '../sim/workload/load.ts';
import { DRIVERS, Rig, type RigOptions } from './sim/world/rig.ts';

interface Trail {
  readonly hash: string;
  readonly eventCount: number;
  readonly nowNs: number;
  readonly randoms: readonly string[];
  readonly outcomes: readonly MoveOutcome[];
  readonly pausesNs: readonly number[];
  readonly reports: readonly CheckReport[];
}

/** A life of three VMs: load, all of them there at once, a failure, and back. */
function live(options: RigOptions, tracer: AccessTracer | null = null): Trail {
  const rig = new Rig({ vms: 3, ...options });
  for (const { port } of rig.hosts.flatMap((host) => [1, 2, 3].map((fn) => host.slot(fn)))) port.tracer = tracer;
  rig.pass(2);
  const outcomes = [...rig.moveAll()];
  rig.pass(2);
  rig.hosts[1].accelerator.faults.ifcStatus(2, 1, rig.nowNs + 15e6);
  outcomes.push(...rig.moveAll());
  rig.pass(5);
  const reports = rig.finish();
  return {
    hash: rig.world.hash.value,
    eventCount: rig.world.eventCount,
    nowNs: rig.nowNs,
    randoms: rig.randoms.map((random) => random.state()),
    outcomes,
    pausesNs: rig.vms.flatMap((vm) => [...vm.pauseNs]),
    reports,
  };
}

const CASES = DRIVERS.flatMap((driver) => LOAD_NAMES.map((load) => ({ ...driver, load })));

describe.each(CASES)('$generation on hardware $hardware, $load', (options) => {
  test('the same seed gives the same run, to the last draw', () => {
    const first = live({ ...options, seed: 7 });
    expect(live({ ...options, seed: 7 })).toEqual(first);
    expect(first.outcomes.map(({ kind }) => kind)).toEqual(['moved', 'moved', 'moved', 'moved', 'failed', 'moved']);
    expect(first.reports.every(({ accepted }) => accepted > 0)).toBe(options.load !== 'idle');
  });
});

/** Without a listener the port makes rows of accesses in one go; with one, access by access. */
describe.each(CASES)('$generation on hardware $hardware, $load, listened to', (options) => {
  test('is the same run, to the nanosecond', () => {
    let accesses = 0;
    const tracer: AccessTracer = {
      access: () => {
        accesses += 1;
      },
    };
    const seeded = { ...options, queuePairs: 8, seed: 7 };
    expect(live(seeded, tracer)).toEqual(live(seeded));
    expect(accesses).toBeGreaterThan(500);
  });
});

describe.each(DRIVERS)('$generation on hardware $hardware', (driver) => {
  test('another seed gives another run of an open load', () => {
    const [a, b] = [7, 8].map((seed) => live({ ...driver, load: 'half', seed }));
    expect(a!.hash).not.toBe(b!.hash);
    expect(a!.randoms).not.toEqual(b!.randoms);
    expect(a!.reports.map(({ ok }) => ok)).toEqual([true, true, true]);
  });

  test('a seed does not matter where nothing is left to chance', () => {
    const [a, b] = [7, 8].map((seed) => live({ ...driver, load: 'saturated', seed }));
    expect(a!.hash).toBe(b!.hash);
    expect(a!.eventCount).toBe(b!.eventCount);
  });

  test('one microsecond more of load gives another run', () => {
    const hash = (ms: number): string => {
      const rig = new Rig({ ...driver, load: 'half' });
      rig.pass(ms);
      rig.move();
      rig.finish();
      return rig.world.hash.value;
    };
    expect(hash(1)).toBe(hash(1));
    expect(hash(1.05)).not.toBe(hash(1));
  });
});
