/**
 * No field of a question of `stopcopy can` is a silent no-op.
 */
import { can } from '../../../sim/manager/can.ts';
import { canQuestionSchema } from '../../../sim/manager/question.ts';
import { everyFieldIsRead, type FieldCase, type Fields } from '../../no-op-fields.ts';

const HEAD = 'says which document it is';
const BASE: Fields = {
  format: 'stopcopy-can',
  version: 2,
  vmm: 'qemu',
  vmmVersion: '10.2',
  kernel: '6.12',
  devices: [{ driver: 'mlx5_vfio_pci' }],
};
const two = (change: Fields): Fields => ({ devices: [{ driver: 'mlx5_vfio_pci', ...change }] });
const hisi: Fields = { devices: [{ driver: 'hisi_acc_vfio_pci' }], iommu: { backend: 'iommufd', hardware: 'smmuv3' } };
const mdev = (offers: Fields): Fields => ({
  devices: [{ driver: 'mdev', count: 2, offers: { p2p: true, preCopy: true, dmaLog: true, ...offers } }],
});
const cloud: Fields = { vmm: 'cloud-hypervisor', vmmVersion: 'main', devices: [{ driver: 'hisi_acc_vfio_pci' }] };
const untracked: Fields = { ...hisi, iommu: { backend: 'type1' }, qemu: { enableMigration: 'on' } };
const vgpu: Fields = {
  manager: 'kubevirt',
  devices: [{ driver: 'mdev', attachedAs: 'gpu', offers: { p2p: true, preCopy: true, dmaLog: true } }],
  kubevirt: { vgpuLiveMigration: true },
};
const kubevirt: Fields = { manager: 'kubevirt' };
const nova: Fields = { manager: 'nova' };
const proxmox: Fields = { manager: 'proxmox' };

const CASES: Readonly<Record<string, FieldCase>> = {
  format: HEAD,
  version: HEAD,
  name: 'a label',
  description: 'a label',
  vmm: [{}, cloud],
  vmmVersion: [{}, { vmmVersion: '7.2' }],
  manager: [{}, kubevirt],
  managerVersion: [{ ...hisi, manager: 'libvirt', managerVersion: '12.8' }, { managerVersion: '11.0' }],
  libvirtVersion: [
    { ...hisi, manager: 'nova', nova: { liveMigratable: 'yes' }, libvirtVersion: '12.8' },
    { libvirtVersion: '9.0' },
  ],
  kernel: [{}, { kernel: '5.10' }],
  distribution: [{ ...hisi, kernel: '7.2.13' }, { distribution: 'debian-arm64' }],
  'iommu.backend': [hisi, { iommu: { backend: 'type1' } }],
  'iommu.hardware': [{ ...hisi, iommu: { backend: 'iommufd' } }, { iommu: { hardware: 'smmuv3' } }],
  'iommu.dirtyTracking': [
    { ...hisi, iommu: { backend: 'iommufd', dirtyTracking: true } },
    { iommu: { dirtyTracking: false } },
  ],
  'iommu.virtual': [{}, { iommu: { virtual: true } }],
  'devices[].driver': [{}, { devices: [{ driver: 'vfio-pci' }] }],
  'devices[].address': [untracked, { devices: [{ driver: 'hisi_acc_vfio_pci', address: '0000:75:00.1' }] }],
  'devices[].migrates': [{}, two({ migrates: false })],
  'devices[].offers.p2p': [mdev({}), mdev({ p2p: false })],
  'devices[].offers.preCopy': [
    { qemu: { switchoverAck: true, returnPath: true } },
    two({ offers: { preCopy: false } }),
  ],
  'devices[].offers.dmaLog': [mdev({}), mdev({ dmaLog: false })],
  'devices[].count': [
    { devices: [{ driver: 'hisi_acc_vfio_pci' }] },
    { devices: [{ driver: 'hisi_acc_vfio_pci', count: 2 }] },
  ],
  'devices[].unplugged': [
    { devices: [{ driver: 'vfio-pci' }] },
    { devices: [{ driver: 'vfio-pci', unplugged: true }] },
  ],
  'devices[].attachedAs': [{ ...kubevirt, ...two({}) }, two({ attachedAs: 'gpu' })],
  memory: [{ ...untracked, gigabitsPerSecond: 25 }, { memory: '64GiB' }],
  hostPage: [{ ...untracked, vmmVersion: '11.0', memory: '64TiB' }, { hostPage: '64KiB' }],
  'iommu.kernelReports': [
    { ...hisi, kernel: '6.11', iommu: { backend: 'iommufd', hardware: 'smmuv3', dirtyTracking: true } },
    { iommu: { kernelReports: false } },
  ],
  'assume.p2p': [{ devices: [{ driver: 'hisi_acc_vfio_pci', count: 2 }] }, { assume: { p2p: true } }],
  'assume.dirtyTracking': [untracked, { assume: { dirtyTracking: true } }],
  'assume.hostDevices': [kubevirt, { assume: { hostDevices: true } }],
  gigabitsPerSecond: [{ ...untracked, memory: '64GiB' }, { gigabitsPerSecond: 25 }],
  downtimeLimit: [
    { ...untracked, memory: '1GiB', gigabitsPerSecond: 100, downtimeLimit: '1ms' },
    { downtimeLimit: '10s' },
  ],
  'qemu.enableMigration': [
    { devices: [{ driver: 'hisi_acc_vfio_pci' }], iommu: { backend: 'type1' } },
    { qemu: { enableMigration: 'on' } },
  ],
  'qemu.deviceDirtyTracking': [{ iommu: { backend: 'type1' } }, { qemu: { deviceDirtyTracking: false } }],
  'qemu.preCopyDirtyTracking': [untracked, { qemu: { preCopyDirtyTracking: false } }],
  'qemu.onlyMigratable': [{ devices: [{ driver: 'vfio-pci' }] }, { qemu: { onlyMigratable: true } }],
  'qemu.postCopy': [{}, { qemu: { postCopy: true } }],
  'qemu.backgroundSnapshot': [{}, { qemu: { backgroundSnapshot: true } }],
  'qemu.multifd': [{ qemu: { multifdTransfer: 'on' } }, { qemu: { multifd: true } }],
  'qemu.multifdTransfer': [{}, { qemu: { multifdTransfer: 'on' } }],
  'qemu.xbzrle': [{ qemu: { multifd: true } }, { qemu: { xbzrle: true } }],
  'qemu.autoConverge': [{ qemu: { dirtyLimit: true } }, { qemu: { autoConverge: true } }],
  'qemu.dirtyLimit': [{}, { qemu: { dirtyLimit: true } }],
  'qemu.dirtyRing': [{ qemu: { dirtyLimit: true } }, { qemu: { dirtyRing: true } }],
  'qemu.switchoverAck': [{}, { qemu: { switchoverAck: true } }],
  'qemu.returnPath': [{ qemu: { switchoverAck: true } }, { qemu: { returnPath: true } }],
  'cloudHypervisor.memoryMode': [cloud, { cloudHypervisor: { memoryMode: 'postcopy' } }],
  'cloudHypervisor.local': [cloud, { cloudHypervisor: { local: true } }],
  'cloudHypervisor.transport': [
    { ...cloud, cloudHypervisor: { local: true } },
    { cloudHypervisor: { transport: 'tcp' } },
  ],
  'cloudHypervisor.connections': [
    { ...cloud, cloudHypervisor: { transport: 'unix' } },
    { cloudHypervisor: { connections: 4 } },
  ],
  'kubevirt.vgpuLiveMigration': [
    { ...kubevirt, ...two({ attachedAs: 'gpu' }) },
    { kubevirt: { vgpuLiveMigration: true } },
  ],
  'kubevirt.permittedMdev': [vgpu, { kubevirt: { permittedMdev: false } }],
  'kubevirt.allowPostCopy': [vgpu, { kubevirt: { allowPostCopy: true } }],
  'nova.liveMigratable': [nova, { nova: { liveMigratable: 'yes' } }],
  'nova.permitPostCopy': [{ ...nova, nova: { liveMigratable: 'yes' } }, { nova: { permitPostCopy: true } }],
  'proxmox.mapped': [proxmox, { proxmox: { mapped: true } }],
  'proxmox.liveMigrationCapable': [
    { ...proxmox, proxmox: { mapped: true } },
    { proxmox: { liveMigrationCapable: true } },
  ],
};

everyFieldIsRead(canQuestionSchema, CASES, BASE, (document) => JSON.stringify(can(canQuestionSchema.parse(document))));
