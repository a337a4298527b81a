/**
 * The VFIO drivers of Linux, and since which kernel each offers what a live migration needs.
 *
 * Rows stand in the order of kernels; a row holds until the next one. What a row says without certainty stands in `unsure`: a
 * question that depends on it is asked back.
 */
import { type Release, rowAt } from './release.ts';
import type { Basis } from './source.ts';
import { keysOf } from '../base/keys.ts';

export interface DriverRow extends Basis {
  /** The first kernel of which this holds. */
  readonly since: string;
  /** Whether the driver offers STOP_COPY; `absent`: the kernel has no such driver. */
  readonly migration: 'stop-copy' | 'none' | 'absent';
  readonly p2p: boolean;
  readonly preCopy: boolean;
  /** Whether it logs the device's DMA writes (VFIO features 6 to 8). */
  readonly dmaLog: boolean;
  /** What of this is not on record: the values are what is likely. */
  readonly unsure?: readonly DriverFact[];
}

/** What a driver offers and a question may have to say. */
export type DriverFact = 'migration' | 'p2p' | 'dmaLog';

interface DriverFacts {
  /** What it drives, in the words of a reader. */
  readonly title: string;
  /** What else must hold for any of it; empty: nothing. */
  readonly condition: string;
  readonly rows: readonly DriverRow[];
}

const OFFERS_NOTHING = { migration: 'none', p2p: false, preCopy: false, dmaLog: false } as const;
const ABSENT = { migration: 'absent', p2p: false, preCopy: false, dmaLog: false } as const;
const STOP_COPY = { migration: 'stop-copy', p2p: false, preCopy: false, dmaLog: false } as const;
const P2P = { migration: 'stop-copy', p2p: true, preCopy: false, dmaLog: false } as const;
const UNKNOWN = { ...P2P, dmaLog: true, unsure: ['migration', 'p2p', 'dmaLog'] } as const;

/** The first kernel with version 2 of the migration interface (VFIO features 1 and 2). */
export const MIGRATION_SINCE = '5.18';

export const DRIVERS = {
  mlx5_vfio_pci: {
    title: 'NVIDIA ConnectX and BlueField VFs',
    condition:
      'the PF is driven by mlx5_core with the firmware capabilities migration, migration_multi_load and migration_tracking_state, the VF is marked migratable, and DMA logging needs the firmware capability adv_virtualization',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-7.3.4', evidence: 'derived' },
      {
        since: '5.18',
        ...P2P,
        dmaLog: true,
        unsure: ['migration', 'dmaLog'],
        source: 'linux-lists',
        evidence: 'unsure',
      },
      { since: '6.1', ...P2P, dmaLog: true, source: 'linux-6.1.192', evidence: 'source' },
      { since: '6.2', ...P2P, preCopy: true, dmaLog: true, source: 'linux-lists', evidence: 'derived' },
      { since: '6.12', ...P2P, preCopy: true, dmaLog: true, source: 'linux-6.12.117', evidence: 'source' },
      { since: '7.2', ...P2P, preCopy: true, dmaLog: true, source: 'linux-7.2.13', evidence: 'source' },
    ],
  },
  hisi_acc_vfio_pci: {
    title: 'HiSilicon SEC, HPRE and ZIP VFs',
    condition: 'arm64, the PF driver is bound, and the PF is of hardware V3 or newer',
    rows: [
      { since: '0', ...ABSENT, source: 'hisi-acc-history', evidence: 'derived' },
      { since: '5.18', ...STOP_COPY, source: 'hisi-acc-history', evidence: 'source' },
      { since: '6.2', ...STOP_COPY, preCopy: true, source: 'hisi-acc-history', evidence: 'source' },
    ],
  },
  pds_vfio_pci: {
    title: 'AMD Pensando VFs (1dd8:1003)',
    condition: '',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-6.1.192', evidence: 'source' },
      {
        since: '6.3',
        ...P2P,
        dmaLog: true,
        unsure: ['migration', 'dmaLog'],
        source: 'linux-lists',
        evidence: 'unsure',
      },
      { since: '6.12', ...P2P, dmaLog: true, source: 'linux-6.12.117', evidence: 'source' },
    ],
  },
  qat_vfio_pci: {
    title: 'Intel QAT VFs (GEN4; from 7.2 also 420xx and 6xxx)',
    condition: '',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-6.1.192', evidence: 'source' },
      { since: '6.10', ...P2P, preCopy: true, source: 'linux-lists', evidence: 'text' },
      { since: '6.12', ...P2P, preCopy: true, source: 'linux-6.12.117', evidence: 'source' },
    ],
  },
  virtio_vfio_pci: {
    title: 'virtio-net and virtio-blk VFs',
    condition: 'the owner of the VF has the admin commands for device parts',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-6.1.192', evidence: 'source' },
      { since: '6.8', ...OFFERS_NOTHING, source: 'linux-lists', evidence: 'unsure' },
      { since: '6.12', ...OFFERS_NOTHING, source: 'linux-6.12.117', evidence: 'source' },
      { since: '6.13', ...P2P, preCopy: true, source: 'linux-lists', evidence: 'text' },
      { since: '7.2', ...P2P, preCopy: true, source: 'linux-7.2.13', evidence: 'source' },
    ],
  },
  xe_vfio_pci: {
    title: 'Intel graphics VFs (Panther Lake, Wildcat Lake, Battlemage)',
    condition: 'the PF driver says that it can migrate',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-6.12.117', evidence: 'source' },
      { since: '6.13', ...P2P, unsure: ['migration'], source: 'linux-lists', evidence: 'unsure' },
      { since: '7.2', ...P2P, source: 'linux-7.2.13', evidence: 'source' },
    ],
  },
  nvgrace_gpu_vfio_pci: {
    title: 'NVIDIA Grace GPUs',
    condition: '',
    rows: [
      { since: '0', ...ABSENT, source: 'linux-6.12.117', evidence: 'derived' },
      { since: '6.12', ...OFFERS_NOTHING, source: 'linux-6.12.117', evidence: 'source' },
    ],
  },
  'vfio-pci': {
    title: 'any device, with the driver of no vendor',
    condition: '',
    rows: [{ since: '0', ...OFFERS_NOTHING, source: 'linux-7.3.4', evidence: 'source' }],
  },
  mdev: {
    title: "mediated devices such as NVIDIA vGPU, by a vendor's module",
    condition: '',
    rows: [
      { since: '0', ...OFFERS_NOTHING, source: 'linux-lists', evidence: 'derived' },
      { since: MIGRATION_SINCE, ...UNKNOWN, source: 'linux-7.3.4', evidence: 'unsure' },
    ],
  },
  'vfio-user': {
    title: 'a device served by another process over vfio-user',
    condition: '',
    rows: [{ since: '0', ...UNKNOWN, source: 'cloud-hypervisor', evidence: 'unsure' }],
  },
} as const satisfies Readonly<Record<string, DriverFacts>>;

export type DriverId = keyof typeof DRIVERS;
export const DRIVER_IDS = keysOf(DRIVERS);

/** What a driver offers on a kernel. The plain drivers offer the same on every one. */
export function driverAt(driver: DriverId, kernel: Release): DriverRow {
  return rowAt<DriverRow>(DRIVERS[driver].rows, kernel)!;
}

interface IommuFacts {
  readonly title: string;
  /** What the hardware must have. */
  readonly condition: string;
  /** The first kernel of which it was read. */
  readonly since: string;
  /** From here up to `since` it is likely, and not on record. */
  readonly unsureSince: string;
}

/** IOMMUs whose driver reports dirty pages through iommufd, on which condition, and since which kernel. */
export const IOMMUS = {
  smmuv3: {
    title: 'Arm SMMUv3',
    condition: 'hardware dirty state (HTTU, feature HD) and coherent table walks',
    since: '6.12',
    unsureSince: '6.11',
    source: 'linux-6.12.117',
    evidence: 'source',
  },
  'vt-d': {
    title: 'Intel VT-d',
    condition: 'scalable mode with second-level access and dirty bits (SSADS)',
    since: '6.12',
    unsureSince: '6.7',
    source: 'linux-6.12.117',
    evidence: 'source',
  },
  'amd-vi': {
    title: 'AMD-Vi',
    condition: 'hardware dirty support (HD)',
    since: '6.12',
    unsureSince: '6.7',
    source: 'linux-6.12.117',
    evidence: 'source',
  },
} as const satisfies Readonly<Record<string, Basis & IommuFacts>>;

export const IOMMU_IDS = keysOf(IOMMUS);

/** Kernels as distributions build them, where something that a migration needs is switched off. */
export const DISTRIBUTIONS = {
  'debian-amd64': {
    title: 'Debian 7.2.13, amd64',
    kernel: '7.2.13',
    iommufd: false,
    without: [
      'mlx5_vfio_pci',
      'virtio_vfio_pci',
      'xe_vfio_pci',
      'qat_vfio_pci',
      'pds_vfio_pci',
      // A driver of arm64 only.
      'hisi_acc_vfio_pci',
    ],
    unsure: [],
    source: 'linux-7.2.13',
    evidence: 'source',
  },
  'debian-arm64': {
    title: 'Debian 7.2.13, arm64',
    kernel: '7.2.13',
    iommufd: false,
    without: ['mlx5_vfio_pci', 'virtio_vfio_pci', 'nvgrace_gpu_vfio_pci', 'hisi_acc_vfio_pci'],
    unsure: ['xe_vfio_pci', 'qat_vfio_pci', 'pds_vfio_pci'],
    source: 'linux-7.2.13',
    evidence: 'source',
  },
} as const satisfies Readonly<Record<string, Basis & DistributionFacts>>;

interface DistributionFacts {
  readonly title: string;
  /** The release whose configuration was read; of others nothing is on record. */
  readonly kernel: string;
  readonly iommufd: boolean;
  readonly without: readonly DriverId[];
  /** Drivers of which it is not on record whether they are built. */
  readonly unsure: readonly DriverId[];
}

export const DISTRIBUTION_IDS = keysOf(DISTRIBUTIONS);
