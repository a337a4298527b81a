/**
 * What `run` and `plan` do with what `can` says: documents as users had them, as they are and with `assume`.
 */
import { describe, expect, test } from 'vitest';

import { readProfile, shippedProfiles } from '../../../bench/io/profiles.ts';
import { readQuestion } from '../../../bench/studies/plan/read-question.ts';
import { QUESTIONS } from '../../../bench/studies/plan/shipped.ts';
import { readScenario } from '../../../bench/studies/run/play.ts';
import { shippedScenarios } from '../../../bench/studies/run/shipped.ts';
import { UserError } from '../../../sim/base/user-error.ts';
import { answer } from '../../../sim/fleet/answer.ts';
import { questionSchema } from '../../../sim/fleet/question.ts';
import { vmsOf, withWholeVms } from '../../../sim/fleet/whole-vm.ts';
import { type Assumption, ASSUMPTIONS } from '../../../sim/manager/question.ts';
import { CAN_OUTCOMES } from '../../../sim/manager/can-answer.ts';
import { DRIVER_IDS, DRIVERS } from '../../../sim/manager/drivers.ts';
import { type DeviceProfile, deviceProfileSchema } from '../../../sim/memory/device-profile.ts';
import { askCan, type AskedVm, WillNotMove } from '../../../sim/scenario/ask-can.ts';
import { compileScenario, type CompiledScenario } from '../../../sim/scenario/compile.ts';
import { scenarioSchema } from '../../../sim/scenario/document.ts';
import { runScenario } from '../../../sim/scenario/scenario-run.ts';

const VGPU = deviceProfileSchema.parse({
  format: 'stopcopy-device-profile',
  version: 1,
  id: 'vgpu-8gb',
  title: 'vGPU with a frame buffer of 8 GB',
  preCopy: false,
  p2p: true,
  stateBytes: { value: 8e9, range: [2e9, 8e9], from: 'published', source: 'frame buffer' },
  preCopiedShare: { value: 0, range: [0, 0], from: 'assumed', source: 'none' },
  fixedNs: { value: 1e8, range: [5e7, 5e8], from: 'assumed', source: 'a guess' },
  perQueueNs: { value: 0, range: [0, 0], from: 'assumed', source: 'none' },
  streamBytesPerSecond: { value: 1e9, range: [2e9, 5e8], from: 'assumed', source: 'a guess' },
  sharedBytesPerSecond: { value: 1e9, range: [2e9, 5e8], from: 'assumed', source: 'a guess' },
  allocateNsPerByte: { value: 0, range: [0, 0], from: 'assumed', source: 'none' },
  lockedNs: { value: 0, range: [0, 0], from: 'assumed', source: 'none' },
});

function compiled(fields: object, assume?: object): CompiledScenario {
  const scenario = scenarioSchema.parse({
    format: 'stopcopy-scenario',
    version: 2,
    name: 'case',
    description: 'As a user wrote it',
    ...fields,
    ...(assume === undefined ? {} : { assume }),
  });
  const profiles = new Map<string, DeviceProfile>([['vgpu', VGPU]]);
  for (const { profile } of scenario.devices) if (!profiles.has(profile)) profiles.set(profile, readProfile(profile));
  return compileScenario(scenario, profiles, 'case.yaml');
}

function errorOf(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Whether a VM moves with one assumption taken back; what is asked for instead counts as no. */
function movesWithout(
  vm: AskedVm,
  assumption: Assumption,
  profiles: ReadonlyMap<string, DeviceProfile>,
  file: string,
): boolean {
  const assume = { ...vm.assume, [assumption]: undefined };
  try {
    return CAN_OUTCOMES[askCan({ ...vm, assume }, profiles, file).answer.outcome].moves;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

const SMALL = {
  vcpus: 4,
  memory: { size: '1GiB', nonZeroShare: 0.5, dirty: { kind: 'uniform', pagesPerSecond: 5000, workingSet: '64MiB' } },
  stream: { gigabitsPerSecond: 25 },
  devices: [{ profile: 'acc-zip', queues: 2, load: 'half' }],
};
const TRACKED = { dirtyTracking: true };

describe('everything that ships', () => {
  test.each(shippedScenarios())('scenario %s passes can, and says what it assumes', (name) => {
    const { scenario, can } = readScenario(name);
    expect(CAN_OUTCOMES[can.answer.outcome].moves).toBe(true);
    expect(can.question.assume).toEqual(scenario.assume ?? {});
  });

  test.each(QUESTIONS.names())('question %s passes can, and says what it assumes', (name) => {
    const { question, files, file } = readQuestion(name);
    for (const vm of vmsOf(withWholeVms(question, files.presets))) {
      expect(CAN_OUTCOMES[askCan(vm, files.profiles, file).answer.outcome].moves).toBe(true);
    }
  });

  test('no assumption of a shipped question is idle: without that one alone a VM stays, or a fact is asked for', () => {
    const found: string[] = [];
    for (const name of QUESTIONS.names()) {
      const { question, files, file } = readQuestion(name);
      const vms = vmsOf(withWholeVms(question, files.presets));
      for (const each of ASSUMPTIONS.filter((assumption) => vms.some(({ assume }) => assume?.[assumption] === true))) {
        found.push(each);
        const moves = vms.map((vm) => movesWithout(vm, each, files.profiles, file));
        expect([name, each, moves.every(Boolean)]).toEqual([name, each, false]);
      }
    }
    expect(found.length).toBeGreaterThan(5);
  });

  test('no assumption of a shipped file is idle: without it the VM stays, or a fact is asked for', () => {
    let assumed = 0;
    for (const name of shippedScenarios()) {
      const { scenario, devices } = readScenario(name);
      if (scenario.assume === undefined) continue;
      assumed += 1;
      const profiles = new Map(scenario.devices.map(({ profile }, i) => [profile, devices[i]!.profile]));
      const { assume: _, ...plain } = scenario;
      expect(() => compileScenario(plain, profiles, name)).toThrow(UserError);
    }
    expect(assumed).toBeGreaterThan(0);
  });

  test('profiles say of their drivers what the newest kernel has; others are no matter of VFIO, or of the user', () => {
    const rest: (string | undefined)[] = [];
    for (const { driver, p2p, preCopy } of shippedProfiles().map(readProfile)) {
      const id = DRIVER_IDS.find((each) => each === driver);
      const newest = id === undefined ? { p2p, preCopy } : DRIVERS[id].rows.at(-1);
      expect(newest).toMatchObject({ p2p, preCopy });
      if (id === undefined) rest.push(driver);
    }
    expect(new Set(rest)).toEqual(new Set(['vhost-vdpa', undefined]));
  });
});

describe('a VF of HiSilicon', () => {
  test('is not moved by pre-copy of Cloud Hypervisor, which refuses at the start in its own words', () => {
    const error = errorOf(() => compiled({ ...SMALL, vmm: 'cloud-hypervisor' }));
    expect(error).toBeInstanceOf(WillNotMove);
    expect(error.message).toMatch(/hisi_acc_vfio_pci has none.*Cloud Hypervisor: '.*start_dma_logging'/);
    expect(error.hint).toMatch(/postcopy|local/);
  });

  test('under QEMU, when nothing is said of tracking, is asked about in one sentence, never taken to be tracked', () => {
    const error = errorOf(() => compiled(SMALL));
    expect(error.kind).toBe('input');
    expect(error.message).toMatch(/depends on vmmVersion, .*iommu\.dirtyTracking.*not given$/);
    expect(error.hint).toContain('assume: { dirtyTracking: true }');
  });

  test('moves alone under QEMU where the IOMMU tracks; two of them do not, and P2P is what they lack', () => {
    const hosts = {
      vmmVersion: '10.2',
      kernel: '6.12',
      iommu: { backend: 'iommufd', hardware: 'smmuv3', dirtyTracking: true },
    };
    expect(compiled({ ...SMALL, ...hosts }).can.answer.outcome).toBe('moves');
    const two = { ...SMALL, ...hosts, devices: [{ profile: 'acc-zip', count: 2 }] };
    expect(errorOf(() => compiled(two)).message).toMatch(/support P2P migration/);
    expect(compiled(two, { p2p: true }).can.answer.outcome).toBe('moves');
  });

  test('that fails is blank after a reset under both VMMs, and the guest stays', () => {
    const faults = [{ kind: 'device', what: 'fatalError', side: 'source' }];
    for (const vmm of ['qemu', 'cloud-hypervisor']) {
      const [vm] = runScenario(compiled({ ...SMALL, vmm, faults }, TRACKED), 'point').vms;
      expect(vm).toMatchObject({ kind: 'failed', devices: { outcome: { vfs: ['blank'], guestAt: 'source' } } });
    }
  });

  test('of another number of queues costs a pause under Cloud Hypervisor only', () => {
    const faults = [{ kind: 'otherQueues', queues: 1 }];
    const pauseNs = (vmm: string): number =>
      runScenario(compiled({ ...SMALL, vmm, faults }, TRACKED), 'point').vms[0]!.pauseNs;
    expect(pauseNs('qemu')).toBe(0);
    expect(pauseNs('cloud-hypervisor')).toBeGreaterThan(0);
  });

  test.each([[{ kind: 'cancel', at: 'devicesStopped' }], [{ kind: 'link', at: 'sending', share: 0.99 }]])(
    'loses no task when the move is cut: %j',
    (fault) => {
      const [vm] = runScenario(compiled({ ...SMALL, faults: [fault] }, TRACKED), 'point').vms;
      expect(vm!.devices.outcome).toMatchObject({ vfs: ['served'], guestAt: 'source' });
      expect(vm!.devices.reports[0]).toMatchObject({ ok: true, violationCount: 0 });
    },
  );
});

describe('a VM whose devices nothing tracks', () => {
  const memory = { size: '16GiB', dirty: { kind: 'uniform', pagesPerSecond: 2000, workingSet: '512MiB' } };
  const untracked = { ...SMALL, memory: { ...memory, dma: { tracking: 'none' } }, vmmVersion: '10.2' };
  const forced = (qemu: object, convergence: object = {}): CompiledScenario =>
    compiled({ ...untracked, qemu: { enableMigration: 'on', ...qemu }, convergence });

  test('is refused by QEMU', () => {
    expect(errorOf(() => compiled(untracked)).message).toContain(
      "VFIO device doesn't support device and IOMMU dirty tracking",
    );
  });

  test('never ends where migration is forced on, as each sync reports all memory dirty', () => {
    const error = errorOf(() => forced({}));
    expect(error).toBeInstanceOf(WillNotMove);
    expect(error.message).toMatch(/never ends.*all memory dirty/);
  });

  test('is stopped by a time-out with all of its memory left: 16 GiB over 25 Gbit/s, some 6 s', () => {
    const plan = forced({}, { timeout: '30s', whenOut: 'stop' });
    const [vm] = runScenario(plan, 'point').vms;
    const wholeNs = ((16 * 2 ** 30) / vm!.move.rates.memoryBytesPerSecond) * 1e9;
    expect(vm!.kind).toBe('forced');
    expect(vm!.pauseNs).toBeGreaterThan(wholeNs);
    expect(vm!.pauseNs).toBeLessThan(1.1 * wholeNs);
    expect(vm!.rounds.slice(1).every(({ sentBytes, dirtiedBytes }) => Math.abs(sentBytes - dirtiedBytes) < 1e9)).toBe(
      true,
    );
  });

  test('with pre-copy tracking off converges on what vCPUs write, and the pause sends all memory whatever the limit', () => {
    const plan = forced({ preCopyDirtyTracking: false });
    expect(plan.can.answer.outcome).toBe('movesAllDirty');
    const [vm] = runScenario(plan, 'point').vms;
    expect(vm!.rounds.at(-1)!.dirtiedBytes).toBeLessThan(1e9);
    expect(vm!.pauseNs).toBeGreaterThan(5.5e9);
    expect(vm!.pauseNs).toBeLessThan(7e9);
  });

  test('moves as if tracked where that is assumed, with the pause of a VM whose devices are tracked', () => {
    const tracked = { ...SMALL, memory };
    const pauseNs = (fields: object): number => runScenario(compiled(fields, TRACKED), 'point').vms[0]!.pauseNs;
    expect(pauseNs(untracked)).toBe(pauseNs(tracked));
  });

  test('contradicts an IOMMU that tracks', () => {
    const both = { ...untracked, iommu: { dirtyTracking: true } };
    expect(errorOf(() => compiled(both)).message).toContain('memory.dma.tracking is none');
  });
});

test('DMA is marked in blocks of the IOMMU: larger ones never leave less to send, and vCPU pages stay as they are', () => {
  const left = (page?: string): number => {
    const dma = { bytesPerSecond: 1e8, buffers: '64MiB', ...(page === undefined ? {} : { page }) };
    const dirty = { kind: 'uniform', pagesPerSecond: 2000, workingSet: '512MiB' };
    const plan = compiled({ ...SMALL, memory: { size: '16GiB', dirty, dma } }, TRACKED);
    return runScenario(plan, 'point').vms[0]!.rounds[0]!.dirtiedBytes;
  };
  expect(left('4KiB')).toBe(left());
  expect(left('64KiB')).toBeGreaterThanOrEqual(left('4KiB'));
  expect(left('2MiB')).toBeGreaterThanOrEqual(left('64KiB'));
});

describe('a device of 8 GB of state', () => {
  const vgpu = {
    vcpus: 8,
    memory: { size: '16GiB' },
    stream: { gigabitsPerSecond: 10 },
    devices: [{ profile: 'vgpu' }],
  };

  test('whose driver no table knows is asked about', () => {
    expect(errorOf(() => compiled(vgpu)).message).toMatch(/dmaLog.*devices\[0\]/);
  });

  test('never fits into 300 ms, and the limit that would do is said', () => {
    const error = errorOf(() => compiled(vgpu, TRACKED));
    expect(error.message).toMatch(/8\.00 GB of state, and 3\d\d MB fit/);
    expect(error.hint).toMatch(/7\.\d\d s/);
  });

  test('is moved by force after the time-out', () => {
    const convergence = { downtimeLimit: '300ms', timeout: '5min', whenOut: 'stop' };
    const [vm] = runScenario(compiled({ ...vgpu, convergence }, TRACKED), 'point').vms;
    expect(vm!.kind).toBe('forced');
    expect(vm!.pauseNs / 1e9).toBeCloseTo(8.1, 1);
  });
});

describe('a fleet of which some VMs stay', () => {
  const vm = { vcpus: 4, memory: { size: '8GiB' }, stream: { gigabitsPerSecond: 25 } };
  const evacuation = (assume: object | undefined, pinned: object) =>
    questionSchema.parse({
      format: 'stopcopy-question',
      version: 2,
      name: 'pinned',
      description: '9 VMs with one VF and 3 others',
      ask: 'evacuate',
      hosts: 1,
      limits: 'kubevirt',
      ...(assume === undefined ? {} : { assume }),
      fleet: {
        racks: 1,
        hostsPerRack: 4,
        hostGigabitsPerSecond: 25,
        room: { memory: '512GiB', vfs: 40, queues: 400 },
        vms: [
          { name: 'movable', perHost: 9, vm: { ...vm, devices: [{ profile: 'acc-sec', queues: 8 }] } },
          { name: 'pinned', perHost: 3, vm, ...pinned },
        ],
      },
    });
  const files = { ...readQuestion('empty-host').files };
  const ask = (assume: object | undefined, pinned: object) =>
    answer(evacuation(assume, pinned), files, 'fleet.yaml', { tornado: false });
  const BOTH = { hostDevices: true, dirtyTracking: true };
  const two = { vm: { ...vm, devices: [{ profile: 'acc-sec' }, { profile: 'acc-zip' }] } };

  test('moves none of those with host devices through KubeVirt', () => {
    const { feasible, sentences } = ask(undefined, two);
    expect(feasible).toBe(false);
    expect(sentences.join(' ')).toMatch(/No VM moves.*9 VMs of movable stay.*generic PCI host device/);
  });

  test.each([
    ['two devices, one without P2P', two, /3 VMs of pinned stay.*support P2P migration/],
    ['declared so', { migratable: false }, /3 VMs of pinned stay.*declared as not migratable/],
  ])('moves the 9 others, and says why 3 stay: %s', (_, pinned, says) => {
    const { feasible, sentences, tables } = ask(BOTH, pinned);
    expect(feasible).toBe(false);
    expect(sentences.join(' ')).toMatch(/The 9 VMs of 1 host that can move take/);
    expect(sentences.join(' ')).toMatch(says);
    expect(tables[0]!.rows.find(([title]) => title === 'VMs moved')!.slice(1)).toEqual([9, 9, 9]);
  });
});

test('each assumption is a word of the format', () => {
  for (const name of ASSUMPTIONS)
    expect(compiled(SMALL, { ...TRACKED, [name]: true }).can.question.assume[name]).toBe(true);
});
