/** Which words QEMU shows when several tests fail, and what its options refuse. */
import { describe, expect, test } from 'vitest';

import { GIB, TIB } from '../../../sim/base/units.ts';
import type { OracleQuestion } from '../../oracles/can-oracle.ts';
import { ask, devices, difference, HISI, MLX5, NAME, PLAIN, TEXT } from './can-rig.ts';

describe('which words QEMU shows', () => {
  const at = (question: Partial<OracleQuestion>): OracleQuestion => ({
    vmm: 'qemu',
    vmmVersion: '10.2',
    kernel: '7.3',
    devices: HISI,
    iommu: { backend: 'iommufd', hardware: 'smmuv3', dirtyTracking: true, virtual: false },
    ...question,
  });
  const type1 = { backend: 'type1', hardware: 'smmuv3', dirtyTracking: false, virtual: false } as const;
  const virtual = { ...type1, backend: 'iommufd', dirtyTracking: true, virtual: true } as const;

  test.each<[string, OracleQuestion, string, string | null]>([
    [
      'of a device that passes all tests after a blocked one, the blocked one',
      at({ devices: [...PLAIN, ...MLX5] }),
      'refused',
      TEXT.B0a(NAME[0]),
    ],
    [
      'a third device adds no second blocker of the VM',
      at({ devices: [...HISI, ...HISI, ...HISI] }),
      'refused',
      TEXT.B4(),
    ],
    ['a device without migration is not counted', at({ devices: [...PLAIN, ...HISI] }), 'refused', TEXT.B0a(NAME[0])],
    [
      'one that only lacks tracking is counted',
      at({ devices: [...HISI, ...MLX5], iommu: type1 }),
      'refused',
      TEXT.B4(),
    ],
    [
      'the vIOMMU is tested after the blocker of the VM',
      at({ devices: [...HISI, ...HISI], iommu: virtual }),
      'refused',
      TEXT.B5(NAME[1]),
    ],
    [
      '--only-migratable fails the attach',
      at({ iommu: type1, qemu: { onlyMigratable: true } }),
      'attachFails',
      `vfio ${NAME[0]}: disallowing migration blocker (--only-migratable) for: ${TEXT.B2(NAME[0])}`,
    ],
    [
      '--only-migratable at the second device',
      at({ devices: [...HISI, ...HISI], qemu: { onlyMigratable: true } }),
      'attachFails',
      `vfio ${NAME[1]}: disallowing migration blocker (--only-migratable) for: ${TEXT.B4()}`,
    ],
    [
      'a warning is no blocker',
      at({ iommu: type1, qemu: { onlyMigratable: true, enableMigration: 'on' } }),
      'neverEnds',
      TEXT.B2(NAME[0]),
    ],
    [
      'an attach fails before capabilities are set',
      at({ devices: PLAIN, qemu: { enableMigration: 'on', multifd: true, xbzrle: true } }),
      'attachFails',
      `vfio ${NAME[0]}: ${TEXT.B0a(NAME[0])}`,
    ],
    ['post-copy', at({ qemu: { postCopy: true } }), 'refused', TEXT.B7(NAME[0])],
    [
      'background snapshot',
      at({ qemu: { backgroundSnapshot: true } }),
      'refused',
      `${NAME[0]}: VFIO migration is not supported with background snapshot`,
    ],
    [
      'device state over channels that are not there',
      at({ qemu: { multifdTransfer: 'on' } }),
      'refused',
      `${NAME[0]}: Multifd device transfer requested but unsupported in the current config`,
    ],
    ['device state over channels', at({ qemu: { multifdTransfer: 'on', multifd: true } }), 'moves', null],
    [
      'multifd and xbzrle',
      at({ qemu: { multifd: true, xbzrle: true } }),
      'refused',
      'Multifd is not compatible with xbzrle',
    ],
    [
      'dirty-limit and auto-converge',
      at({ qemu: { dirtyLimit: true, dirtyRing: true, autoConverge: true } }),
      'refused',
      'dirty-limit conflicts with auto-converge either of then available currently',
    ],
    [
      'dirty-limit without a ring',
      at({ qemu: { dirtyLimit: true } }),
      'refused',
      "dirty-limit requires KVM with accelerator property 'dirty-ring-size' set",
    ],
    [
      'switchover-ack without return-path',
      at({ qemu: { switchoverAck: true } }),
      'refused',
      "Capability 'switchover-ack' requires capability 'return-path'",
    ],
    ['a failover pair skips all tests', at({ devices: [{ driver: 'vfio-pci', unplugged: true }] }), 'moves', null],
    [
      'also those of post-copy',
      at({ devices: [{ driver: 'vfio-pci', unplugged: true }], qemu: { postCopy: true } }),
      'moves',
      null,
    ],
    [
      'and it is not counted',
      at({ devices: [{ driver: 'hisi_acc_vfio_pci', unplugged: true }, ...HISI] }),
      'moves',
      null,
    ],
    [
      'tracking off in pre-copy',
      at({ iommu: type1, qemu: { enableMigration: 'on', preCopyDirtyTracking: false } }),
      'movesAllDirty',
      TEXT.B2(NAME[0]),
    ],
    [
      'memory that fits into the pause',
      at({ iommu: type1, memory: GIB, gigabitsPerSecond: 100, qemu: { enableMigration: 'on' } }),
      'movesAllDirty',
      TEXT.B2(NAME[0]),
    ],
    [
      'memory that does not',
      at({ iommu: type1, memory: 4 * GIB, gigabitsPerSecond: 100, qemu: { enableMigration: 'on' } }),
      'neverEnds',
      TEXT.B2(NAME[0]),
    ],
    [
      'hardware older than V3 offers no migration',
      at({ devices: [{ driver: 'hisi_acc_vfio_pci', migrates: false }] }),
      'refused',
      TEXT.B0a(NAME[0]),
    ],
    ['no VFIO device', at({ devices: [] }), 'moves', null],
  ])('%s', (_, question, outcome, text) => {
    const answer = ask(question);
    expect([answer.outcome, answer.messages[0]?.text ?? null]).toEqual([outcome, text]);
    expect(difference(question)).toBeNull();
  });

  test.each<[number, number | undefined, 'vt-d' | 'smmuv3', string]>([
    [8 * TIB, undefined, 'vt-d', 'neverEnds'],
    [8 * TIB + GIB, undefined, 'vt-d', 'attachFails'],
    [8 * TIB + GIB, 4096, 'smmuv3', 'attachFails'],
    [8 * TIB + GIB, 16_384, 'smmuv3', 'neverEnds'],
    [32 * TIB + GIB, 16_384, 'smmuv3', 'attachFails'],
    [32 * TIB + GIB, 65_536, 'smmuv3', 'neverEnds'],
    [8 * TIB + GIB, undefined, 'smmuv3', 'asks'],
    [129 * TIB, undefined, 'smmuv3', 'attachFails'],
  ])('memory of %d bytes with pages of %s bytes on %s: %s', (memory, hostPage, hardware, outcome) => {
    const question: OracleQuestion = {
      ...at({ vmmVersion: '11.1', memory, gigabitsPerSecond: 400, qemu: { enableMigration: 'on' } }),
      iommu: { ...type1, hardware },
      ...(hostPage === undefined ? {} : { hostPage }),
    };
    expect(ask(question).outcome).toBe(outcome);
    expect(difference(question)).toBeNull();
    expect(ask({ ...question, vmmVersion: '10.2' }).outcome).toBe('neverEnds');
  });

  // The table of releases: both capabilities from 8.1, the property from 10.0.
  test.each<[string, OracleQuestion['qemu'], string, string]>([
    ['8.0', { switchoverAck: true, returnPath: true }, 'refused', 'noCapability'],
    ['8.0', { dirtyLimit: true, dirtyRing: true }, 'refused', 'noCapability'],
    ['9.2', { multifdTransfer: 'on', multifd: true }, 'attachFails', 'noProperty'],
    ['9.2', { multifdTransfer: 'off' }, 'attachFails', 'noProperty'],
  ])('what QEMU %s does not have yet: %j', (vmmVersion, qemu, outcome, condition) => {
    const question: OracleQuestion = { ...at({ devices: MLX5, qemu: { ...qemu, enableMigration: 'on' } }), vmmVersion };
    expect(ask(question)).toMatchObject({ outcome, condition, messages: [{ by: 'QEMU', text: null }] });
    expect(difference(question)).toBeNull();
    const later: OracleQuestion = { ...question, vmmVersion: outcome === 'refused' ? '8.1' : '10.0' };
    expect(ask(later).outcome).toBe('moves');
    expect(difference(later)).toBeNull();
  });

  // PRE_COPY: mlx5 has it, pds has not. libvirt sets switchover-ack of itself, where it is not tunnelled.
  test.each<[string, OracleQuestion, readonly string[]]>([
    ['set', at({ devices: MLX5, qemu: { switchoverAck: true, returnPath: true } }), [NAME[0]]],
    ['not set', at({ devices: MLX5 }), []],
    ['by libvirt', at({ devices: MLX5, manager: 'libvirt', managerVersion: '12.8' }), [NAME[0]]],
    ['without PRE_COPY', at({ devices: devices('pds_vfio_pci'), qemu: { switchoverAck: true, returnPath: true } }), []],
    [
      'PRE_COPY that this device lacks',
      at({
        devices: [{ driver: 'mlx5_vfio_pci', offers: { preCopy: false } }, ...MLX5],
        qemu: { switchoverAck: true, returnPath: true },
      }),
      [NAME[1]],
    ],
  ])('switchover-ack %s waits for the devices with PRE_COPY', (_, question, names) => {
    const { outcome, notes } = ask(question);
    expect(outcome).toBe('moves');
    const note = notes.filter((each) => each.includes('switchover-ack'));
    expect(note.flatMap((each) => each.match(/0000:[0-9a-f:.]+/g) ?? [])).toEqual(names);
  });

  test('PRE_COPY of a driver that has none is a contradiction', () => {
    const asked = at({ devices: [{ driver: 'pds_vfio_pci', offers: { preCopy: true } }] });
    expect(() => ask(asked)).toThrow(/offers\.preCopy is true, and pds_vfio_pci has no PRE_COPY/);
  });
});
