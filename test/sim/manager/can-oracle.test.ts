/**
 * `can` against an oracle that shares no table with it (test/oracles), on products and random questions. What both answer to
 * single questions is written out in the other tests of this folder.
 */
import { array, assert, boolean, constantFrom, integer, option, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { GIB, TIB } from '../../../sim/base/units.ts';
import { DRIVER_IDS } from '../../../sim/manager/drivers.ts';
import { effort } from '../../effort.ts';
import { type OracleQuestion, QEMU_RELEASES } from '../../oracles/can-oracle.ts';
import { ask, difference, onlyRead } from './can-rig.ts';

/** Every n-th of a product, so that all lists are met in all lengths of run. */
function* product(every: number): Generator<OracleQuestion> {
  let place = 0;
  for (const driver of DRIVER_IDS.filter((id) => id !== 'vfio-user'))
    for (const kernel of ['5.15', '5.18', '6.1', '6.2', '6.5', '6.8', '6.9', '6.11', '6.12', '6.15', '7.2', '7.3'])
      for (const vmmVersion of QEMU_RELEASES)
        for (const backend of ['type1', 'iommufd'] as const)
          for (const dirtyTracking of [true, false])
            for (const virtual of [true, false])
              for (const count of [0, 1, 2, 3])
                for (const qemu of OPTIONS) {
                  if (place++ % every !== 0) continue;
                  const of = count === 0 ? [] : [{ driver, count }];
                  const iommu = { backend, hardware: 'vt-d', dirtyTracking, virtual } as const;
                  yield {
                    vmm: 'qemu',
                    vmmVersion,
                    kernel,
                    devices: of,
                    iommu,
                    memory: 64 * GIB,
                    gigabitsPerSecond: 25,
                    qemu,
                  };
                }
}

const OPTIONS: readonly NonNullable<OracleQuestion['qemu']>[] = [
  {},
  { enableMigration: 'auto' },
  { enableMigration: 'on' },
  { enableMigration: 'off' },
  { enableMigration: 'on', preCopyDirtyTracking: false },
  { onlyMigratable: true },
  { enableMigration: 'on', onlyMigratable: true },
  { postCopy: true },
];

const drawnDevice = record(
  {
    driver: constantFrom(...DRIVER_IDS.filter((id) => id !== 'vfio-user')),
    count: integer({ min: 1, max: 2 }),
    attachedAs: constantFrom('hostDevice', 'gpu', 'network'),
    unplugged: boolean(),
  },
  { requiredKeys: ['driver', 'attachedAs'] },
);

/** Questions with what may be left out left out, of mixed devices and all managers. */
const drawn = record(
  {
    vmm: constantFrom('qemu', 'qemu', 'qemu', 'cloud-hypervisor'),
    qemuVersion: option(constantFrom(...QEMU_RELEASES, '8.2.4', '12.0', '7.1', '2.12', 'main'), { freq: 12 }),
    cloudHypervisorVersion: option(constantFrom('v52', 'v53', 'main', 'v54', 'v51', '12')),
    manager: constantFrom('none', 'none', 'libvirt', 'kubevirt', 'nova', 'proxmox'),
    libvirt: option(constantFrom('8.0', '8.9', '9.5', '11.3', '11.9', '12.2', '12.8', '13.1'), { freq: 12 }),
    managerVersion: option(constantFrom('1.9', '2026.2', '1.3', '2025.1', 'main'), { nil: undefined, freq: 2 }),
    kernel: option(constantFrom('5.4', '5.18', '6.1', '6.8', '6.11', '6.12', '6.15', '7.2', '7.3', '7.9')),
    devices: array(drawnDevice, { maxLength: 3 }),
    iommu: record(
      {
        backend: constantFrom('type1', 'iommufd'),
        hardware: constantFrom('smmuv3', 'vt-d', 'amd-vi'),
        dirtyTracking: boolean(),
        virtual: boolean(),
      },
      { requiredKeys: [] },
    ),
    memory: constantFrom(GIB, 64 * GIB, 16 * TIB),
    gigabitsPerSecond: constantFrom(25, 400),
    qemu: record(
      {
        enableMigration: constantFrom('auto', 'on', 'on', 'off'),
        deviceDirtyTracking: constantFrom(true, false),
        preCopyDirtyTracking: boolean(),
        onlyMigratable: constantFrom(false, false, true),
        multifd: boolean(),
        xbzrle: constantFrom(false, false, true),
        switchoverAck: constantFrom(false, false, false, true),
        dirtyLimit: constantFrom(false, false, false, true),
        dirtyRing: boolean(),
        autoConverge: constantFrom(false, false, true),
        postCopy: constantFrom(false, false, false, true),
        backgroundSnapshot: constantFrom(false, false, false, true),
        multifdTransfer: constantFrom('auto', 'auto', 'auto', 'on', 'off'),
      },
      { requiredKeys: [] },
    ),
    cloudHypervisor: record(
      { memoryMode: constantFrom('precopy', 'postcopy'), local: boolean(), connections: constantFrom(1, 1, 1, 4) },
      { requiredKeys: [] },
    ),
    kubevirt: record({ vgpuLiveMigration: boolean(), allowPostCopy: boolean() }, { requiredKeys: [] }),
    nova: record(
      { liveMigratable: constantFrom('yes', 'yes', 'no', 'absent'), permitPostCopy: boolean() },
      { requiredKeys: [] },
    ),
    proxmox: record({ mapped: boolean(), liveMigrationCapable: boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['vmm', 'manager', 'devices', 'iommu', 'memory', 'gigabitsPerSecond', 'qemu'] },
).map(({ qemuVersion, cloudHypervisorVersion, libvirt, managerVersion, vmm, kernel, ...rest }): OracleQuestion => {
  const manager = vmm === 'qemu' ? rest.manager : 'none';
  const said = {
    vmmVersion: vmm === 'qemu' ? qemuVersion : cloudHypervisorVersion,
    managerVersion: manager === 'libvirt' ? libvirt : managerVersion,
    libvirtVersion: libvirt,
    kernel,
  };
  const releases = Object.entries(said).filter(([, release]) => typeof release === 'string');
  return onlyRead({ ...rest, vmm, manager, ...Object.fromEntries(releases) });
});

describe('can and the oracle agree', () => {
  test('on the product of drivers, kernels, releases, backends, tracking, vIOMMU, counts and options', () => {
    const every = effort(197, 37, 1);
    const differences: string[] = [];
    const seen = new Map<string, number>();
    for (const question of product(every)) {
      const found = difference(question);
      if (found !== null) differences.push(found);
      const { outcome } = ask(question);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    expect(differences.slice(0, 5)).toEqual([]);
    for (const outcome of ['moves', 'refused', 'attachFails', 'neverEnds', 'movesAllDirty', 'asks']) {
      expect(seen.get(outcome) ?? 0).toBeGreaterThan(effort(4, 25, 1_000));
    }
  });

  test('on mixed devices under every manager, with fields left out', () => {
    assert(
      property(drawn, (question) => {
        expect(difference(question)).toBeNull();
      }),
      { numRuns: effort(150, 400, 100_000) },
    );
    expect.hasAssertions();
  });
});
