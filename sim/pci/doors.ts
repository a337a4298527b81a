/**
 * Doors into the BAR of a VF: every way by which user space, a guest or another driver may get to the migration control area,
 * with what Linux and its driver make of it. docs/isolation.md 13.
 *
 * Source: Linux 6.12.117 and 7.3.4, read 2026-11-30, file by file as each row says; dates of releases by the lists of their
 * mails. A row for neither kernel nor backend is of both.
 */
import type { Kernel } from './acs-quirks.ts';

export const CLIPS = ['none', 'info', 'all'] as const;
/** What keeps user space out of the upper half: nothing, a smaller size in region info, or all three operations. */
export type Clip = (typeof CLIPS)[number];

/** How a VMM hands functions to VFIO: the group with a type1 container, or iommufd. */
export const BACKENDS = ['type1', 'iommufd'] as const;
export type Backend = (typeof BACKENDS)[number];

/**
 * `open`: the whole BAR. `clipped`: up to the half. `closed`: nothing. `modelled`: counted in the answers about requests, by
 * the field that is named. `harmless`: it cannot lead to a control area that is in use.
 */
export const DOOR_STATES = ['open', 'clipped', 'closed', 'modelled', 'harmless'] as const;
export type DoorState = (typeof DOOR_STATES)[number];

interface DoorRow {
  /** Kernels that the row is for; left out: all. */
  readonly kernels?: readonly Kernel[];
  /** Backends that the row is for; left out: both. */
  readonly backends?: readonly Backend[];
  /** Operations that the driver has to stop; left out: the row does not depend on it. */
  readonly clips?: readonly Clip[];
  readonly state: DoorState;
  readonly why: string;
}

interface Door {
  readonly door: string;
  /** Users who open it. */
  readonly by: string;
  /** First release of Linux that has it, where that is known and later than the driver's own. */
  readonly since?: string;
  /** The first that fits answers. */
  readonly rows: readonly DoorRow[];
  readonly source: string;
}

const HISI = 'drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c';

const DOORS: readonly Door[] = [
  {
    door: 'region info',
    by: 'VMM',
    rows: [
      { clips: ['none'], state: 'open', why: 'the driver of this file reports the whole BAR' },
      { state: 'clipped', why: 'the driver reports half of the size' },
    ],
    source: HISI,
  },
  {
    door: 'read and write',
    by: 'VMM',
    rows: [
      { clips: ['none', 'info'], state: 'open', why: 'the driver of this file stops no access' },
      { state: 'clipped', why: 'EINVAL at or past the half, cut where it crosses' },
    ],
    source: HISI,
  },
  {
    door: 'mmap',
    by: 'VMM, for vCPUs',
    rows: [
      { clips: ['none', 'info'], state: 'open', why: 'the driver of this file stops no mapping' },
      { state: 'clipped', why: 'EINVAL past the half; with pages larger than the half nothing is mapped' },
    ],
    source: HISI,
  },
  {
    door: 'dma-buf export of the BAR',
    by: 'VMM, RDMA, GPU',
    since: '6.19',
    rows: [
      { kernels: ['6.12'], state: 'closed', why: 'VFIO_DEVICE_FEATURE_DMA_BUF came with 6.19' },
      { state: 'closed', why: 'EOPNOTSUPP: the driver has no get_dmabuf_phys; one that gets it has to clip there too' },
    ],
    source: 'drivers/vfio/pci/vfio_pci_dmabuf.c',
  },
  {
    door: 'type1 mapping of an mmapped BAR',
    by: 'VMM',
    rows: [
      { backends: ['iommufd'], state: 'closed', why: 'iommufd pins no pages of a BAR' },
      { state: 'modelled', why: 'mapsBars: what mmap has' },
    ],
    source: 'drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c',
  },
  {
    door: 'iommufd mapping of MMIO',
    by: 'VMM, by a dma-buf',
    since: '7.3 has it, 6.12 does not',
    rows: [
      { backends: ['type1'], state: 'closed', why: 'there is no iommufd' },
      { kernels: ['6.12'], state: 'closed', why: 'IOMMU_IOAS_MAP_FILE takes no dma-buf' },
      { state: 'closed', why: 'it needs the dma-buf that the driver does not give: not even the lower half is mapped' },
    ],
    source: 'drivers/iommu/iommufd/pages.c',
  },
  {
    door: 'plain vfio-pci at the VF',
    by: 'root',
    rows: [{ state: 'harmless', why: 'the whole BAR, and no migration: nothing uses the control area' }],
    source: 'drivers/vfio/pci/vfio_pci.c',
  },
  {
    door: 'sysfs resource2, /dev/mem',
    by: 'root',
    rows: [{ state: 'modelled', why: 'tenants.sysfs, reported as privileged; no driver can judge what root does' }],
    source: 'drivers/pci/pci-sysfs.c',
  },
  {
    door: 'P2PDMA of host drivers',
    by: 'a driver that offers its BAR',
    rows: [{ state: 'closed', why: 'no accelerator driver offers one, and no HiSilicon bridge is in the list' }],
    source: 'drivers/pci/p2pdma.c',
  },
  {
    door: 'nested stage 1 of an SMMU',
    by: 'guest',
    rows: [{ state: 'harmless', why: 'stage 2 decides: the bypass of a guest still has it' }],
    source: 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3-iommufd.c',
  },
  {
    door: 'translated requests',
    by: 'a device with ATS on',
    rows: [{ state: 'modelled', why: 'ats, TB and DT; lspci of revision 21 shows no ATS' }],
    source: 'drivers/pci/ats.c',
  },
  {
    door: 'PASID',
    by: 'host processes at the PF',
    rows: [{ state: 'harmless', why: 'it chooses a domain, and no way; VFIO hides it from guests' }],
    source: 'drivers/pci/ats.c, drivers/vfio/pci/vfio_pci_config.c',
  },
  {
    door: 'MSI doorbell',
    by: 'any function',
    rows: [{ state: 'harmless', why: 'it is no BAR, and the ITS goes by the ID of the sender' }],
    source: 'drivers/iommu/iommufd/device.c',
  },
  {
    door: 'no-IOMMU mode',
    by: 'root (CAP_SYS_RAWIO)',
    rows: [
      { kernels: ['6.12'], state: 'modelled', why: 'streams: bypass; by the group only, and QEMU does not use it' },
      { state: 'modelled', why: 'streams: bypass; by the group and by iommufd, and QEMU does not use it' },
    ],
    source: 'drivers/vfio/group.c, drivers/vfio/iommufd.c',
  },
  {
    door: 'confidential guests (TDISP)',
    by: 'a TSM',
    rows: [
      { kernels: ['6.12'], state: 'closed', why: 'Linux has no TSM core' },
      { state: 'closed', why: 'VFIO and iommufd do not have it; with it the host could not save queues, nor migrate' },
    ],
    source: 'drivers/pci/tsm.c, drivers/vfio',
  },
];

/** The host that is asked about. */
interface DoorQuestion {
  readonly kernel: Kernel;
  readonly backend: Backend;
  /** What the driver of the VFs stops. */
  readonly clip: Clip;
}

export interface DoorAnswer {
  readonly door: string;
  readonly by: string;
  /** First release of Linux that has it; empty where the driver's own release has it. */
  readonly since: string;
  readonly state: DoorState;
  readonly why: string;
  readonly source: string;
}

/** What a host makes of each door. */
export function doorsOf({ kernel, backend, clip }: DoorQuestion): readonly DoorAnswer[] {
  return DOORS.map(({ door, by, since = '', rows, source }) => {
    const row = rows.find(
      ({ kernels, backends, clips }) =>
        (kernels?.includes(kernel) ?? true) && (backends?.includes(backend) ?? true) && (clips?.includes(clip) ?? true),
    )!;
    return { door, by, since, state: row.state, why: row.why, source };
  });
}
