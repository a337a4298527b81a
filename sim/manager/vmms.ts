/**
 * Releases of QEMU and Cloud Hypervisor: what each asks of a VFIO device before it moves.
 *
 * Rows stand in the order of releases; a row holds until the next one.
 */
import { type Release, rowAt } from './release.ts';
import type { Basis } from './source.ts';

export interface QemuRow extends Basis {
  readonly since: string;
  /** The migration protocol that it speaks with the kernel. */
  readonly protocol: 1 | 2;
  /** The device's option when nobody sets it. */
  readonly enableMigration: 'auto' | 'off';
  /** What must log the device's writes under `auto`: nothing, the device, or the device or the IOMMU. */
  readonly needs: 'nothing' | 'device' | 'device-or-iommu';
  /** Several devices: never, or only if all have P2P. */
  readonly several: 'refused' | 'p2p';
  /** Whether the option makes what fails an error of the attach when it is on; before, `on` only switched the tests on. */
  readonly onDemands: boolean;
  /** Which devices a vIOMMU blocks. */
  readonly vIommuBlocks: 'all' | 'device-log';
  readonly switchoverAck: boolean;
  /** Whether memory beyond what the backend's bitmap covers is refused when nothing logs the device. */
  readonly bitmapLimit: boolean;
}

export const QEMU = [
  {
    since: '7.2',
    protocol: 1,
    enableMigration: 'off',
    needs: 'nothing',
    several: 'p2p',
    onDemands: false,
    vIommuBlocks: 'all',
    switchoverAck: false,
    bitmapLimit: false,
    source: 'qemu-7.2',
    evidence: 'source',
  },
  {
    since: '8.0',
    protocol: 2,
    enableMigration: 'off',
    needs: 'nothing',
    several: 'refused',
    onDemands: false,
    vIommuBlocks: 'all',
    switchoverAck: false,
    bitmapLimit: false,
    source: 'qemu-lists',
    evidence: 'text',
  },
  {
    since: '8.1',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device',
    several: 'refused',
    onDemands: true,
    vIommuBlocks: 'all',
    switchoverAck: true,
    bitmapLimit: false,
    source: 'qemu-lists',
    evidence: 'text',
  },
  {
    since: '8.2',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device',
    several: 'p2p',
    onDemands: true,
    vIommuBlocks: 'all',
    switchoverAck: true,
    bitmapLimit: false,
    source: 'qemu-lists',
    evidence: 'text',
  },
  {
    since: '9.1',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device-or-iommu',
    several: 'p2p',
    onDemands: true,
    vIommuBlocks: 'all',
    switchoverAck: true,
    bitmapLimit: false,
    source: 'qemu-lists',
    evidence: 'text',
  },
  {
    since: '10.0',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device-or-iommu',
    several: 'p2p',
    onDemands: true,
    vIommuBlocks: 'all',
    switchoverAck: true,
    bitmapLimit: false,
    source: 'qemu-10.2',
    evidence: 'source',
  },
  {
    since: '11.0',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device-or-iommu',
    several: 'p2p',
    onDemands: true,
    vIommuBlocks: 'device-log',
    switchoverAck: true,
    bitmapLimit: true,
    source: 'qemu-lists',
    evidence: 'text',
  },
  {
    since: '11.1',
    protocol: 2,
    enableMigration: 'auto',
    needs: 'device-or-iommu',
    several: 'p2p',
    onDemands: true,
    vIommuBlocks: 'device-log',
    switchoverAck: true,
    bitmapLimit: true,
    source: 'qemu-11.1',
    evidence: 'binary',
  },
] as const satisfies readonly QemuRow[];

/** @returns undefined for a release older than all rows */
export function qemuAt(release: Release): QemuRow | undefined {
  return rowAt<QemuRow>(QEMU, release);
}

export interface CloudHypervisorRow extends Basis {
  readonly since: string;
  /** What becomes of a VFIO device's state: not saved; saved, but its writes are not tracked; moved. */
  readonly vfio: 'lost' | 'untracked' | 'moved';
}

/** `main` is later than any release. */
export const CLOUD_HYPERVISOR = [
  { since: '52', vfio: 'lost', source: 'cloud-hypervisor-52', evidence: 'source' },
  { since: '53', vfio: 'untracked', source: 'cloud-hypervisor-53', evidence: 'source' },
  // Live migration of VFIO devices, PR 8528: three days after v53.0.
  { since: '54', vfio: 'moved', source: 'cloud-hypervisor', evidence: 'source' },
] as const satisfies readonly CloudHypervisorRow[];

/** @returns undefined for a release older than all rows */
export function cloudHypervisorAt(release: Release): CloudHypervisorRow | undefined {
  return rowAt<CloudHypervisorRow>(CLOUD_HYPERVISOR, release);
}

export const MANAGER_IDS = ['none', 'libvirt', 'kubevirt', 'nova', 'proxmox'] as const;
export type ManagerId = (typeof MANAGER_IDS)[number];

/**
 * libvirt hands QEMU an iommufd for a host device: 11.3 has nothing of it, KubeVirt counts on it from 12.2, 12.8 has it. Of what
 * lies between nothing is on record.
 */
export const LIBVIRT_IOMMUFD = {
  lacks: '11.3',
  since: '12.2',
  source: 'kubevirt',
  evidence: 'text',
} as const satisfies Basis & { readonly lacks: string; readonly since: string };

/** Releases that Nova's compute service wants for devices in a move. */
export const NOVA_NEEDS = {
  /** For a PCI device whose specification says live_migratable. */
  pci: { libvirt: '10.0.0', qemu: '8.2.2' },
  /** For a mediated device, on both hosts. */
  mdev: { libvirt: '8.6.0', qemu: '8.1.0' },
  /** Releases of libvirt tried where it is not said: below, and between, the two. */
  triedLibvirt: ['8.0', '9.0'],
  source: 'nova',
  evidence: 'source',
} as const satisfies Basis &
  Readonly<Record<'pci' | 'mdev', { readonly libvirt: string; readonly qemu: string }>> & {
    readonly triedLibvirt: readonly string[];
  };
