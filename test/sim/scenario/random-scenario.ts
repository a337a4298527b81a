/**
 * Scenarios drawn at random: small VMs, whatever may go wrong, at any point. Some of it is switched off each time, so that
 * runs differ in kind and not only in luck.
 */
import { Random } from '../../../sim/base/random.ts';
import { MOVE_POINTS } from '../../../sim/move/move.ts';
import { type Scenario, scenarioSchema } from '../../../sim/scenario/document.ts';
import { DEVICE_FAULT_NAMES, IMAGE_FIELD_NAMES } from '../../../sim/scenario/fault.ts';

export function drawScenario(seed: number): Scenario {
  const random = new Random(seed, 7);
  const one = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const chance = (share: number): boolean => random.uniform() < share;

  const vmm = one(['qemu', 'cloud-hypervisor'] as const);
  const vms = one([1, 1, 2, 3]);
  const groups = vmm === 'qemu' ? 1 : one([1, 1, 2]);
  const devices = Array.from({ length: groups }, () => ({
    profile: one(['acc-sec', 'acc-hpre', 'acc-zip']),
    count: vmm === 'qemu' ? 1 : one([1, 2]),
    queues: 1 + random.below(4),
    load: one<Scenario['devices'][number]['load']>([
      'idle',
      'half',
      'saturated',
      { kind: 'open', fraction: 0.1 + random.uniform(), burst: 1 + random.below(4) },
      { kind: 'closed', inFlight: 1 + random.below(7) },
    ]),
    driver: one(['linux-6.12.117', 'upstream-2026']),
    depths: { sq: one([8, 64]), cq: 64, eq: one([128, 256]) },
    inFlight: one(['finish', 'hold']),
    engine: { cores: 1 + random.below(4), taskTime: one(['20us', '100us']) },
  }));
  const vfs = devices.reduce((sum, { count }) => sum + count, 0);
  const place = { vm: 1 + random.below(vms), device: 1 + random.below(vfs) };

  const faults: unknown[] = [];
  const deviceFaults = chance(0.4) ? 0 : 1 + random.below(3);
  for (let i = 0; i < deviceFaults; i++) {
    const lasts = one([undefined, 1_000 + random.below(30_000_000)]);
    const times = one([undefined, 1, 2]);
    faults.push({
      kind: 'device',
      what: one(DEVICE_FAULT_NAMES),
      side: one(['source', 'destination']),
      vm: 1 + random.below(vms),
      device: 1 + random.below(vfs),
      ...(lasts === undefined ? {} : { lasts: `${lasts}ns` }),
      ...(times === undefined ? {} : { times }),
    });
  }
  if (chance(0.15)) faults.push({ kind: 'image', field: one(IMAGE_FIELD_NAMES), ...place });
  if (chance(0.1)) faults.push({ kind: 'otherQueues', queues: 1 + random.below(5), ...place });
  if (chance(0.4)) {
    const cut = chance(0.5)
      ? { kind: 'cancel', at: one(MOVE_POINTS) }
      : { kind: 'link', at: one(['precopy', 'sending']) };
    faults.push({ ...cut, share: random.uniform(), ...(chance(0.5) ? { vm: place.vm } : {}) });
  }
  const recovery =
    vmm === 'qemu'
      ? one([undefined, 'goOn', 'reset', 'resetSource'])
      : one([undefined, 'goOn', 'reset', 'resetSource', 'park']);
  return scenarioSchema.parse({
    format: 'stopcopy-scenario',
    version: 1,
    name: `seed-${seed}`,
    description: 'drawn at random',
    vmm,
    vms,
    vcpus: 1 + random.below(8),
    memory: {
      size: one(['64MiB', '1GiB']),
      dirty: chance(0.5) ? { kind: 'none' } : { kind: 'uniform', pagesPerSecond: random.below(5_000) },
    },
    stream: { gigabitsPerSecond: one([10, 25, 100]), latency: one(['5us', '1ms']) },
    convergence: { downtimeLimit: one(['50ms', '300ms']), timeout: '60s' },
    returnPath: chance(0.5),
    assume: { dirtyTracking: true },
    devices,
    faults,
    seed,
    ...(recovery === undefined ? {} : { recovery }),
  });
}
