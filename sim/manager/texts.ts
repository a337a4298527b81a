/**
 * The words with which VMMs and managers refuse a move, to the letter, and where a user finds them.
 *
 * `{device}` stands for the name of the device, for a PCI device its address. Sources are in the rows; releases in `vmms.ts`.
 */
import type { Basis } from './source.ts';

interface RefusalText extends Basis {
  readonly text: string;
}

export const TEXTS = {
  disabled: {
    text: '{device}: Migration is disabled for VFIO device',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  notInKernel: {
    text: '{device}: VFIO migration is not supported in kernel',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  notInKernel111: {
    text: '{device}: VFIO migration init failed: migration is not supported in kernel',
    source: 'qemu-11.1',
    evidence: 'binary',
  },
  /** Up to 8.0, whatever the reason. */
  noSupport: { text: "VFIO device doesn't support migration", source: 'qemu-7.2', evidence: 'source' },
  noDeviceLog: {
    text: "{device}: VFIO device doesn't support device dirty tracking",
    source: 'qemu-lists',
    evidence: 'text',
  },
  noDirtyTracking: {
    text: "{device}: VFIO device doesn't support device and IOMMU dirty tracking",
    source: 'qemu-10.2',
    evidence: 'source',
  },
  severalDevices: {
    text: 'Migration is currently not supported with multiple VFIO devices',
    source: 'qemu-lists',
    evidence: 'text',
  },
  severalWithoutP2p: {
    text: 'Multiple VFIO devices migration is supported only if all of them support P2P migration',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  vIommu: {
    text: '{device}: Migration is currently not supported with vIOMMU enabled',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  vIommuUnnamed: {
    text: 'Migration is currently not supported with vIOMMU enabled',
    source: 'qemu-lists',
    evidence: 'text',
  },
  bitmapLimit: {
    text: '{device}: Migration is currently not supported with large memory VM due to dirty tracking limitation in backend',
    source: 'qemu-lists',
    evidence: 'text',
  },
  postCopy: {
    text: '{device}: VFIO migration is not supported with postcopy migration',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  backgroundSnapshot: {
    text: '{device}: VFIO migration is not supported with background snapshot',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  multifdTransfer: {
    text: '{device}: Multifd device transfer requested but unsupported in the current config',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  ackNeedsReturnPath: {
    text: "Capability 'switchover-ack' requires capability 'return-path'",
    source: 'qemu-10.2',
    evidence: 'source',
  },
  multifdXbzrle: { text: 'Multifd is not compatible with xbzrle', source: 'qemu-10.2', evidence: 'source' },
  dirtyLimitAutoConverge: {
    text: 'dirty-limit conflicts with auto-converge either of then available currently',
    source: 'qemu-10.2',
    evidence: 'source',
  },
  dirtyLimitRing: {
    text: "dirty-limit requires KVM with accelerator property 'dirty-ring-size' set",
    source: 'qemu-10.2',
    evidence: 'source',
  },
  onlyMigratable: {
    text: 'vfio {device}: disallowing migration blocker (--only-migratable) for: {text}',
    source: 'qemu-11.1',
    evidence: 'binary',
  },
  chNoMigration: {
    text: 'Migration failed: Failed to send migratable component snapshot: VFIO device does not support migration',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chVIommu: {
    text: 'Migration failed: VFIO device live migration is not supported behind a virtual IOMMU',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chDirtyLog: {
    text: 'Migration failed: Failed to start migration for migratable component: VFIO start_dma_logging',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chLocalConnections: {
    text: 'local option and connections option cannot be used at the same time.',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chConnections: { text: 'connections must not exceed 128.', source: 'cloud-hypervisor', evidence: 'source' },
  chUnixConnections: {
    text: 'UNIX sockets and connections option cannot be used at the same time.',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chLocalTcp: {
    text: 'local option is only supported with UNIX sockets.',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chLocalPostCopy: {
    text: 'memory_mode=postcopy and local options are mutually exclusive.',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  chPostCopyConnections: {
    text: 'memory_mode=postcopy currently requires a single connection (connections=1).',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  libvirt: { text: 'cannot migrate domain: {text}', source: 'libvirt-11.3', evidence: 'source' },
  kvHostDevice: {
    text: 'VMI specifies non-migratable generic PCI host device',
    source: 'kubevirt',
    evidence: 'source',
  },
  kvGpus: { text: 'VMI specifies too many GPUs', source: 'kubevirt', evidence: 'source' },
  kvGpuGate: {
    text: 'VMI specifies a GPU but feature gate VGPULiveMigration is not enabled',
    source: 'kubevirt',
    evidence: 'source',
  },
  kvGpu: { text: 'VMI specifies non-migratable GPU device', source: 'kubevirt', evidence: 'source' },
  novaAlias: {
    text: 'This request does not explicitly request live-migratable devices.',
    source: 'nova',
    evidence: 'source',
  },
  novaOld: {
    text: "PCI device spec is configured for live_migratable but it's not supported by libvirt.",
    source: 'nova',
    evidence: 'source',
  },
  novaMdev: {
    text: 'Either libvirt or QEMU version for compute service',
    source: 'nova',
    evidence: 'source',
  },
  chReplacement: {
    text: 'Usage of `vfio_fds` requires `iommufd_fd` to be specified',
    source: 'cloud-hypervisor',
    evidence: 'source',
  },
  pveLocal: { text: "can't migrate VM which uses local devices: {devices}", source: 'proxmox', evidence: 'source' },
  pveMapped: {
    text: "can't live migrate running VM which uses following mapped devices: {devices}",
    source: 'proxmox',
    evidence: 'source',
  },
} as const satisfies Readonly<Record<string, RefusalText>>;

export type TextId = keyof typeof TEXTS;

/** The text of a refusal with its blanks filled. */
export function refusalText(id: TextId, blanks: Readonly<Record<string, string>> = {}): string {
  return TEXTS[id].text.replace(/\{(\w+)\}/g, (all, name: string) => blanks[name] ?? all);
}
