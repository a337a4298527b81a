/** What the tables do not know for certain is asked for, and never asserted. */
import { describe, expect, test } from 'vitest';

import { GIB } from '../../../sim/base/units.ts';
import type { OracleQuestion } from '../../oracles/can-oracle.ts';
import { ask, devices, difference, HISI, MLX5, QAT } from './can-rig.ts';

describe('what is not on record', () => {
  const track = { backend: 'iommufd', hardware: 'vt-d', dirtyTracking: true, virtual: false } as const;
  const at = (
    kernel: string,
    of: OracleQuestion['devices'],
    iommu: OracleQuestion['iommu'] = track,
  ): OracleQuestion => ({
    vmm: 'qemu',
    vmmVersion: '10.2',
    kernel,
    devices: of,
    memory: 64 * GIB,
    gigabitsPerSecond: 25,
    ...(iommu === undefined ? {} : { iommu }),
  });
  const type1 = { ...track, backend: 'type1' } as const;

  test.each<[string, OracleQuestion, readonly string[]]>([
    ['mlx5 of 5.18', at('5.18', MLX5, type1), ['devices[0].migrates', 'devices[0].offers.dmaLog']],
    ['mlx5 of 6.0', at('6.0', MLX5, type1), ['devices[0].migrates', 'devices[0].offers.dmaLog']],
    ['pds of 6.8', at('6.8', devices('pds_vfio_pci'), type1), ['devices[0].migrates', 'devices[0].offers.dmaLog']],
    ['xe of 6.15', at('6.15', devices('xe_vfio_pci')), ['devices[0].migrates']],
    ['VT-d of 6.8', at('6.8', HISI), ['iommu.kernelReports']],
    ['AMD-Vi of 6.7', at('6.7', HISI, { ...track, hardware: 'amd-vi' }), ['iommu.kernelReports']],
    ['SMMUv3 of 6.11', at('6.11', HISI, { ...track, hardware: 'smmuv3' }), ['iommu.kernelReports']],
    [
      'an IOMMU that nobody names, of 6.8',
      at('6.8', HISI, { backend: 'iommufd', dirtyTracking: true }),
      ['iommu.hardware', 'iommu.kernelReports'],
    ],
    ['an mdev', at('7.3', devices('mdev'), type1), ['devices[0].migrates', 'devices[0].offers.dmaLog']],
    ['two mdevs', at('7.3', [{ driver: 'mdev', count: 2 }]), ['devices[0].migrates', 'devices[0].offers.p2p']],
    ['tracking', at('7.3', QAT, { backend: 'iommufd' }), ['iommu.dirtyTracking']],
    ['backend and tracking', at('7.3', QAT, {}), ['iommu.backend', 'iommu.dirtyTracking']],
    ['libvirt 12.0', { ...at('7.3', HISI), manager: 'libvirt', managerVersion: '12.0' }, ['managerVersion']],
    [
      'xe in Debian for arm64',
      {
        ...at('7.2', devices('mlx5_vfio_pci')),
        distribution: 'debian-arm64',
        devices: devices('xe_vfio_pci'),
        qemu: { enableMigration: 'on' },
      },
      ['devices[0].migrates'],
    ],
  ])('%s is asked for', (_, question, fields) => {
    const answer = ask(question);
    expect(answer.outcome).toBe('asks');
    expect(answer.asks.map(({ field }) => field).toSorted()).toEqual(fields.toSorted());
    expect(difference(question)).toBeNull();
  });

  test.each<[string, OracleQuestion, string]>([
    ['SMMUv3 of 6.10 reports nothing', at('6.10', HISI, { ...track, hardware: 'smmuv3' }), 'refused'],
    ['VT-d of 6.6 reports nothing', at('6.6', HISI), 'refused'],
    ['whatever the hardware is that nobody names', at('6.1', HISI, { backend: 'iommufd' }), 'refused'],
    ['VT-d of 6.12', at('6.12', HISI), 'moves'],
    ['mlx5 between 6.1 and 6.12', at('6.4', MLX5, type1), 'moves'],
    ['QAT from 6.10', at('6.10', QAT, { ...track, kernelReports: true }), 'moves'],
    ['QAT before', at('6.9', QAT, { ...track, kernelReports: true }), 'refused'],
    ['virtio of 6.12 has legacy I/O only', at('6.12', devices('virtio_vfio_pci')), 'refused'],
    ['xe of 6.12 is not there', at('6.12', devices('xe_vfio_pci')), 'refused'],
    ['what does not matter is not asked for', at('5.18', MLX5, { ...type1, virtual: true }), 'refused'],
    ['Debian for amd64', { ...at('7.2', MLX5), distribution: 'debian-amd64' }, 'refused'],
    ['Debian for arm64', { ...at('7.2', HISI), distribution: 'debian-arm64' }, 'refused'],
  ])('%s', (_, question, outcome) => {
    expect(ask(question).outcome).toBe(outcome);
    expect(difference(question)).toBeNull();
  });

  test('a release at which only Nova decides otherwise is tried as well', () => {
    const { vmmVersion: _, ...question } = at('7.2', MLX5);
    const under = { ...question, manager: 'nova', libvirtVersion: '12.2', nova: { liveMigratable: 'yes' } } as const;
    const options = { deviceDirtyTracking: false, onlyMigratable: true };
    expect(difference({ ...under, qemu: options })).toBeNull();
  });

  test('what is said settles it', () => {
    const said = at('5.18', [{ driver: 'mlx5_vfio_pci', migrates: true, offers: { dmaLog: true } }], type1);
    expect(ask(said).outcome).toBe('moves');
    expect(difference(said)).toBeNull();
    expect(ask(at('6.8', HISI, { ...track, kernelReports: true })).outcome).toBe('moves');
    expect(ask(at('6.8', HISI, { ...track, kernelReports: false })).outcome).toBe('refused');
  });

  test.each<[string, OracleQuestion, RegExp]>([
    [
      'P2P of hisilicon',
      at('7.3', [{ driver: 'hisi_acc_vfio_pci', offers: { p2p: true } }]),
      /devices\[0\]\.offers\.p2p.*no P2P/,
    ],
    ['a log of QAT', at('7.3', [{ driver: 'qat_vfio_pci', offers: { dmaLog: true } }]), /offers\.dmaLog/],
    ['migration of vfio-pci', at('7.3', [{ driver: 'vfio-pci', migrates: true }]), /migrates/],
    [
      'offers of what does not migrate',
      at('7.3', [{ driver: 'mdev', migrates: false, offers: { p2p: true } }]),
      /migrates is false/,
    ],
    ['another kernel of Debian', { ...at('6.12', MLX5), distribution: 'debian-amd64' }, /kernel is 6\.12/],
    ['Cloud Hypervisor under KubeVirt', { vmm: 'cloud-hypervisor', manager: 'kubevirt', devices: MLX5 }, /starts QEMU/],
  ])('%s is a contradiction', (_, question, message) => {
    expect(() => ask(question)).toThrow(message);
  });
});
