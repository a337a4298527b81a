/**
 * The worlds that a question of `can` leaves open, and the verdict of the oracle on each: which driver can do what on which
 * kernel, and what the IOMMU, libvirt and a distribution make of it. Transcribed from kernel sources as of 30 November 2026.
 */
import { judge } from './can-judge.ts';
import {
  type Device,
  type Driver,
  type OracleQuestion,
  QEMU_RELEASES,
  since,
  TYPE1_BITS,
  type Verdict,
  type World,
} from './can-oracle.ts';

const CLOUD_HYPERVISOR_RELEASES = ['v52', 'v53', 'main'] as const;
/** Kernels tried where the kernel is not known: columns of the table of drivers, and what lies between. */
const KERNELS = ['5.18', '6.1', '6.2', '6.8', '6.10', '6.11', '6.12', '6.13', '7.2', '7.3'] as const;

// --- drivers by kernel ---------------------------------------------------------------------------------------------

interface Abilities {
  /** The kernel has no such driver. */
  readonly absent?: true;
  readonly migrates: boolean;
  readonly p2p: boolean;
  readonly log: boolean;
}

const NONE: Abilities = { migrates: false, p2p: false, log: false };
const ABSENT: Abilities = { ...NONE, absent: true };
const P2P_AND_LOG: Abilities = { migrates: true, p2p: true, log: true };
const P2P: Abilities = { migrates: true, p2p: true, log: false };
const STOP_COPY: Abilities = { migrates: true, p2p: false, log: false };

/** What a driver may be able to do on a kernel: one entry where it is known, several where it is not. */
function abilitiesOf(driver: Driver, kernel: string): readonly Abilities[] {
  switch (driver) {
    case 'mlx5_vfio_pci':
      if (!since(kernel, '5.18')) return [ABSENT];
      return since(kernel, '6.1') ? [P2P_AND_LOG] : [NONE, P2P, P2P_AND_LOG];
    case 'hisi_acc_vfio_pci':
      return since(kernel, '5.18') ? [STOP_COPY] : [ABSENT];
    case 'pds_vfio_pci':
      if (since(kernel, '6.12')) return [P2P_AND_LOG];
      return since(kernel, '6.3') ? [NONE, P2P, P2P_AND_LOG] : [ABSENT];
    case 'qat_vfio_pci':
      return since(kernel, '6.10') ? [P2P] : [ABSENT];
    case 'virtio_vfio_pci':
      if (since(kernel, '6.13')) return [P2P];
      return since(kernel, '6.8') ? [NONE] : [ABSENT];
    case 'xe_vfio_pci':
      if (since(kernel, '7.2')) return [P2P];
      return since(kernel, '6.13') ? [NONE, P2P] : [ABSENT];
    case 'mdev':
      // Version 2 of the interface came with 5.18.
      if (!since(kernel, '5.18')) return [NONE];
      return [NONE, STOP_COPY, { ...STOP_COPY, log: true }, P2P, P2P_AND_LOG];
    case 'vfio-user':
      return [NONE, STOP_COPY, { ...STOP_COPY, log: true }, P2P, P2P_AND_LOG];
    case 'nvgrace_gpu_vfio_pci':
      return [since(kernel, '6.12') ? NONE : ABSENT];
    default:
      // vfio-pci has no migration.
      return [NONE];
  }
}

/** Drivers that the kernels of a distribution lack (Debian 7.2.13), or `null` where that was not seen. */
function lackedBy(distribution: 'debian-amd64' | 'debian-arm64', driver: Driver): boolean | null {
  switch (driver) {
    case 'mlx5_vfio_pci':
    case 'virtio_vfio_pci':
      return true;
    case 'xe_vfio_pci':
    case 'qat_vfio_pci':
    case 'pds_vfio_pci':
      return distribution === 'debian-amd64' ? true : null;
    default:
      // On amd64 too: it is a driver of arm64, and Debian's arm64 leaves it out.
      return driver === 'hisi_acc_vfio_pci';
  }
}

/** Whether iommufd hands out marks of the hardware: one entry where it is known. */
function dirtyByIommufd(hardware: 'smmuv3' | 'vt-d' | 'amd-vi', kernel: string): readonly boolean[] {
  if (since(kernel, '6.12')) return [true];
  return since(kernel, hardware === 'smmuv3' ? '6.11' : '6.7') ? [true, false] : [false];
}

// --- worlds --------------------------------------------------------------------------------------------------------

const LIBVIRT_RELEASES = ['8.0', '9.0', '11.3', '12.2', '12.8'] as const;

function libvirtsOf({ manager, managerVersion, libvirtVersion }: OracleQuestion): readonly string[] {
  const said = manager === 'libvirt' ? managerVersion : libvirtVersion;
  if (said !== undefined) return [said];
  return manager === 'libvirt' || manager === 'kubevirt' || manager === 'nova' ? LIBVIRT_RELEASES : ['main'];
}

/** libvirt 11.3 gives QEMU no iommufd, 12.2 does; nobody read what lies between. */
function backendsOf(question: OracleQuestion, libvirt: string): readonly ('type1' | 'iommufd')[] {
  const { distribution, manager, iommu } = question;
  const said = iommu?.backend;
  if (distribution !== undefined || said === 'type1') return ['type1'];
  const through = manager === 'libvirt' || manager === 'kubevirt' || manager === 'nova';
  if (through && !since(libvirt, '11.3.1')) return ['type1'];
  if (through && !since(libvirt, '12.2')) return ['type1', 'iommufd'];
  return said === undefined ? ['type1', 'iommufd'] : ['iommufd'];
}

function dirtiesOf(question: OracleQuestion, kernel: string): readonly boolean[] {
  if (question.distribution !== undefined) return [false];
  const { dirtyTracking, hardware, kernelReports } = question.iommu ?? {};
  if (dirtyTracking === false) return [false];
  const kinds = hardware === undefined ? (['smmuv3', 'vt-d', 'amd-vi'] as const) : [hardware];
  const byKernel = kinds.flatMap((kind) => {
    const all = dirtyByIommufd(kind, kernel);
    return kernelReports === undefined || all.length === 1 ? all : [kernelReports];
  });
  return [...new Set(dirtyTracking === undefined ? [false, ...byKernel] : byKernel)];
}

function fitsOf(question: OracleQuestion): readonly boolean[] {
  const { memory, gigabitsPerSecond, downtimeLimit = 300e6 } = question;
  // Memory of an unknown size is taken to be larger than what a pause of 300 ms sends.
  if (memory === undefined || gigabitsPerSecond === undefined) return [false];
  return [memory <= ((gigabitsPerSecond * 1e9) / 8) * (downtimeLimit / 1e9)];
}

function pagesOf({ hostPage, iommu, distribution, memory = 0 }: OracleQuestion): readonly number[] {
  if (hostPage !== undefined) return [hostPage];
  if (iommu?.hardware === 'vt-d' || iommu?.hardware === 'amd-vi' || distribution === 'debian-amd64') return [4096];
  return memory > TYPE1_BITS * 4096 ? [4096, 16_384, 65_536] : [4096];
}

/** What each driver may be able to do, as far as tables and question leave it open. */
function choicesOf(question: OracleQuestion, kernel: string): ReadonlyMap<Driver, readonly Abilities[]> {
  const choices = new Map<Driver, readonly Abilities[]>();
  for (const { driver, offers, migrates } of question.devices) {
    const lacked = question.distribution === undefined ? false : lackedBy(question.distribution, driver);
    const known = abilitiesOf(driver, kernel);
    const built = lacked === true ? [NONE] : lacked === null ? [NONE, ...known] : known;
    if (migrates === false) choices.set(driver, [NONE]);
    else if (migrates === undefined && offers === undefined) choices.set(driver, built);
    else {
      const able = built.filter((one) => one.migrates);
      choices.set(
        driver,
        (able.length > 0 ? able : built).map((one) => ({
          ...one,
          p2p: offers?.p2p ?? one.p2p,
          log: offers?.dmaLog ?? one.log,
        })),
      );
    }
  }
  return choices;
}

/** All ways to choose one of each list. */
function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((one) => [...head, one])), [[]]);
}

function devicesOf(question: OracleQuestion, drivers: readonly Driver[], abilities: readonly Abilities[]): Device[] {
  const devices: Device[] = [];
  for (const { driver, count = 1, attachedAs = 'hostDevice', unplugged = false } of question.devices) {
    for (let i = 0; i < count; i++) {
      const name = `0000:03:00.${devices.length + 1}`;
      devices.push({ driver, name, attachedAs, unplugged, ...abilities[drivers.indexOf(driver)]! });
    }
  }
  return devices;
}

function* worldsOf(question: OracleQuestion): Generator<World> {
  const releases = question.vmm === 'qemu' ? QEMU_RELEASES : CLOUD_HYPERVISOR_RELEASES;
  const kernels =
    question.kernel === undefined ? (question.distribution === undefined ? KERNELS : ['7.2']) : [question.kernel];
  for (const kernel of kernels) {
    const choices = choicesOf(question, kernel);
    const drivers = [...choices.keys()];
    // Who names a driver and no kernel has a kernel with that driver.
    const absent = [...choices.values()].some((all) => all.every((one) => one.absent === true));
    if (absent && question.kernel === undefined && question.distribution === undefined) continue;
    for (const abilities of combinations([...choices.values()])) {
      const devices = devicesOf(question, drivers, abilities);
      for (const release of question.vmmVersion === undefined ? releases : [question.vmmVersion])
        for (const libvirt of libvirtsOf(question))
          for (const backend of backendsOf(question, libvirt))
            for (const iommuDirty of dirtiesOf(question, kernel))
              for (const fits of fitsOf(question))
                for (const pageBytes of pagesOf(question))
                  yield { question, release, devices, backend, iommuDirty, fits, pageBytes, libvirt };
    }
  }
}

/** The verdicts of all worlds that a question leaves open, without repetition. */
export function expectedOf(question: OracleQuestion): readonly Verdict[] {
  const verdicts = new Map<string, Verdict>();
  for (const world of worldsOf(question)) {
    const verdict = judge(world);
    verdicts.set(JSON.stringify(verdict), verdict);
  }
  return [...verdicts.values()];
}
