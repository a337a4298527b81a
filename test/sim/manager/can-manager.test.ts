/** `can` and the oracle against what Cloud Hypervisor and the managers do, written out from their sources. */
import { describe, expect, test } from 'vitest';

import { GIB } from '../../../sim/base/units.ts';
import type { OracleQuestion } from '../../oracles/can-oracle.ts';
import { ask, devices, difference, HISI, MLX5, NAME, PLAIN, QAT, TEXT } from './can-rig.ts';

describe('Cloud Hypervisor', () => {
  const LOG = 'Migration failed: Failed to start migration for migratable component: VFIO start_dma_logging';
  const NONE = 'Migration failed: Failed to send migratable component snapshot: VFIO device does not support migration';
  const VIRTUAL = 'Migration failed: VFIO device live migration is not supported behind a virtual IOMMU';
  const silent = ['losesState', null] as const;
  const fine = ['moves', null] as const;
  type End = readonly [string, string | null];
  /** Columns: v52, v53, main by pre-copy, by post-copy, local. */
  const cells: readonly [string, OracleQuestion['devices'], boolean, readonly [End, End, End, End, End]][] = [
    ['a log', MLX5, false, [silent, silent, fine, fine, fine]],
    ['two with logs', [...MLX5, ...devices('pds_vfio_pci')], false, [silent, silent, fine, fine, fine]],
    ['P2P, no log', QAT, false, [silent, silent, ['refused', LOG], fine, fine]],
    ['no P2P, no log', HISI, false, [silent, silent, ['refused', LOG], fine, fine]],
    ['two without P2P', [...HISI, ...HISI], false, [silent, silent, ['refused', LOG], fine, fine]],
    ['a log and none', [...MLX5, ...QAT], false, [silent, silent, ['refused', LOG], fine, fine]],
    ['no migration', PLAIN, false, [silent, silent, ['refused', NONE], ['refused', NONE], ['refused', NONE]]],
    ['a log, vIOMMU', MLX5, true, [silent, silent, ['refused', VIRTUAL], ['refused', VIRTUAL], ['refused', VIRTUAL]]],
    ['no log, vIOMMU', HISI, true, [silent, silent, ['refused', VIRTUAL], ['refused', VIRTUAL], ['refused', VIRTUAL]]],
    ['no migration, vIOMMU', PLAIN, true, [silent, silent, ['refused', NONE], ['refused', NONE], ['refused', NONE]]],
    ['vfio-user', devices('vfio-user'), false, [silent, silent, silent, silent, silent]],
    [
      'vfio-user and no log',
      [...devices('vfio-user'), ...QAT],
      false,
      [silent, silent, ['refused', LOG], silent, silent],
    ],
    ['no device', [], false, [fine, fine, fine, fine, fine]],
  ];
  const columns = [
    ['v52', {}],
    ['v53', {}],
    ['main', {}],
    ['main', { memoryMode: 'postcopy' }],
    ['main', { local: true }],
  ] as const;

  test.each(cells)('%s', (_, of, virtual, ends) => {
    for (const [place, [vmmVersion, cloudHypervisor]] of columns.entries()) {
      const iommu = { backend: 'iommufd', hardware: 'vt-d', dirtyTracking: true, virtual } as const;
      const question: OracleQuestion = {
        vmm: 'cloud-hypervisor',
        vmmVersion,
        kernel: '7.3',
        devices: of,
        iommu,
        cloudHypervisor,
      };
      const answer = ask(question);
      expect([answer.outcome, answer.messages[0]?.text ?? null]).toEqual(ends[place]);
      expect(difference(question)).toBeNull();
    }
  });

  test.each<[string, NonNullable<OracleQuestion['cloudHypervisor']>]>([
    ['connections must not exceed 128.', { connections: 129, transport: 'unix' }],
    ['UNIX sockets and connections option cannot be used at the same time.', { connections: 2, transport: 'unix' }],
    ['local option is only supported with UNIX sockets.', { local: true, transport: 'tcp', memoryMode: 'postcopy' }],
    [
      'memory_mode=postcopy and local options are mutually exclusive.',
      { local: true, memoryMode: 'postcopy', connections: 2 },
    ],
    [
      'memory_mode=postcopy currently requires a single connection (connections=1).',
      { memoryMode: 'postcopy', connections: 2 },
    ],
    ['local option and connections option cannot be used at the same time.', { local: true, connections: 2 }],
  ])('%s', (text, cloudHypervisor) => {
    const question: OracleQuestion = { vmm: 'cloud-hypervisor', vmmVersion: 'main', devices: PLAIN, cloudHypervisor };
    expect(ask(question)).toMatchObject({ outcome: 'refused', messages: [{ text }] });
    expect(difference(question)).toBeNull();
  });

  test('the destination needs an iommufd, which is tested before the devices', () => {
    const iommu = { backend: 'type1' } as const;
    const question: OracleQuestion = {
      vmm: 'cloud-hypervisor',
      vmmVersion: 'main',
      kernel: '7.3',
      devices: PLAIN,
      iommu,
    };
    const text = 'Usage of `vfio_fds` requires `iommufd_fd` to be specified';
    expect(ask(question)).toMatchObject({ outcome: 'refused', messages: [{ text }] });
    expect(difference(question)).toBeNull();
    expect(ask({ ...question, devices: MLX5, iommu: {} }).asks.map(({ field }) => field)).toEqual(['iommu.backend']);
  });
});

describe('managers', () => {
  const iommufd = { backend: 'iommufd', hardware: 'vt-d', dirtyTracking: true, virtual: false } as const;
  const base = { vmm: 'qemu', vmmVersion: '10.2', kernel: '7.3', iommu: iommufd } as const;
  const mdev = {
    driver: 'mdev',
    attachedAs: 'gpu',
    migrates: true,
    offers: { p2p: true, preCopy: true, dmaLog: true },
  } as const;
  const network = { driver: 'mlx5_vfio_pci', attachedAs: 'network' } as const;
  const gpu = { driver: 'vfio-pci', attachedAs: 'gpu' } as const;
  const gate = { vgpuLiveMigration: true } as const;

  test('what a driver needs is no condition of a device that is unplugged for the move', () => {
    const unplugged: OracleQuestion = { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [network] };
    expect(ask(unplugged).condition).toBe('noDevice');
    expect(ask(unplugged).notes.join()).not.toMatch(/migrates if/);
    expect(ask({ ...base, devices: MLX5 }).notes.join()).toMatch(/mlx5_vfio_pci migrates if/);
  });

  test('Proxmox raises the limit of a move that gets nowhere, up to 2 000 s', () => {
    const on = { enableMigration: 'on' } as const;
    const flags = { mapped: true, liveMigrationCapable: true } as const;
    const iommu = { ...iommufd, backend: 'type1' } as const;
    const asked = (manager: 'none' | 'proxmox', gib: number): OracleQuestion => ({
      ...base,
      manager,
      devices: QAT,
      iommu,
      qemu: on,
      memory: gib * GIB,
      gigabitsPerSecond: 10,
      ...(manager === 'proxmox' ? { proxmox: flags } : {}),
    });
    // 10 Gbit/s send 2 500 GB in 2 000 s: 2 328 GiB.
    const cases = [asked('none', 64), asked('proxmox', 64), asked('proxmox', 2328), asked('proxmox', 2329)];
    expect(cases.map((question) => ask(question).outcome)).toEqual([
      'neverEnds',
      'movesAllDirty',
      'movesAllDirty',
      'neverEnds',
    ]);
    expect(cases.map(difference)).toEqual([null, null, null, null]);
  });

  test.each<[string, OracleQuestion, string, string | null]>([
    [
      'libvirt 11.3 has no iommufd',
      { ...base, manager: 'libvirt', managerVersion: '11.3', devices: HISI },
      'refused',
      `cannot migrate domain: ${TEXT.B2(NAME[0])}`,
    ],
    ['libvirt 12.8 has', { ...base, manager: 'libvirt', managerVersion: '12.8', devices: HISI }, 'moves', null],
    [
      'libvirt joins all reasons, newest first',
      { ...base, manager: 'libvirt', managerVersion: '11.3', devices: [...HISI, ...QAT] },
      'refused',
      `cannot migrate domain: ${TEXT.B2(NAME[1])}; ${TEXT.B2(NAME[0])}`,
    ],
    [
      'libvirt sets return-path',
      { ...base, manager: 'libvirt', managerVersion: '12.8', devices: HISI, qemu: { switchoverAck: true } },
      'moves',
      null,
    ],
    [
      'KubeVirt, host device',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: MLX5 },
      'refused',
      'VMI specifies non-migratable generic PCI host device',
    ],
    [
      'KubeVirt, host device and GPU',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [gpu, ...MLX5] },
      'refused',
      'VMI specifies non-migratable generic PCI host device',
    ],
    [
      'KubeVirt, two GPUs',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [gpu, gpu], kubevirt: gate },
      'refused',
      'VMI specifies too many GPUs',
    ],
    [
      'KubeVirt, gate off',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [mdev] },
      'refused',
      'VMI specifies a GPU but feature gate VGPULiveMigration is not enabled',
    ],
    [
      'KubeVirt, a whole GPU',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [gpu], kubevirt: gate },
      'refused',
      'VMI specifies non-migratable GPU device',
    ],
    [
      'KubeVirt, mdev not permitted',
      {
        ...base,
        manager: 'kubevirt',
        libvirtVersion: '12.8',
        devices: [mdev],
        kubevirt: { ...gate, permittedMdev: false },
      },
      'refused',
      'VMI specifies non-migratable GPU device',
    ],
    [
      'KubeVirt, mdev',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [mdev], kubevirt: gate },
      'moves',
      null,
    ],
    [
      'KubeVirt, post-copy permitted',
      {
        ...base,
        manager: 'kubevirt',
        libvirtVersion: '12.8',
        devices: [mdev],
        kubevirt: { ...gate, allowPostCopy: true },
      },
      'refused',
      TEXT.B7(NAME[0]),
    ],
    [
      'KubeVirt unplugs SR-IOV interfaces',
      { ...base, manager: 'kubevirt', libvirtVersion: '12.8', devices: [network], kubevirt: { allowPostCopy: true } },
      'moves',
      null,
    ],
    [
      'Nova, alias without live_migratable',
      { ...base, manager: 'nova', libvirtVersion: '12.8', devices: MLX5 },
      'refused',
      'This request does not explicitly request live-migratable devices.',
    ],
    [
      'Nova, alias says no',
      { ...base, manager: 'nova', libvirtVersion: '12.8', devices: MLX5, nova: { liveMigratable: 'no' } },
      'refused',
      'This request does not explicitly request live-migratable devices.',
    ],
    [
      'Nova, alias says yes',
      { ...base, manager: 'nova', libvirtVersion: '12.8', devices: MLX5, nova: { liveMigratable: 'yes' } },
      'moves',
      null,
    ],
    [
      'Nova, old libvirt',
      { ...base, manager: 'nova', libvirtVersion: '9.0', devices: MLX5, nova: { liveMigratable: 'yes' } },
      'refused',
      "PCI device spec is configured for live_migratable but it's not supported by libvirt.",
    ],
    [
      'Nova, old libvirt, nothing configured',
      { ...base, manager: 'nova', libvirtVersion: '9.0', devices: MLX5 },
      'refused',
      'This request does not explicitly request live-migratable devices.',
    ],
    [
      'Nova, old QEMU',
      {
        ...base,
        vmmVersion: '8.2.1',
        manager: 'nova',
        libvirtVersion: '12.8',
        devices: MLX5,
        nova: { liveMigratable: 'yes' },
      },
      'refused',
      "PCI device spec is configured for live_migratable but it's not supported by libvirt.",
    ],
    [
      'Nova, post-copy permitted',
      {
        ...base,
        manager: 'nova',
        libvirtVersion: '12.8',
        devices: MLX5,
        nova: { liveMigratable: 'yes', permitPostCopy: true },
      },
      'refused',
      TEXT.B7(NAME[0]),
    ],
    [
      "Nova, QEMU's own blocker",
      {
        ...base,
        manager: 'nova',
        libvirtVersion: '12.8',
        devices: [...HISI, ...HISI],
        nova: { liveMigratable: 'yes' },
      },
      'refused',
      `cannot migrate domain: ${TEXT.B4()}`,
    ],
    [
      'Nova unplugs SR-IOV ports',
      { ...base, manager: 'nova', libvirtVersion: '12.8', devices: [network] },
      'moves',
      null,
    ],
    ['Nova, mdev', { ...base, manager: 'nova', libvirtVersion: '12.8', devices: [mdev] }, 'moves', null],
    [
      'Nova, mdev, old libvirt',
      { ...base, manager: 'nova', libvirtVersion: '8.5', devices: [mdev] },
      'refused',
      'Either libvirt or QEMU version for compute service',
    ],
    [
      'Proxmox VE, no mapping',
      { ...base, manager: 'proxmox', devices: [...MLX5, ...QAT] },
      'refused',
      "can't migrate VM which uses local devices: hostpci0, hostpci1",
    ],
    [
      'Proxmox VE, mapping',
      { ...base, manager: 'proxmox', devices: MLX5, proxmox: { mapped: true } },
      'refused',
      "can't live migrate running VM which uses following mapped devices: hostpci0:NAME",
    ],
    [
      'Proxmox VE, capable',
      { ...base, manager: 'proxmox', devices: MLX5, proxmox: { mapped: true, liveMigrationCapable: true } },
      'moves',
      null,
    ],
    [
      "Proxmox VE, QEMU's own blocker",
      { ...base, manager: 'proxmox', devices: PLAIN, proxmox: { mapped: true, liveMigrationCapable: true } },
      'refused',
      TEXT.B0a(NAME[0]),
    ],
  ])('%s', (_, question, outcome, text) => {
    const answer = ask(question);
    expect([answer.outcome, answer.messages.at(-1)?.text ?? null]).toEqual([outcome, text]);
    expect(difference(question)).toBeNull();
  });
});
