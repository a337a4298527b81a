/**
 * The verdict on one world: the managers' tests first, then releases that were not read, then the VMM's tests.
 */
import {
  judgeCloudHypervisor,
  judgeQemu,
  type OracleQuestion,
  type Program,
  type ReleaseField,
  since,
  startRefusal,
  type Verdict,
  type World,
} from './can-oracle.ts';

// --- managers ------------------------------------------------------------------------------------------------------

function byManager(program: Program, text: string): Verdict {
  return { outcome: 'refused', condition: 'manager', prints: [{ by: program, text }] };
}

function judgeKubevirt(world: World): Verdict | null {
  const rest = world.devices.filter((one) => one.attachedAs !== 'network');
  const { vgpuLiveMigration = false, permittedMdev = true } = world.question.kubevirt ?? {};
  const gpus = rest.filter((one) => one.attachedAs === 'gpu');
  if (gpus.length < rest.length) return byManager('KubeVirt', 'VMI specifies non-migratable generic PCI host device');
  if (gpus.length > 1) return byManager('KubeVirt', 'VMI specifies too many GPUs');
  const [gpu] = gpus;
  if (gpu === undefined) return null;
  if (!vgpuLiveMigration) {
    return byManager('KubeVirt', 'VMI specifies a GPU but feature gate VGPULiveMigration is not enabled');
  }
  if (gpu.driver !== 'mdev' || !permittedMdev) return byManager('KubeVirt', 'VMI specifies non-migratable GPU device');
  return null;
}

function judgeNova(world: World): Verdict | null {
  const present = world.devices.filter((one) => one.attachedAs !== 'network');
  const alias = world.question.nova?.liveMigratable === 'yes';
  if (present.some((one) => one.driver !== 'mdev')) {
    // Where device_spec says live_migratable, the service does not start on older releases.
    if (alias && !(since(world.release, '8.2.2') && since(world.libvirt, '10.0.0'))) {
      return byManager('Nova', "PCI device spec is configured for live_migratable but it's not supported by libvirt.");
    }
    if (!alias) return byManager('Nova', 'This request does not explicitly request live-migratable devices.');
  }
  if (present.every((one) => one.driver !== 'mdev') || (since(world.release, '8.1.0') && since(world.libvirt, '8.6.0')))
    return null;
  return byManager('Nova', 'Either libvirt or QEMU version for compute service');
}

function judgeProxmox(world: World): Verdict | null {
  const { mapped = false, liveMigrationCapable = false } = world.question.proxmox ?? {};
  const all = world.devices.map((_, i) => `hostpci${i}`);
  if (all.length === 0 || (mapped && liveMigrationCapable)) return null;
  if (!mapped) return byManager('Proxmox VE', `can't migrate VM which uses local devices: ${all.join(', ')}`);
  const mappings = all.map((each) => `${each}:NAME`).join(', ');
  return byManager('Proxmox VE', `can't live migrate running VM which uses following mapped devices: ${mappings}`);
}

/** Unplugs what a manager unplugs of itself: SR-IOV network interfaces under KubeVirt and Nova. */
function withoutUnplugged(world: World): World {
  const { manager } = world.question;
  if (manager !== 'kubevirt' && manager !== 'nova') return world;
  return {
    ...world,
    devices: world.devices.map((one) => ({ ...one, unplugged: one.unplugged || one.attachedAs === 'network' })),
  };
}

// --- releases that were not read -----------------------------------------------------------------------------------

/** The oldest release of each manager that was read; of Proxmox one state, of which nobody knows the release. */
const OLDEST_MANAGER = { kubevirt: '1.9', nova: '2026.2', proxmox: 'main' } as const;

function unread(...fields: readonly ReleaseField[]): Verdict {
  return { outcome: 'unread', condition: 'release', prints: [], unread: fields };
}

/** A manager with tests of its own, older than what was read. */
function isUnreadManager({ manager, managerVersion }: OracleQuestion): boolean {
  if (manager === undefined || manager === 'none' || manager === 'libvirt' || managerVersion === undefined)
    return false;
  const oldest = OLDEST_MANAGER[manager];
  return oldest === 'main' ? managerVersion !== 'main' : !since(managerVersion, oldest);
}

/** Releases older than those that were read, of what decides after the manager's own tests. */
function unreadBelow({ question }: World): readonly ReleaseField[] {
  const { vmm, vmmVersion, manager, managerVersion, libvirtVersion } = question;
  const fields: ReleaseField[] = [];
  if (vmmVersion !== undefined && !since(vmmVersion, vmm === 'qemu' ? '7.2' : 'v52')) fields.push('vmmVersion');
  if (manager === 'libvirt' && managerVersion !== undefined && !since(managerVersion, '9.0'))
    fields.push('managerVersion');
  const through = manager === 'kubevirt' || manager === 'nova';
  if (through && libvirtVersion !== undefined && !since(libvirtVersion, '9.0')) fields.push('libvirtVersion');
  return fields;
}

/** QEMU 7.2 speaks version 1 with the kernel; what kernels that still had it offered, nobody read. */
function isUnreadProtocol({ question: { vmm, kernel }, release }: World): boolean {
  if (vmm !== 'qemu' || kernel === undefined) return false;
  return since(release, '7.2') && !since(release, '8.0') && !since(kernel, '5.18');
}

/** The answer for one world in which nothing is left open. */
export function judge(world: World): Verdict {
  const isQemu = world.question.vmm === 'qemu';
  if (isQemu && world.devices.length > 0 && isUnreadManager(world.question)) return unread('managerVersion');
  const refusal = isQemu ? judgeByManager(world) : null;
  if (refusal !== null) return refusal;
  const rest = isQemu ? withoutUnplugged(world) : world;
  const present = rest.devices.filter((one) => !one.unplugged);
  if (present.length > 0 || (isQemu && startRefusal(rest, []) !== null)) {
    const fields = [...unreadBelow(rest), ...(isUnreadProtocol(rest) ? (['kernel'] as const) : [])];
    if (fields.length > 0) return unread(...fields);
  }
  return isQemu ? judgeQemu(rest) : judgeCloudHypervisor(rest);
}

function judgeByManager(world: World): Verdict | null {
  switch (world.question.manager) {
    case 'kubevirt':
      return judgeKubevirt(world);
    case 'nova':
      return judgeNova(world);
    case 'proxmox':
      return judgeProxmox(world);
    default:
      return null;
  }
}
